#!/bin/sh
# Takes the plots that docs/performance.md shows out of the pages that sweeps have written.
#
#   plots.sh [DIRECTORY]     where the pages are (default: target/bench)
#
# A plot is called after its sweep and its caption: images/performance/writers-latency-ms-p99.svg.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
pages=${1:-$root/target/bench}
images=$root/docs/images/performance
mkdir -p "$images"
for page in "$pages"/sweep-*.html; do
    sweep=$(basename "$page" .html)
    # One figure a line: its caption, a tab, the plot. Pages are white also where what shows them is dark.
    sed 's/<figure>/\n<figure>/g' "$page" |
        sed -n 's|^<figure><figcaption>\([^<]*\)</figcaption>\(<svg.*</svg>\).*|\1\t\2|p' |
        sed 's|<svg |<svg style="background:#fff" |' |
        while IFS="$(printf '\t')" read -r caption plot; do
            name=$(printf '%s-%s' "${sweep#sweep-}" "$caption" | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9]\{1,\}/-/g; s/-$//').svg
            if grep -q "images/performance/$name" "$root/docs/performance.md"; then
                printf '%s\n' "$plot" >"$images/$name"
                echo "$name"
            else
                echo "($name is not shown)"
            fi
        done
done
