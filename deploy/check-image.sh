#!/usr/bin/env bash
# Build the image and look at it as an operator would: user, size, read-only run, health check.
# Needs no container engine and asks no registry: buildah builds with chroot isolation, on a stand-in for the pinned base
# (Debian's own Python, by debootstrap, tagged like it) where that is not stored here. Skips, visibly, where it cannot build.
set -euo pipefail
cd "$(dirname "$0")/.."
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}
PORT=${PORT:-8190}
LIMIT_MB=${LIMIT_MB:-300}
BASE=docker.io/library/python:3.13-slim-bookworm
IMAGE=nutrient-knowledge-api:check

skip() { echo "SKIPPED: image not checked: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "needs root"
for tool in buildah debootstrap curl; do
    command -v "$tool" >/dev/null || skip "no $tool (apt-get install buildah debootstrap crun)"
done

work=$(mktemp -d)
container=
server=
cleanup() {
    if [ -n "$server" ]; then
        # unshare holds back SIGTERM; its child is the server
        for pid in $(cat "/proc/$server/task/$server/children" 2>/dev/null); do kill "$pid" || true; done
        wait "$server" 2>/dev/null || true
    fi
    [ -z "$container" ] || buildah rm "$container" >/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

if ! buildah inspect --type image "$BASE" >/dev/null 2>&1; then
    echo "Making a stand-in for $BASE ..."
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
        bookworm "$work/base" >"$work/debootstrap.log" 2>&1 || skip "debootstrap: $(tail -1 "$work/debootstrap.log")"
    rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/*
    container=$(buildah from scratch)
    buildah add -q "$container" "$work/base" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit -q "$container" "$BASE" >/dev/null
    buildah rm "$container" >/dev/null
    container=
fi

# pip in the build sees the packages that pip sees here
volumes=()
python3 -m pip config list | python3 -c '
import re, sys
print("[global]")
for line in sys.stdin:
    name, _, value = line.strip().partition("=")
    section, _, key = name.rpartition(".")
    if section in ("global", ":env:"):
        print(key, "=", value.strip("\x27\""))
' | awk -F' = ' '!seen[$1]++' >"$work/pip.conf"
volumes+=(--volume "$work/pip.conf:/etc/pip.conf:ro")
for path in $(grep -oE '(file://)?/[^ /][^ ]*' "$work/pip.conf" | sed -e 's#^file://##' -e 's#/simple/*$##' | sort -u); do
    if [ -e "$path" ]; then volumes+=(--volume "$path:$path:ro"); fi
done

buildah bud -q --format docker --pull-never --network host --layers=false "${volumes[@]}" --tag "$IMAGE" . >/dev/null
container=$(buildah from --pull-never "$IMAGE")
root=$(buildah mount "$container")

user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' "$IMAGE")
[ "$user" = 10001:10001 ] || fail "the image runs as '$user'"
buildah inspect --type image "$IMAGE" | grep -q app.healthcheck || fail "the image has no health check"
for tool in gcc cc make; do
    ! chroot "$root" /bin/sh -c "command -v $tool" >/dev/null || fail "$tool is in the image"
done
[ ! -e "$root/opt/venv/bin/pip" ] || fail "pip is in the environment"
writable=$(find "$root/srv" "$root/opt/venv" \( -user 10001 -o -perm -o+w \) ! -type l | head -3)
[ -z "$writable" ] || fail "the process can write: $writable"
ours=$(du -sm "$root/srv" "$root/opt/venv" | awk '{sum += $1} END {print sum}')
[ "$ours" -le "$LIMIT_MB" ] || fail "the image adds $ours MB to its base; $LIMIT_MB are allowed"

# a read-only root: every path of it is mounted read-only in a name space of its own, /tmp apart
read_only='mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t tmpfs tmpfs "$0/tmp" && mount -t proc proc "$0/proc" && exec "$@"'
inside=(unshare --mount --pid --fork bash -c "$read_only" "$root" chroot --userspec=10001:10001 "$root"
    /usr/bin/env -i PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1
    DATABASE_URL=sqlite:////srv/data/nutrients.db HOST=127.0.0.1 PORT="$PORT" LOG_FORMAT=json
    /bin/sh -c 'cd /srv && exec "$@"' sh)
! "${inside[@]}" touch /srv/app/written 2>/dev/null || fail "the root file system can be written"
! "${inside[@]}" python -m app.healthcheck 2>/dev/null || fail "healthy before it is started"
"${inside[@]}" python -m app serve >"$work/serve.log" 2>&1 &
server=$!
for _ in $(seq 60); do
    if "${inside[@]}" python -m app.healthcheck 2>/dev/null; then healthy=yes; break; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.5
done
[ "${healthy:-}" = yes ] || { cat "$work/serve.log" >&2; fail "not healthy within 30 s"; }
curl -fsS "http://127.0.0.1:$PORT/nutrients?type=mineral" | grep -q magnesium || fail "it does not serve"
echo "The image builds and serves as $user on a read-only root: $ours MB on top of its base, no build tools."
