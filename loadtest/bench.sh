#!/bin/sh
# Measures Weft beside the floor and its peers, on this machine: servers on core 0, the load on core 1.
#
#   bench.sh [--smoke] [--no-peers] [--shared] [SCENARIO...]
#   bench.sh [--no-peers] sweep connections|receivers|writers|history|documents|cards ...
#   bench.sh [--no-peers] breaking-point fanout|hot-room|presence ...
#   bench.sh soak MINUTES
#
# Scenarios: idle fanout hot-room presence ack-latency many-documents cold-open join-storm reconnect-storm slow-readers crash
# rest; all of these if none is named. Also board-moves and webhooks; --smoke has the latter, too. Each server is started
# afresh for each round, alone, with data in a scratch directory, so rounds are interleaved and memory is comparable. weft-y
# is spoken to as y-websocket, weft-hocuspocus as Hocuspocus; both are the same program with its defaults (SQLite, an fsync before each acknowledgement).
# --smoke is small, short and without peers: it only shows that everything runs and that the content is right.
# --shared measures two servers over one Postgres, one Redis and one bucket, all of these on the load's core; connections
# go to both in turn, so that each room has members on both. The floor takes part, peers do not.
#
# WEFT_BIN      the server (default: target/release/weft)
# LOADTEST_BIN  the load generator (default: beside WEFT_BIN)
# BENCH_ROUNDS  rounds per scenario (default: 3)
# BENCH_SECONDS seconds measured in each round (default: 30)
# BENCH_POINTS  the amounts of a sweep, with commas between them (default: those of its kind)
# BENCH_OUT     a directory for results as JSON and as pages with plots (default: target/bench)
# BENCH_PORT    the first of ten ports (default: 9700)
# BENCH_PIN     the cores of servers and load (default: 0,1 where there are two; empty: the system chooses)
# BENCH_Y_SWEET set to 1 to measure y-sweet too, which is compiled on first use
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
weft=${WEFT_BIN:-$root/target/release/weft}
loadtest=${LOADTEST_BIN:-$(dirname "$weft")/weft-loadtest}
port=${BENCH_PORT:-9700}
rounds=${BENCH_ROUNDS:-3}
seconds=${BENCH_SECONDS:-30}
out=${BENCH_OUT:-$root/target/bench}
default_pin=
[ "$(nproc)" -lt 2 ] || default_pin=0,1
pin=${BENCH_PIN-$default_pin}
peers="$here/peers/start.sh"
smoke= with_peers=yes shared= words= mode=
asked="$*"
usage() {
    sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
for argument in "$@"; do
    case "$argument" in
    --smoke) smoke=yes with_peers=no ;;
    --no-peers) with_peers=no ;;
    --shared) shared=yes with_peers=no ;;
    -*) usage ;;
    sweep | breaking-point | soak)
        # Only the first word says what is done; `soak` may also be one of several scenarios.
        if [ -z "$mode$words" ] && [ -z "$smoke" ]; then mode=$argument; else words="$words $argument"; fi
        ;;
    *) words="$words $argument" ;;
    esac
done
[ -x "$weft" ] && [ -x "$loadtest" ] || {
    echo "bench: $weft or $loadtest is missing; \`make bench\` builds them" >&2
    exit 1
}
mkdir -p "$out"
if [ -n "$shared" ]; then
    # shellcheck disable=SC2086 # the words of this command
    [ -n "${WEFT_TEST_BUCKET:-}" ] || exec "$root/scripts/with-cluster.sh" "$0" $asked
    redis=$(redis-cli -u "$WEFT_TEST_REDIS" info server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')
    for pid in $(pgrep -f "$WEFT_TEST_POSTGRES/data") "$redis"; do
        [ -z "$pin" ] || taskset -apc "${pin#*,}" "$pid" >/dev/null
    done
fi

# Servers, each with a port of its own. A playground needs no tokens; roomy limits keep what is measured from being
# slowed down on purpose.
# What a connection may send is bounded, too; a history that is taken in as fast as it comes is not what the bound is for.
unbounded="WEFT_LIMITS_MESSAGES_PER_SECOND=1000000 WEFT_LIMITS_MESSAGES_BURST=1000000"
unbounded="$unbounded WEFT_LIMITS_BYTES_PER_SECOND=1000000000 WEFT_LIMITS_BYTES_BURST=1000000000"
roomy="WEFT_RATES_PER_PRINCIPAL_PER_MINUTE=1000000 WEFT_RATES_PER_ADDRESS_PER_MINUTE=1000000"
roomy="$roomy WEFT_LIMITS_MAX_SOCKETS_PER_USER=100000 WEFT_OUTGOING_ALLOWED_NETWORKS=127.0.0.0/8"
playground="env $unbounded $weft serve --playground --listen 127.0.0.1:{port} --data {data}"
accounts="env $roomy WEFT_METRICS_LISTEN=127.0.0.1:$((port + 9)) $weft serve --listen 127.0.0.1:{port} --data {data}"

# What a group of servers is called on the command line: names of targets and how to start them, one argument a line.
floor() { target floor floor 0 "$loadtest floor --listen 127.0.0.1:{port}"; }
wefts() {
    if [ -n "$shared" ]; then
        pair weft-y 1
        pair weft-hocuspocus 3
        return
    fi
    target weft-y weft-y 1 "$playground"
    target weft-hocuspocus weft-hocuspocus 2 "$playground"
}
weft_with_accounts() { target weft weft-y 1 "$accounts"; }
others() {
    [ "$with_peers" = yes ] || return 0
    target "Hocuspocus SQLite" hocuspocus 3 "$peers hocuspocus-sqlite {port} {data}/hocuspocus.sqlite"
    case "$1" in
    memory) target y-websocket y 4 "$peers y-websocket {port}" ;;
    durable) target "y-websocket LevelDB" y 5 "$peers y-websocket-leveldb {port} {data}/leveldb" ;;
    esac
    [ -z "${BENCH_Y_SWEET:-}" ] || target y-sweet y-sweet 6 "$peers y-sweet {port} {data}/y-sweet"
}
# pair KIND OFFSET: two servers that act as one.
pair() {
    printf '%s\n' "--target" "2 × $1:$1=ws://127.0.0.1:$((port + $2)),$((port + $2 + 1))" \
        "--start" "2 × $1=env SETTINGS='$unbounded' $here/pair.sh {port} $((port + $2 + 1)) {data}"
}
target() {
    printf '%s\n' "--target" "$1:$2=ws://127.0.0.1:$((port + $3))" "--start" "$1=$4"
}

# servers SCENARIO: who takes part. The floor keeps nothing, so documents make no sense against it.
servers() {
    case "$1" in
    idle | fanout | hot-room | presence | slow-readers | connections | receivers | writers) floor && wefts && others memory ;;
    ack-latency) wefts && others durable ;;
    many-documents | cold-open | join-storm | reconnect-storm | crash | history | documents) wefts && others durable ;;
    rest | board-moves | webhooks | soak | cards) weft_with_accounts ;;
    *) echo "bench: there is no scenario $1" >&2 && return 1 ;;
    esac
}

# run NAME SERVERS ARGUMENT...: one run of the load generator with these servers.
failed=0
run() {
    name=${shared:+shared-}$1 list=$(servers "$2")
    shift 2
    # One argument a line, as commands hold spaces.
    old=$IFS
    IFS='
'
    # shellcheck disable=SC2086 # split at line ends alone
    set -- "$@" $list
    IFS=$old
    [ -z "$pin" ] || set -- "$@" --pin "$pin"
    "$loadtest" "$@" --json "$out/$name.json" --html "$out/$name.html" || failed=1
}

[ "$with_peers" = no ] || "$peers" install ${BENCH_Y_SWEET:+y-sweet}
case "$mode" in
sweep)
    for of in $words; do
        run "sweep-$of" "$of" sweep --of "$of" --seconds "$seconds" --rounds "${BENCH_ROUNDS:-1}" \
            ${BENCH_POINTS:+--points "$BENCH_POINTS"}
    done
    ;;
breaking-point)
    for of in $words; do run "breaking-point-$of" "$of" breaking-point --of "$of" --seconds "${BENCH_SECONDS:-10}"; done
    ;;
soak)
    # shellcheck disable=SC2086 # the minutes
    run soak soak soak --minutes ${words:-60} --metrics "weft=127.0.0.1:$((port + 9))"
    ;;
*)
    all="idle fanout hot-room presence ack-latency many-documents cold-open join-storm reconnect-storm slow-readers crash rest"
    [ -z "$smoke" ] || all="$all webhooks soak"
    for scenario in ${words:-$all}; do
        if [ -n "$smoke" ]; then
            run "$scenario" "$scenario" "$scenario" --smoke
        else
            run "$scenario" "$scenario" "$scenario" --rounds "$rounds" --seconds "$seconds"
        fi
    done
    ;;
esac
exit $failed
