#!/bin/sh
# Start a streaming replica: copy the primary once, then follow it. Needs PRIMARY_HOST, PRIMARY_PORT,
# REPLICATION_PASSWORD and PGDATA; further arguments go to the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    export PGPASSWORD="$REPLICATION_PASSWORD"
    until pg_basebackup --host "$PRIMARY_HOST" --port "$PRIMARY_PORT" --username replicator --pgdata "$PGDATA" \
        --wal-method stream --write-recovery-conf --checkpoint fast; do
        echo "The primary is not ready; trying again." >&2
        rm -rf "${PGDATA:?}"/*
        sleep 1
    done
    chmod 700 "$PGDATA"
fi
exec postgres "$@"
