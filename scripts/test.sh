#!/usr/bin/env bash
# Every test, one stage after the other; a failing stage does not hide the others. Ends with one line that sums up.
#
#   test.sh [STAGE...]    rust web api clients cluster browser load (all of them by default)
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.tools/bin:$PATH"
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
export WEFT_BIN=${WEFT_BIN:-$PWD/target/debug/weft}
locked=${CI:+--locked}
passed=() failed=() began=$SECONDS

# stage NAME COMMAND...: runs the command without input, and remembers how it ended.
stage() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    if "$@" </dev/null; then
        passed+=("$name $((SECONDS - start)) s")
    else
        failed+=("$name $((SECONDS - start)) s")
        echo "== $name FAILED" >&2
    fi
}

rust() {
    # shellcheck disable=SC2086 # nothing or one flag
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace $locked --no-fail-fast --status-level slow
    else
        cargo test --workspace $locked --no-fail-fast --quiet
    fi
}

web() { npm run --prefix web --silent check && npm run --prefix web --silent test; }

# The description passes the rules for descriptions, the types of its client are up to date and used as they say, and
# the server does what it says.
api() {
    npm run --prefix web/api --silent check && npm run --prefix web/e2e --silent check && EXAMPLES=${EXAMPLES:-5} scripts/schemathesis.sh
}

clients() { npm test --prefix web/e2e --silent; }

# The same tests where servers share what they keep: Postgres, Redis and a bucket. The storage's own run on all of them
# anyway; damaging files is about files.
cluster() {
    # shellcheck disable=SC2086 # nothing or one flag
    cargo build --workspace $locked --example bucket &&
        WEFT_TEST_DATABASE=postgres api_on_postgres && (
        cd web/e2e || exit
        find tests -name '*.test.js' ! -name 'broken-storage*' ! -name 'api-description*' -print0 | sort -z |
            xargs -0 ../../scripts/with-cluster.sh node --test --test-concurrency=3 --test-reporter=spec
    )
}

api_on_postgres() {
    # shellcheck disable=SC2086 # nothing or one flag
    if cargo nextest --version >/dev/null 2>&1; then
        scripts/with-cluster.sh cargo nextest run --workspace $locked --no-fail-fast --status-level slow -E 'binary(api)'
    else
        scripts/with-cluster.sh cargo test --workspace $locked --no-fail-fast --quiet --test api
    fi
}

browser() { npm run --prefix web/e2e --silent test:browser; }

# Every scenario of the load generator, small: the content must be right, no figure is judged.
load() { BENCH_OUT=target/bench-smoke loadtest/bench.sh --smoke; }

for name in "${@:-rust web api clients cluster browser load}"; do
    for one in $name; do stage "$one" "$one"; done
done

echo
list=$(printf ', %s' "${passed[@]}")
if [ ${#failed[@]} -gt 0 ]; then
    echo "test: FAILED: ${failed[*]} (after $((SECONDS - began)) s; passed${list:1})"
    exit 1
fi
echo "test: everything passed in $((SECONDS - began)) s: ${list:2}"
