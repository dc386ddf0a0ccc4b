#!/usr/bin/env bash
# Makes sure that what building and testing need is there. As root it installs what is missing (Debian); otherwise it
# says in one line what is missing. Quick when everything is there.
#
#   setup.sh run     what `make run` needs: Rust, a C compiler, Node
#   setup.sh test    the same, a browser, the programs of Postgres and Redis, schemathesis, and for Python what
#                    verifies webhooks and a mail server
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}
node_wanted=20.19.0
node_installed=22
schemathesis_wanted=4.32.5
verifiers_wanted='standardwebhooks==1.1.0 svix==2.9.1 aiosmtpd==1.4.6'
export PATH="$PWD/.tools/bin:$PATH"

fail() {
    echo "setup: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Whether version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

node_is_new() { has node && at_least "$(node --version | tr -d v)" "$node_wanted"; }
has_schemathesis() { [ "$(cat .tools/schemathesis/version 2>/dev/null)" = "$schemathesis_wanted" ]; }
has_verifiers() { [ "$(cat .tools/verifiers/version 2>/dev/null)" = "$verifiers_wanted" ]; }
has_npm() { has npm && npm --version >/dev/null 2>&1 </dev/null; }
has_venv() { has python3 && python3 -c 'import ensurepip' 2>/dev/null; }
has_browser() { [ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser || has google-chrome; }

# Tests start a Postgres server of their own; the programs are enough.
has_postgres() {
    has initdb || [ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb')" ] ||
        { has pg_config && [ -x "$(pg_config --bindir)/initdb" ]; }
}

is_for_tests() { [ "$purpose" = test ]; }

# Debian packages for what is missing; a node that is only too old is dealt with below.
missing_packages() {
    has cc && has ld || echo build-essential
    has node || echo nodejs
    has_npm || echo npm
    if is_for_tests && ! has_browser; then echo chromium; fi
    if is_for_tests && ! has_postgres; then echo postgresql; fi
    if is_for_tests && ! has redis-server; then echo redis-server; fi
    if is_for_tests && ! has_venv; then echo python3 python3-venv; fi
}

# A newer node from npm, beside the one of the system, which it hides inside of the Makefile only.
install_newer_node() {
    local machine
    case "$(uname -m)" in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) fail "node $node_wanted or newer is needed, and there is none for $(uname -m) to install" ;;
    esac
    echo "setup: node $(node --version) is older than $node_wanted, installing $node_installed into .tools" >&2
    mkdir -p .tools/node .tools/bin
    npm install --prefix .tools/node --no-save --no-audit --no-fund --loglevel=error \
        "node-linux-$machine@$node_installed" </dev/null >&2
    ln -sf "../node/node_modules/node-linux-$machine/bin/node" .tools/bin/node
    hash -r
}

has cargo || fail "cargo is missing: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer"

packages=$(missing_packages | tr '\n' ' ')
if [ -n "$packages" ]; then
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
        fail "missing: $packages(Debian package names; run this as root on Debian to have them installed)"
    fi
    echo "setup: installing $packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >&2
    if [[ $packages == *postgresql* ]]; then
        # Debian's package would make a database and start a server for it, which nobody here uses.
        mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/weft.conf
    fi
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y -qq --no-install-recommends $packages </dev/null >&2
    hash -r
fi
node_is_new || install_newer_node
node_is_new || fail "node $node_wanted or newer is needed, this is $(node --version)"

# What tests the API against its description; in a folder of its own, nothing of the system changes.
if is_for_tests && ! has_schemathesis; then
    echo "setup: installing schemathesis $schemathesis_wanted into .tools" >&2
    python3 -m venv --clear .tools/schemathesis </dev/null >&2
    .tools/schemathesis/bin/pip install --quiet --disable-pip-version-check "schemathesis==$schemathesis_wanted" </dev/null >&2
    echo "$schemathesis_wanted" >.tools/schemathesis/version
fi

# What integrators verify webhooks with in Python (the libraries for JavaScript come with the tests), and a mail server.
if is_for_tests && ! has_verifiers; then
    echo "setup: installing $verifiers_wanted into .tools" >&2
    python3 -m venv --clear .tools/verifiers </dev/null >&2
    # shellcheck disable=SC2086 # a list of names
    .tools/verifiers/bin/pip install --quiet --disable-pip-version-check $verifiers_wanted </dev/null >&2
    echo "$verifiers_wanted" >.tools/verifiers/version
fi
