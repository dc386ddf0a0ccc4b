#!/bin/sh
# Counts instructions of the hot paths under valgrind and compares them with what is recorded: a guard against
# slowdowns that does not depend on how busy the machine is.
#
#   counts.sh            compares with loadtest/counts.txt; fails if a path costs more than its tolerance allows
#   counts.sh --record   writes the counts anew (and is part of a change that made a path cheaper or dearer on purpose)
#
# Each path is run twice with different numbers of repetitions; the difference is what one repetition costs. Paths of the
# protocol are those of `protocol/examples/hot_paths.rs`; paths of the server are a real server under valgrind and
# `weft-loadtest lockstep`, which does the same in the same order every time. The kernel's instructions do not count.
#
# WEFT_BIN       the server, a release build (default: target/release/weft)
# HOT_PATHS_BIN  the example, a release build (default: beside it, examples/hot_paths)
# COUNTS_PORT    a free port (default: 9790)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
weft=${WEFT_BIN:-$root/target/release/weft}
loadtest=${LOADTEST_BIN:-$(dirname "$weft")/weft-loadtest}
hot_paths=${HOT_PATHS_BIN:-$(dirname "$weft")/examples/hot_paths}
port=${COUNTS_PORT:-9790}
recorded=$here/counts.txt
record=
case "${1:-}" in
"") ;;
--record) record=yes ;;
*) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
skip() { echo "counts: $*; skipped" && exit 0; }
command -v valgrind >/dev/null || skip "valgrind is not installed"
for program in "$weft" "$loadtest" "$hot_paths"; do
    [ -x "$program" ] || { echo "counts: $program is missing; \`make counts\` builds it" >&2; exit 1; }
done
compiler=$(rustc --version | cut -d' ' -f2)-$(uname -m)
if [ -z "$record" ] && [ ! -e "$recorded" ]; then
    skip "nothing is recorded yet: record it with --record"
fi
if [ -z "$record" ] && ! grep -q "^# compiler $compiler\$" "$recorded"; then
    skip "the counts were recorded with another compiler than $compiler: record them anew"
fi
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weft-counts.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# instructions FILE: what valgrind counted.
instructions() { sed -n 's/^==[0-9]*== I *refs: *//p' "$1" | tr -d ','; }

counted() { valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file="$scratch/log" "$@" >"$scratch/said" 2>&1; }

# protocol NAME: instructions for one repetition.
protocol() {
    counted "$hot_paths" "$1" 200 || { cat "$scratch/log" "$scratch/said" >&2; exit 1; }
    few=$(instructions "$scratch/log")
    counted "$hot_paths" "$1" 1200 || exit 1
    echo $((($(instructions "$scratch/log") - few) / 1000))
}

listens() { grep -q "$(printf ':%04X 00000000:0000 0A' "$port")" /proc/net/tcp; }

# served TARGET STEP TIMES RECEIVERS: instructions of a whole life of a server that does it so many times.
served() {
    rm -rf "$scratch/data"
    # Not by `env`: valgrind would count that alone.
    WEFT_RUNTIME_WORKER_THREADS=1 valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
        --log-file="$scratch/log" "$weft" serve --playground --listen "127.0.0.1:$port" --data "$scratch/data" \
        >"$scratch/said" 2>&1 </dev/null &
    server=$!
    until listens; do
        kill -0 "$server" 2>/dev/null || { cat "$scratch/said" "$scratch/log" >&2; exit 1; }
        sleep 0.2
    done
    "$loadtest" lockstep --target "$1=ws://127.0.0.1:$port" --step "$2" --times "$3" --receivers "$4" >&2 || exit 1
    kill "$server"
    wait "$server" || true
    server=
    instructions "$scratch/log"
}

# server TARGET STEP RECEIVERS: instructions for one repetition.
server() {
    few=$(served "$1" "$2" 50 "$3")
    many=$(served "$1" "$2" 450 "$3")
    echo $(((many - few) / 400))
}

# check NAME TOLERANCE COUNT: compares one path with what is recorded, or records it.
failed=0
check() {
    [ "$3" -gt 0 ] || { echo "counts: nothing was counted for $1" >&2; exit 1; }
    if [ -n "$record" ]; then
        printf '%-34s %12s %3s%%\n' "$1" "$3" "$2" | tee -a "$scratch/new"
        return
    fi
    before=$(awk -v name="$1" '$1 == name { print $2 }' "$recorded" 2>/dev/null)
    if [ -z "$before" ]; then
        echo "counts: $1 is not recorded ($3 instructions now)" >&2
        failed=1
        return
    fi
    change=$((($3 - before) * 1000 / before))
    printf '%-34s %12s %+6.1f%%\n' "$1" "$3" "$(echo "$change" | awk '{ print $1 / 10 }')"
    if [ $change -gt $(($2 * 10)) ]; then
        echo "counts: $1 costs more than the $2% that are tolerated: $before instructions were recorded" >&2
        failed=1
    elif [ $change -lt -$(($2 * 10)) ]; then
        echo "counts: $1 has become cheaper: record it (--record), so that it stays so" >&2
    fi
}

for path in decode-y decode-hocuspocus scan-key-press scan-block-of-history admit-key-press apply-key-press \
    encode-update-y encode-update-hocuspocus presence load-state encode-state; do
    check "protocol/$path" 3 "$(protocol "$path")"
done
# The server's have more tolerance: timers and the order of its threads take part.
check server/edit-alone 8 "$(server weft-y-sweet edits 0)"
check server/edit-to-20 8 "$(server weft-y-sweet edits 20)"
check server/edit-to-20-hocuspocus 8 "$(server weft-hocuspocus edits 20)"
check server/presence-to-20 8 "$(server weft-y presence 20)"
check server/document 8 "$(server weft-y-sweet documents 0)"

if [ -n "$record" ]; then
    {
        echo "# Instructions of one repetition of each path, and how much more is tolerated. Written by counts.sh --record."
        echo "# compiler $compiler"
        cat "$scratch/new"
    } >"$recorded"
fi
exit $failed
