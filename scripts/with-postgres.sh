#!/usr/bin/env bash
# Runs a command beside a private Postgres server, and takes the server away again, however the command ends.
#
#   with-postgres.sh COMMAND...
#
# The server listens on a socket in a temporary directory and on no port. The command finds in its environment
# WEFT_TEST_POSTGRES, the directory of that socket: the superuser is `postgres`; tests make databases that belong to
# the role `weft`, which is no superuser, so that row-level security holds for it.
set -euo pipefail

programs=''
for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
    "$(command -v pg_config >/dev/null && pg_config --bindir || true)" /usr/local/bin /usr/bin; do
    if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ] && [ -x "$candidate/psql" ]; then
        programs=$candidate
        break
    fi
done
if [ -z "$programs" ]; then
    echo 'no Postgres server programs were found: apt-get install postgresql' >&2
    exit 1
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/weft-postgres-XXXXXX")
# Postgres refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    owner=postgres
    id -u postgres >/dev/null 2>&1 || owner=nobody
    chown "$owner" "$directory"
    as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups --)
fi
chmod 755 "$directory"

run() { (cd "$directory" && "${as_owner[@]}" "$@"); }
finish() {
    run "$programs/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$directory"
}
trap finish EXIT
trap 'exit 130' INT TERM

run "$programs/initdb" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync -D "$directory/data" >/dev/null
options="-c listen_addresses='' -c unix_socket_directories='$directory' -c max_connections=300 -c shared_buffers=64MB"
run "$programs/pg_ctl" -w -o "$options" -l "$directory/log" -D "$directory/data" start >/dev/null
"$programs/psql" -h "$directory" -U postgres -qc 'CREATE ROLE weft LOGIN' postgres

WEFT_TEST_POSTGRES=$directory PATH=$PATH:$programs "$@"
