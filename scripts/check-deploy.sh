#!/usr/bin/env bash
# Checks what is in deploy/, each part with the tool that reads it in earnest. What is not installed is left out, and said.
#
#   check-deploy.sh            as root on Debian: apt-get install haproxy nginx-light python3-yaml
#
# WEFT_BIN names the binary that must know every setting in the recipes (target/debug/weft).
set -uo pipefail
cd "$(dirname "$0")/.." || exit
weft=${WEFT_BIN:-target/debug/weft}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weft-deploy-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
checked=0 failed=0

has() { command -v "$1" >/dev/null 2>&1; }
skip() { echo "skipped: $1 ($2 is not installed)"; }

# check NAME COMMAND...: runs the command; its output is shown if it fails.
check() {
    local name=$1
    shift
    checked=$((checked + 1))
    if "$@" >"$scratch/log" 2>&1 </dev/null; then
        echo "good: $name"
    else
        failed=$((failed + 1))
        echo "BAD: $name"
        sed 's/^/    /' "$scratch/log" | head -n 40
    fi
}

# The names in the recipes are those of a compose network; here they have to mean something.
resolved() { sed 's/weft-1:8080/127.0.0.1:18081/; s/weft-2:8080/127.0.0.1:18082/' "$1"; }

nginx_recipe() {
    local part name
    {
        printf 'pid %s/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n' "$scratch"
        for part in body proxy fastcgi uwsgi scgi; do
            [ "$part" = body ] && name=client_body_temp_path || name=${part}_temp_path
            # Small builds leave some modules out.
            if nginx -V 2>&1 | grep -q -- "--without-http_${part}_module"; then continue; fi
            printf '%s %s/%s;\n' "$name" "$scratch" "$part"
        done
        resolved deploy/nginx/weft.conf
        printf '}\n'
    } >"$scratch/nginx.conf"
    nginx -t -c "$scratch/nginx.conf"
}

haproxy_recipe() {
    resolved deploy/haproxy/haproxy.cfg >"$scratch/haproxy.cfg"
    haproxy -c -f "$scratch/haproxy.cfg"
}

terraform_recipe() {
    cp deploy/terraform/*.tf "$scratch/"
    [ -d /opt/tf-plugins ] && printf 'provider_installation {\n  filesystem_mirror {\n    path = "/opt/tf-plugins"\n  }\n}\n' >"$scratch/terraformrc"
    (
        cd "$scratch" || exit
        [ -f terraformrc ] && export TF_CLI_CONFIG_FILE=$scratch/terraformrc
        terraform fmt -check -diff . && terraform init -backend=false -input=false && terraform validate
    )
}

if has nginx; then
    check "nginx recipe" nginx_recipe
    has python3 && check "nginx keeps documents together" python3 scripts/check_affinity.py nginx
else
    skip "nginx recipe" nginx
fi
if has haproxy; then
    check "haproxy recipe" haproxy_recipe
    has python3 && check "haproxy keeps documents together" python3 scripts/check_affinity.py haproxy
else
    skip "haproxy recipe" haproxy
fi
if has terraform; then check "terraform" terraform_recipe; else skip "terraform" terraform; fi
if has docker && docker compose version >/dev/null 2>&1; then
    cp deploy/compose.yaml "$scratch/" && cp deploy/compose.env.example "$scratch/compose.env"
    check "compose file, as compose reads it" docker compose -f "$scratch/compose.yaml" config --quiet
elif has python3 && python3 -c 'import compose_spec' 2>/dev/null; then
    check "compose file, by its specification" python3 -c '
import compose_spec
compose_spec.PyOptions(apply_merge=True).from_yaml(open("deploy/compose.yaml").read()).validate()'
else
    skip "compose file" "docker compose, or compose-spec of Python,"
fi
if has kubeconform; then
    check "kubernetes, by its schemas" kubeconform -strict -summary -ignore-filename-pattern kustomization deploy/kubernetes
elif has python3 && python3 -c 'import kubernetes_validate' 2>/dev/null; then
    check "kubernetes, by its schemas" python3 -m kubernetes_validate --strict deploy/kubernetes/[!k]*.yaml
else
    skip "kubernetes, by its schemas" "kubeconform, or kubernetes-validate of Python,"
fi
if has hadolint; then check "Dockerfile" hadolint deploy/Dockerfile; else skip "Dockerfile" hadolint; fi
if has shellcheck; then
    check "scripts" shellcheck scripts/check-deploy.sh deploy/postgres/role.sh
else
    skip "scripts" shellcheck
fi
if has python3 && python3 -c 'import yaml' 2>/dev/null; then
    check "what the recipes promise each other" python3 scripts/check_deploy.py
else
    skip "what the recipes promise each other" python3-yaml
fi
if [ -x "$weft" ]; then
    # The settings of the example, as the server reads them; the addresses are not reached.
    example() {
        set -a
        # shellcheck disable=SC1091 # an example that is in the repository
        . deploy/compose.env.example
        set +a
        "$weft" serve --check-config
    }
    check "settings of the compose example" example
else
    skip "settings of the compose example" "$weft"
fi

echo "check-deploy: $((checked - failed)) passed, $failed failed"
[ "$failed" = 0 ]
