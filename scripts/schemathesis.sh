#!/usr/bin/env bash
# Tests a running server against its own description of the API: every check of schemathesis, stateful ones included.
#
#   schemathesis.sh [ARGUMENTS...]    further arguments of `schemathesis run`, such as --include-operation-id get_document
#   EXAMPLES=200                      test cases for each operation
#   SEED=1                            the same seed makes the same requests
#
# The findings are in .tools/schemathesis/report in full, the log of the server beside them.
set -euo pipefail
cd "$(dirname "$0")/.."
weft=${WEFT_BIN:-target/debug/weft}
tools=$PWD/.tools/schemathesis
report=$tools/report
data=$(mktemp -d "${TMPDIR:-/tmp}/weft-schemathesis-XXXXXX")
server=

finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
    rm -rf "$data"
}
trap finish EXIT

rm -rf "$report"
mkdir -p "$report"
export WEFT_AUTH_DOCUMENT_TOKEN_SECRETS="test:$(head -c 32 /dev/urandom | base64 | tr -d '/+=\n')"
# What is tested is not how often one may ask.
settings=(
    --set rates.per_principal_per_minute=1000000
    --set rates.per_address_per_minute=1000000
    --set rates.registrations_per_address_per_minute=1000000
    --set rates.comments_per_principal_per_minute=1000000
    --set auth.attempts_per_account=1000
    --set auth.attempts_per_address=100000
    --set auth.attempts_altogether=100000
)
"$weft" serve --data "$data" --listen 127.0.0.1:0 "${settings[@]}" >"$data/out" 2>"$report/server.log" &
server=$!
for _ in $(seq 200); do
    address=$(sed -n 's/^ready: //p' "$data/out")
    [ -n "$address" ] && break
    kill -0 "$server" 2>/dev/null || { cat "$report/server.log" >&2; exit 1; }
    sleep 0.1
done

WEFT_TEST_DOCUMENT_TOKEN=$("$weft" token --document '*' --minutes 600)
export WEFT_TEST_DOCUMENT_TOKEN
export WEFT_TEST_URL=$address WEFT_TEST_DATABASE=$data/weft.db SCHEMATHESIS_HOOKS=$PWD/scripts/schemathesis_hooks.py

"$tools/bin/schemathesis" --config-file scripts/schemathesis.toml run "${address%/}/openapi.json" \
    --seed "${SEED:-1}" --max-examples "${EXAMPLES:-200}" \
    --report ndjson --report-dir "$report" "$@" 2>&1 | tee "$report/findings.txt" | cut -c 1-300

# A server that died or said something about a panic has failed too.
kill -0 "$server"
if grep -q 'panicked' "$report/server.log"; then
    echo "schemathesis: the server panicked; see $report/server.log" >&2
    exit 1
fi
