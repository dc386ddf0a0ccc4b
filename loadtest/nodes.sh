#!/usr/bin/env bash
# Whether more servers carry more: 1, 2 and 4 of them over one Postgres and one Redis, each held to the same share of a
# core and with documents of its own; then the load of the most servers on one. The servers share core 0; load, Postgres
# and Redis have core 1.
#
#   nodes.sh    needs root and control groups (version 1 or 2) to hold servers to their share
#
# WEFT_BIN, LOADTEST_BIN  as in bench.sh
# NODES         how many servers, in turn (default: 1 2 4)
# SHARE         percent of a core for each server (default: 20)
# ROOMS, PER_ROOM, RATE   the load of each server: one writer in each room (default: 20 rooms of 40, 5 edits/s)
# BENCH_ROUNDS  rounds (default: 3); the table shows medians
# BENCH_SECONDS seconds measured in each (default: 20)
# BENCH_OUT     where results go (default: target/bench)
# BENCH_PORT    the port before the first server's (default: 9700)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${WEFT_TEST_REDIS:-}" ]; then
    exec "$root/scripts/with-cluster.sh" "$0" "$@"
fi
weft=${WEFT_BIN:-$root/target/release/weft}
loadtest=${LOADTEST_BIN:-$(dirname "$weft")/weft-loadtest}
nodes=${NODES:-1 2 4} share=${SHARE:-20}
rooms=${ROOMS:-20} per_room=${PER_ROOM:-40} rate=${RATE:-5}
rounds=${BENCH_ROUNDS:-3} seconds=${BENCH_SECONDS:-20}
out=${BENCH_OUT:-$root/target/bench}/nodes
port=${BENCH_PORT:-9700}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weft-nodes-XXXXXX")
rm -rf "$out"
mkdir -p "$out"

# Groups of this run begin with one name, so that they can be taken away.
if [ -w /sys/fs/cgroup/cpu/cgroup.procs ]; then
    groups=/sys/fs/cgroup/cpu/weft-nodes-$$
    limit() { echo $((share * 1000)) >"$1/cpu.cfs_quota_us"; }
elif grep -qw cpu /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
    groups=/sys/fs/cgroup/weft-nodes-$$
    limit() { echo "$((share * 1000)) 100000" >"$1/cpu.max"; }
else
    echo 'nodes: there is no control group for CPU to be had here' >&2
    exit 1
fi
servers=()
stop() {
    for server in "${servers[@]}"; do kill -9 "$server" 2>/dev/null || true; done
    wait "${servers[@]}" 2>/dev/null || true
    servers=()
    rmdir "$groups"-* 2>/dev/null || true
}
trap 'stop; rm -rf "$scratch"' EXIT

# start NUMBER DATABASE: a server in a group of its own.
start() {
    local group=$groups-$1 address=127.0.0.1:$((port + $1))
    mkdir -p "$group" "$scratch/$2-$1"
    limit "$group"
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        export WEFT_DATABASE_URL="postgres://weft@localhost/$2?host=$WEFT_TEST_POSTGRES"
        WEFT_AUTH_ENCRYPTION_SECRETS="main:$(printf 'k%.0s' {1..64})"
        export WEFT_AUTH_ENCRYPTION_SECRETS WEFT_REDIS_URL=$WEFT_TEST_REDIS WEFT_REDIS_PREFIX=$2
        exec taskset -c 0 "$weft" serve --playground --listen "$address" --data "$scratch/$2-$1" >/dev/null 2>"$scratch/$2-$1.log"
    ) &
    servers+=("$!")
    for _ in $(seq 600); do
        curl -fso /dev/null "http://$address/readyz" && return
        kill -0 "$!" 2>/dev/null || break
        sleep 0.1
    done
    cat "$scratch/$2-$1.log" >&2
    return 1
}

# measure NAME SERVERS ROOMS: that many servers, each with its load.
measure() {
    local name=$1 count=$2 each=$3 load=() number
    psql -h "$WEFT_TEST_POSTGRES" -U postgres -qc "CREATE DATABASE \"$name\" OWNER weft" postgres
    for number in $(seq "$count"); do start "$number" "$name"; done
    for number in $(seq "$count"); do
        taskset -c 1 "$loadtest" fanout --target "weft-y=ws://127.0.0.1:$((port + number))" --pid "weft-y=${servers[number - 1]}" \
            --rooms "$each" --per-room "$per_room" --rate "$rate" --seconds "$seconds" --warm-up 5 --seed "$number" \
            --json "$out/$name-$number.json" >"$scratch/$name-$number.txt" 2>&1 &
        load+=("$!")
    done
    # What is wrong is in the files.
    for number in "${load[@]}"; do wait "$number" || true; done
    stop
}

redis=$(redis-cli -u "$WEFT_TEST_REDIS" info server | sed -n 's/^process_id:\([0-9]*\).*/\1/p')
for pid in $(pgrep -f "$WEFT_TEST_POSTGRES/data") "$redis"; do taskset -apc 1 "$pid" >/dev/null; done
most=1
for count in $nodes; do [ "$count" -le "$most" ] || most=$count; done
for round in $(seq "$rounds"); do
    for count in $nodes; do measure "round${round}_${count}_of_$count" "$count" "$rooms"; done
    measure "round${round}_1_of_$most" 1 $((rooms * most))
done

python3 - "$out" "$share" <<'PYTHON'
import json, pathlib, re, statistics, sys

runs = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("round*.json")):
    turn, count, load = re.match(r"round(\d+)_(\d+)_of_(\d+)-", path.name).groups()
    entry = json.loads(path.read_text())["entries"][0]
    figures = {metric["name"]: metric["value"] for metric in entry["metrics"]}
    figures["is right"] = not entry["problems"]
    runs.setdefault((int(load), int(count)), {}).setdefault(turn, []).append(figures)
print(f"Each server has {sys.argv[2]} % of a core.\n")
print("| servers | load | deliveries per second | CPU ms per 1,000 deliveries | latency ms p50 | p99, the worst server | content verified |")
print("|---|---|---|---|---|---|---|")
for (load, count), turns in sorted(runs.items(), key=lambda run: (run[0][1] < run[0][0], run[0])):
    def median(name, fold):
        values = [fold(figures[name] for figures in turn if name in figures) for turn in turns.values()]
        return f"{statistics.median(values):.4g} ({min(values):.4g}–{max(values):.4g})"
    right = all(figures["is right"] for turn in turns.values() for figures in turn)
    mean = lambda values: statistics.mean(list(values))
    print(f"| {count} | {load} × | {median('deliveries per second', sum)} | {median('CPU ms per 1,000 deliveries', mean)}"
          f" | {median('latency ms p50', mean)} | {median('latency ms p99', max)} | {'yes' if right else 'no'} |")
PYTHON
