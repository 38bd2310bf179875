#!/bin/sh
# Run once, when the primary's database is made (the PostgreSQL image runs what lies in docker-entrypoint-initdb.d):
# a role for streaming replicas, and leave for them to connect.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$REPLICATION_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SQL
echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
