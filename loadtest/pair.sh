#!/usr/bin/env bash
# Two servers over one Postgres, one Redis and one bucket, which act as one: what bench.sh starts for `weft-2-nodes`.
#
#   pair.sh PORT SECOND-PORT DATA    needs what with-cluster.sh gives: WEFT_TEST_POSTGRES, WEFT_TEST_REDIS, WEFT_TEST_BUCKET
#
# Each start makes a database of its own, so that every round begins with nothing. Ends when it is told to, and its servers
# with it. SETTINGS may name further settings, as VARIABLE=VALUE ...
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
weft=${WEFT_BIN:-$root/target/release/weft}
port=$1 second=$2 data=$3
name=pair_$$_$(date +%s)
psql -h "$WEFT_TEST_POSTGRES" -U postgres -qc "CREATE DATABASE \"$name\" OWNER weft" postgres
secrets=main:$(printf 'k%.0s' {1..64})
# Named by what the tests use: scripts/with-cluster.sh says whose bucket and key they are.
export WEFT_DATABASE_URL="postgres://weft@localhost/$name?host=$WEFT_TEST_POSTGRES"
export WEFT_REDIS_URL=$WEFT_TEST_REDIS WEFT_REDIS_PREFIX=$name WEFT_AUTH_ENCRYPTION_SECRETS=$secrets
export WEFT_BLOBS="s3://weft-test/$name" WEFT_S3_ENDPOINT=$WEFT_TEST_BUCKET WEFT_S3_PATH_STYLE=true
export WEFT_S3_ACCESS_KEY_ID=weft-test-key WEFT_S3_SECRET_ACCESS_KEY=weft-test-secret-which-is-long-enough
servers=()
stop() {
    for server in "${servers[@]}"; do kill -TERM "$server" 2>/dev/null || true; done
    wait "${servers[@]}" 2>/dev/null || true
}
trap 'stop; exit 0' INT TERM
# The second listens before the first does, so that whoever waits for the first finds both.
for each in "$second" "$port"; do
    mkdir -p "$data/$each"
    # shellcheck disable=SC2086 # several settings
    env ${SETTINGS:-} "$weft" serve --playground --listen "127.0.0.1:$each" --data "$data/$each" &
    servers+=("$!")
    for _ in $(seq 600); do
        curl -fso /dev/null "http://127.0.0.1:$each/readyz" && break
        kill -0 "$!" 2>/dev/null || exit 1
        sleep 0.1
    done
done
wait
