#!/bin/sh
# Says what the server does with its time in a scenario, as shares of what it uses of its core: `perf` on the server alone,
# while the load goes on.
#
#   profile.sh SCENARIO [ARGUMENT...]     arguments as `weft-loadtest SCENARIO --help` has them
#
# WEFT_BIN, LOADTEST_BIN, BENCH_PORT, BENCH_PIN: as bench.sh has them
# PROFILE_KIND     how the server is spoken to (default: weft-y)
# PROFILE_AFTER    seconds until samples are taken (default: 8)
# PROFILE_SECONDS  seconds of samples (default: 8)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || {
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
weft=${WEFT_BIN:-$(dirname "$here")/target/release/weft}
loadtest=${LOADTEST_BIN:-$(dirname "$weft")/weft-loadtest}
port=${BENCH_PORT:-9700}
kind=${PROFILE_KIND:-weft-y}
after=${PROFILE_AFTER:-8}
seconds=${PROFILE_SECONDS:-8}
scenario=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
limits="WEFT_LIMITS_MESSAGES_PER_SECOND=1000000 WEFT_LIMITS_MESSAGES_BURST=1000000"
limits="$limits WEFT_LIMITS_BYTES_PER_SECOND=1000000000 WEFT_LIMITS_BYTES_BURST=1000000000"
"$loadtest" "$scenario" --rounds 1 --seconds $((after + seconds + 4)) --pin "${BENCH_PIN:-0,1}" "$@" \
    --target "$kind:$kind=ws://127.0.0.1:$port" \
    --start "$kind=env $limits $weft serve --playground --listen 127.0.0.1:{port} --data {data}" >"$scratch/load" 2>&1 &
load=$!
sleep "$after"
server=$(pgrep -of "^$weft serve .*127.0.0.1:$port") || {
    cat "$scratch/load" >&2
    exit 1
}
perf record -q -F 997 -g -p "$server" -o "$scratch/samples" -- sleep "$seconds"
wait "$load" || cat "$scratch/load" >&2
perf script -i "$scratch/samples" -F comm,ip,sym,dso 2>/dev/null | awk -f "$here/profile.awk" | sort -rn
grep -E 'CPU|content verified' "$scratch/load"
