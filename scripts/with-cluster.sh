#!/usr/bin/env bash
# Runs a command beside a private Postgres server, a Redis server and an S3 server: what several servers share.
#
#   with-cluster.sh COMMAND...
#
# Besides what with-postgres.sh gives, the command finds WEFT_TEST_REDIS (an address) and WEFT_TEST_BUCKET (the address of an S3
# server; bucket and key are those of storage/tests/conformance/bucket.rs). Servers under test then keep everything there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bucket=${WEFT_BUCKET_BIN:-$here/../target/debug/examples/bucket}
directory=$(mktemp -d "${TMPDIR:-/tmp}/weft-cluster-XXXXXX")
children=()

finish() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT TERM

# On a socket alone a server could not be reached by an address, so a port it is; one in use is not taken.
for _ in $(seq 20); do
    port=$((20000 + RANDOM % 20000))
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$directory" >"$directory/redis.log" 2>&1 &
    redis=$!
    for _ in $(seq 100); do
        redis-cli -p "$port" ping >/dev/null 2>&1 && break
        kill -0 "$redis" 2>/dev/null || break
        sleep 0.05
    done
    kill -0 "$redis" 2>/dev/null && break
done
children+=("$redis")

mkfifo "$directory/open"
TMPDIR=$directory "$bucket" <"$directory/open" >"$directory/address" &
children+=("$!")
exec 9>"$directory/open"
for _ in $(seq 100); do
    [ -s "$directory/address" ] && break
    sleep 0.05
done

# Without one of them the tests would silently be about something else.
[ -s "$directory/address" ] || { echo 'the S3 server did not start' >&2; exit 1; }
[ "$(redis-cli -p "$port" ping 2>/dev/null)" = PONG ] || { echo 'the Redis server did not start' >&2; exit 1; }

export WEFT_TEST_REDIS=redis://127.0.0.1:$port
WEFT_TEST_BUCKET=$(cat "$directory/address")
export WEFT_TEST_BUCKET
"$here/with-postgres.sh" "$@" 9>&-
