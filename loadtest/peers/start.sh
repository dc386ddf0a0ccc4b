#!/bin/sh
# Starts one of the servers that Weft is measured beside, in the foreground, on a loopback port.
# The first call installs them from their package registry into a scratch directory outside the source tree.
#
#   start.sh hocuspocus|y-websocket PORT
#   start.sh hocuspocus-sqlite PORT [DATABASE]
#   start.sh y-websocket-leveldb PORT [DIRECTORY]
#   start.sh y-sweet PORT [DIRECTORY]           compiled with cargo on first use, some minutes
#   start.sh install [y-sweet]
#
# WEFT_PEERS_DIR names the scratch directory (default: weft-peers in the temporary directory).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=${WEFT_PEERS_DIR:-${TMPDIR:-/tmp}/weft-peers}
y_sweet_version=0.9.1

install_peers() {
    mkdir -p "$scratch"
    if ! cmp -s "$here/package.json" "$scratch/installed.json"; then
        cp "$here/package.json" "$scratch/package.json"
        (cd "$scratch" && npm install --no-audit --no-fund --loglevel=error >&2)
        cp "$here/package.json" "$scratch/installed.json"
    fi
    # Node looks for packages from the script's own place upwards.
    cmp -s "$here/hocuspocus.mjs" "$scratch/hocuspocus.mjs" || cp "$here/hocuspocus.mjs" "$scratch/hocuspocus.mjs"
}

install_y_sweet() {
    [ -x "$scratch/bin/y-sweet" ] ||
        cargo install --quiet --locked --root "$scratch" --version "$y_sweet_version" y-sweet >&2
}

[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
install_peers
cd "$scratch"
case "$1" in
install) [ "${2:-}" != y-sweet ] || install_y_sweet ;;
hocuspocus) exec node hocuspocus.mjs "$2" ;;
hocuspocus-sqlite) exec node hocuspocus.mjs "$2" "${3:-$scratch/hocuspocus-$2.sqlite}" ;;
y-websocket) HOST=127.0.0.1 PORT=$2 exec node node_modules/@y/websocket-server/src/server.js ;;
y-websocket-leveldb)
    YPERSISTENCE=${3:-$scratch/leveldb-$2} HOST=127.0.0.1 PORT=$2 exec node node_modules/@y/websocket-server/src/server.js ;;
y-sweet)
    install_y_sweet
    exec "$scratch/bin/y-sweet" serve --host 127.0.0.1 --port "$2" "${3:-$scratch/y-sweet-$2}" ;;
*) echo "unknown server: $1" >&2; exit 2 ;;
esac
