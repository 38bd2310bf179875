#!/usr/bin/env bash
# Run the `scale` profile of docker-compose.yml as plain processes and look whether it holds: PostgreSQL primary and
# streaming replica, two API replicas with the reading role, nginx with the shipped configuration in front. Takes about
# half a minute and ends everything it started. Skips, visibly, where nginx or PostgreSQL is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
PYTHON=${PYTHON:-$here/.venv/bin/python}
PORT=${PORT:-8180} # and the four behind it
CACHE=127.0.0.1:$PORT API_1=127.0.0.1:$((PORT + 1)) API_2=127.0.0.1:$((PORT + 2))
PRIMARY=$((PORT + 3)) REPLICA=$((PORT + 4))

skip() { echo "SKIPPED: scale profile not run: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; tail -n 20 "$work"/*.log >&2; exit 1; }

command -v nginx >/dev/null || skip "no nginx (apt-get install nginx-light)"
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1 || true)
[ -n "$bin" ] || skip "no PostgreSQL server (apt-get install postgresql)"
export PATH="$bin:$PATH"
if [ "$(id -u)" = 0 ]; then
    # PostgreSQL does not run as root
    as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
else
    as_postgres=(env)
fi

work=$(mktemp -d)
chmod 755 "$work"
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

start() { # NAME COMMAND...
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    pids+=($!)
    eval "pid_$name=$!"
}
until_true() { # WHAT COMMAND...
    local what=$1
    shift
    for _ in $(seq 150); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    fail "$what"
}
get() { curl -fsS --max-time 10 "http://$1$2"; }

export POSTGRES_USER=owner POSTGRES_DB=nutrients REPLICATION_PASSWORD=replicating READER_PASSWORD=reading
for name in primary replica; do
    install -d -m 700 "$work/$name"
    [ "$(id -u)" != 0 ] || chown postgres "$work/$name"
done
listen() { echo "-h 127.0.0.1 -p $1 -c unix_socket_directories="; }

echo "PostgreSQL: a primary and a streaming replica ..."
echo owning >"$work/password"
chmod 644 "$work/password"
"${as_postgres[@]}" initdb -D "$work/primary" -U owner --auth scram-sha-256 --pwfile "$work/password" >"$work/initdb.log"
# shellcheck disable=SC2046
start primary "${as_postgres[@]}" postgres -D "$work/primary" $(listen "$PRIMARY")
export PGHOST=127.0.0.1 PGPORT=$PRIMARY PGPASSWORD=owning
until_true "the primary does not start" pg_isready -U owner
createdb -U owner nutrients
PGDATA="$work/primary" sh deploy/primary-init.sh >/dev/null
psql -qU owner -d nutrients -c "SELECT pg_reload_conf()" >/dev/null
owner="postgresql://owner:owning@127.0.0.1:$PRIMARY/nutrients"
DATABASE_URL=$owner "$PYTHON" -m app migrate
DATABASE_URL=$owner "$PYTHON" -m seed load 2>/dev/null
DATABASE_URL=$owner "$PYTHON" -m app grant --execute
# shellcheck disable=SC2046
start replica "${as_postgres[@]}" env PGDATA="$work/replica" PRIMARY_HOST=127.0.0.1 PRIMARY_PORT="$PRIMARY" \
    REPLICATION_PASSWORD="$REPLICATION_PASSWORD" sh "$here/deploy/replica.sh" -c hot_standby_feedback=on $(listen "$REPLICA")
until_true "the replica does not start" pg_isready -U owner -p "$REPLICA"
replaying() { psql -tAU owner -d nutrients -p "$REPLICA" -c "SELECT pg_is_in_recovery()" | grep -qx t; }
until_true "the replica does not follow" replaying

echo "Two API replicas on the replica, the primary behind it; nginx in front ..."
export DATABASE_URL="postgresql://nutrients_reader:$READER_PASSWORD@/nutrients?host=127.0.0.1:$REPLICA&host=127.0.0.1:$PRIMARY"
export FORWARDED_ALLOW_IPS='*' KEEP_ALIVE_TIMEOUT=15 LOG_FORMAT=json
start api_1 env PORT="${API_1#*:}" "$PYTHON" -m app serve
start api_2 env PORT="${API_2#*:}" "$PYTHON" -m app serve
"$PYTHON" - "$here/deploy/nginx.conf" "$work/nginx.conf" "$CACHE" "$API_1" "$API_2" "$work" <<'EOF'
import sys
source, target, cache, first, second, work = sys.argv[1:]
text = open(source).read()
for name, value in (("CACHE_LISTEN", cache), ("API_1", first), ("API_2", second)):
    text = text.replace(f"${{{name}}}", value)
# a folder of this run, where several may run at once
open(target, "w").write(text.replace("/tmp/nginx", f"{work}/nginx").replace("/dev/stdout", f"{work}/cache-access.log"))
EOF
nginx -t -q -c "$work/nginx.conf" || fail "nginx refuses its configuration"
start cache nginx -c "$work/nginx.conf" -g 'daemon off;'
until_true "replica 1 is not ready" get "$API_1" /readyz
until_true "replica 2 is not ready" get "$API_2" /readyz
until_true "the cache does not serve" get "$CACHE" /dataset

[ "$(get "$API_1" /nutrients)" = "$(get "$API_2" /nutrients)" ] || fail "the replicas differ"
[ "$(get "$CACHE" /nutrients)" = "$(get "$API_1" /nutrients)" ] || fail "the cache changes answers"
header() { curl -sSi --max-time 10 "http://$CACHE$1" | tr -d '\r' | grep -i "^$2:" || true; }
if [ -n "$(header /faq cache-control)" ]; then
    header /faq x-cache >/dev/null
    [ "$(header /faq x-cache)" = "X-Cache: HIT" ] || fail "the second answer is not from the cache"
fi

echo "One API replica is stopped under load, comes back, then the PostgreSQL replica is stopped ..."
asked=0
failed=0
ask() { # SECONDS: paths that no cache holds yet
    local end=$((SECONDS + $1))
    while [ $SECONDS -lt $end ]; do
        asked=$((asked + 1))
        get "$CACHE" "/claims?limit=1&offset=$((asked % 100))" >/dev/null || failed=$((failed + 1))
    done
}
kill "$pid_api_1"
ask 4
start api_1 env PORT="${API_1#*:}" "$PYTHON" -m app serve
until_true "replica 1 does not come back" get "$API_1" /readyz
kill -INT "$pid_replica"
ask 4
[ "$failed" = 0 ] || fail "$failed of $asked requests failed"
[ "$asked" -gt 20 ] || fail "only $asked requests were made"
write=$(PGPASSWORD=reading psql -U nutrients_reader -d nutrients -c "DELETE FROM link" 2>&1 || true)
case $write in *read-only* | *denied*) ;; *) fail "the reading role could write: $write" ;; esac
echo "The scale profile holds: $asked requests while an API and a database replica went, none failed."
