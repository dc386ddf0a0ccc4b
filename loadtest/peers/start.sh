#!/bin/sh
# Starts one of the servers that Weft is measured beside, in the foreground, on a loopback port.
# The first call installs them from npm into a scratch directory outside the source tree.
#
#   start.sh hocuspocus|y-websocket PORT
#   start.sh hocuspocus-sqlite PORT [DATABASE]
#   start.sh install
#
# WEFT_PEERS_DIR names the scratch directory (default: weft-peers in the temporary directory).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=${WEFT_PEERS_DIR:-${TMPDIR:-/tmp}/weft-peers}

install_peers() {
    mkdir -p "$scratch"
    if ! cmp -s "$here/package.json" "$scratch/installed.json"; then
        cp "$here/package.json" "$scratch/package.json"
        (cd "$scratch" && npm install --no-audit --no-fund --loglevel=error >&2)
        cp "$here/package.json" "$scratch/installed.json"
    fi
    # Node looks for packages from the script's own place upwards.
    cp "$here/hocuspocus.mjs" "$scratch/hocuspocus.mjs"
}

[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
install_peers
case "$1" in
install) ;;
hocuspocus) cd "$scratch" && exec node hocuspocus.mjs "$2" ;;
hocuspocus-sqlite)
    database=${3:-$scratch/hocuspocus-$2.sqlite}
    cd "$scratch" && exec node hocuspocus.mjs "$2" "$database" ;;
y-websocket) cd "$scratch" && HOST=127.0.0.1 PORT=$2 exec node node_modules/@y/websocket-server/src/server.js ;;
*) echo "unknown server: $1" >&2; exit 2 ;;
esac
