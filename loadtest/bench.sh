#!/bin/sh
# Measures Weft beside the floor and its peers, on this machine: servers on core 0, the load generator on core 1.
#
#   bench.sh [--smoke] [--no-peers] [SCENARIO...]
#
# Scenarios: idle fanout hot-room (the default), ack-latency many-documents cold-open. Every scenario gets fresh servers. Weft is
# started twice, once for each protocol, so that memory is counted for each alone, with data in a scratch directory.
# --smoke is small, short and without peers: it only shows that everything runs and that the content is right.
#
# WEFT_BIN      the server (default: target/release/weft)
# LOADTEST_BIN  the load generator (default: beside WEFT_BIN)
# BENCH_ROUNDS  rounds per scenario (default: 3; idle always 1, as memory is only comparable in a fresh process)
# BENCH_SECONDS seconds measured in each round (default: 30)
# BENCH_JSON    a directory for the results as JSON
# BENCH_PORT    the first of five ports (default: 9700)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
weft=${WEFT_BIN:-$root/target/release/weft}
loadtest=${LOADTEST_BIN:-$(dirname "$weft")/weft-loadtest}
port=${BENCH_PORT:-9700}
rounds=${BENCH_ROUNDS:-3}
seconds=${BENCH_SECONDS:-30}
smoke= peers=yes scenarios=
for argument in "$@"; do
    case "$argument" in
    --smoke) smoke=--smoke peers=no rounds=1 ;;
    --no-peers) peers=no ;;
    -*) sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) scenarios="$scenarios $argument" ;;
    esac
done
# 5,000 connections at each end of this machine.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
if command -v taskset >/dev/null && [ "$(nproc)" -ge 2 ]; then
    on_server="taskset -c 0" on_load="taskset -c 1"
else
    on_server= on_load=
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weft-bench.XXXXXX")

# What a restart needs, too: ends a process and waits until it has ended; one that nobody has waited for yet (a zombie)
# has.
cat >"$scratch/end.sh" <<'END'
runs() { [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
end() {
    kill "$1" 2>/dev/null || return 0
    waited=0
    while runs "$1"; do
        waited=$((waited + 1))
        [ $waited -le 200 ] || kill -9 "$1"
        sleep 0.05
    done
}
END
. "$scratch/end.sh"

stop_servers() {
    for file in "$scratch"/*.pid; do
        [ -e "$file" ] || continue
        end "$(cat "$file")"
        rm "$file"
    done
}
trap 'stop_servers; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# start PORT COMMAND...: starts a server on the server's core and waits until its port accepts. Leaves a script that
# restarts it.
start() {
    wanted=$1
    shift
    cat >"$scratch/$wanted.sh" <<END
. "$scratch/end.sh"
[ ! -e "$scratch/$wanted.pid" ] || end "\$(cat "$scratch/$wanted.pid")"
$on_server $* >>"$scratch/$wanted.log" 2>&1 </dev/null &
echo \$! >"$scratch/$wanted.pid"
END
    sh "$scratch/$wanted.sh"
    waited=0
    until accepts "$wanted"; do
        waited=$((waited + 1))
        if [ $waited -gt 100 ]; then
            echo "not listening on port $wanted: $*" >&2
            cat "$scratch/$wanted.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

accepts() {
    hex=$(printf '%04X' "$1")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ":$hex [0-9A-F]*:0000 0A"
}

start_weft() {
    mkdir -p "$scratch/data-$1-$2"
    start "$1" "$weft" serve --playground --listen "127.0.0.1:$1" --data "$scratch/data-$1-$2"
}

# arguments SCENARIO: what is not the default of the load generator.
arguments() {
    case "$1" in
    many-documents | cold-open) echo "--rounds 1" ;;
    idle) echo "--rounds 1 --seconds $seconds" ;;
    *) echo "--rounds $rounds --seconds $seconds" ;;
    esac
}

[ "$peers" = no ] || "$here/peers/start.sh" install
failed=0
for scenario in ${scenarios:-idle fanout hot-room}; do
    start "$port" "$loadtest" floor --listen "127.0.0.1:$port"
    start_weft $((port + 1)) "$scenario"
    start_weft $((port + 2)) "$scenario"
    set -- --target "weft-y=ws://127.0.0.1:$((port + 1))" --target "weft-hocuspocus=ws://127.0.0.1:$((port + 2))"
    # The floor keeps nothing: documents make no sense against it.
    [ "$scenario" = many-documents ] || [ "$scenario" = cold-open ] || set -- --target "floor=ws://127.0.0.1:$port" "$@"
    if [ "$peers" = yes ]; then
        start $((port + 3)) "$here/peers/start.sh" hocuspocus-sqlite $((port + 3)) "$scratch/$scenario.sqlite"
        start $((port + 4)) "$here/peers/start.sh" y-websocket $((port + 4))
        set -- "$@" --target "Hocuspocus SQLite:hocuspocus=ws://127.0.0.1:$((port + 3))" \
            --target "y-websocket:y=ws://127.0.0.1:$((port + 4))"
    fi
    # What starts still works for a moment; it would be counted against whoever is measured first.
    [ -n "$smoke" ] || sleep 5
    [ "$scenario" != cold-open ] || set -- "$@" --restart "weft-y=sh $scratch/$((port + 1)).sh" \
        --restart "weft-hocuspocus=sh $scratch/$((port + 2)).sh" \
        --restart "Hocuspocus SQLite=sh $scratch/$((port + 3)).sh"
    [ -z "${BENCH_JSON:-}" ] || set -- "$@" --json "$BENCH_JSON/$scenario.json"
    # shellcheck disable=SC2046 # the arguments are words
    $on_load "$loadtest" "$scenario" $smoke $(arguments "$scenario") "$@" || failed=1
    stop_servers
done
exit $failed
