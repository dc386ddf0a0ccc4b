"""What the recipes in deploy/ promise each other and the server, and no tool of theirs checks: settings that exist, names
that meet, time-outs in the right order, nobody runs as root."""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
problems = []


def require(holds, what):
    if not holds:
        problems.append(what)


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def settings():
    """The variables that docs/configuration.md lists, and how long a server may take to stop."""
    page = (ROOT / "docs/configuration.md").read_text()
    known = set(re.findall(r"\| `(WEFT_[A-Z0-9_]+)` \|", page))
    shutdown = re.search(r"\| `shutdown_seconds` \| `(\d+)`", page)
    keep_alive = re.search(r"\| `keep_alive_seconds` \| `(\d+)`", page)
    return known, int(shutdown[1]), int(keep_alive[1])


def check_names(known):
    for path in sorted(DEPLOY.rglob("*")):
        if not path.is_file():
            continue
        for name in re.findall(r"\bWEFT_[A-Z0-9_]+", path.read_text()):
            require(name in known, f"{path.relative_to(ROOT)}: {name} is no setting")


def check_compose(shutdown):
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            require(other in services, f"compose: {name} waits for {other}, which is none of its services")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                require((DEPLOY / source).exists(), f"compose: {source} does not exist")
            else:
                require(source in compose["volumes"], f"compose: {source} is no volume")
    servers = [name for name in services if re.fullmatch(r"weft-\d+", name)]
    require(len(servers) >= 2, "compose: there are two servers or more")
    for name in servers:
        service = services[name]
        grace = int(service["stop_grace_period"].removesuffix("s"))
        require(grace > shutdown, f"compose: {name} is killed before it has stopped")
        for recipe in ("nginx/weft.conf", "haproxy/haproxy.cfg"):
            require(f"{name}:8080" in (DEPLOY / recipe).read_text(), f"{recipe} does not know {name}")
    network = compose["networks"]["default"]["ipam"]["config"][0]["subnet"]
    trusted = services[servers[0]]["environment"]["WEFT_TRUSTED_PROXIES"]
    require(network == trusted, "compose: the proxy's network is not the trusted one")


def check_secrets_agree():
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / "compose.env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    identity = yaml.safe_load((DEPLOY / "seaweedfs/s3.json").read_text())["identities"][0]["credentials"][0]
    require(example["WEFT_S3_ACCESS_KEY_ID"] == identity["accessKey"], "the example's S3 keys differ")
    require(example["WEFT_S3_SECRET_ACCESS_KEY"] == identity["secretKey"], "the example's S3 secrets differ")
    require(example["ROLE_PASSWORD"] in example["WEFT_DATABASE_URL"], "the example's database passwords differ")


def check_kubernetes(shutdown):
    folder = DEPLOY / "kubernetes"
    listed = documents(folder / "kustomization.yaml")[0]["resources"]
    there = sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    require(sorted(listed) == there, "kubernetes: the kustomization does not list what is there")
    objects = {}
    for name in there:
        for document in documents(folder / name):
            require({"apiVersion", "kind", "metadata"} <= set(document), f"kubernetes/{name}: no object")
            objects.setdefault(document["kind"], []).append(document)
    names = {(kind, item["metadata"]["name"]) for kind, items in objects.items() for item in items}
    for kind in ("Deployment", "Job"):
        for item in objects[kind]:
            check_pods(f"kubernetes: {kind}", item["spec"]["template"]["spec"], names)
    deployment = objects["Deployment"][0]
    pod = deployment["spec"]["template"]
    labels, container = pod["metadata"]["labels"], pod["spec"]["containers"][0]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        objects["Service"][0]["spec"]["selector"],
        objects["PodDisruptionBudget"][0]["spec"]["selector"]["matchLabels"],
        objects["NetworkPolicy"][0]["spec"]["podSelector"]["matchLabels"],
    ):
        require(selector.items() <= labels.items(), f"kubernetes: {selector} selects no server")
    target = objects["HorizontalPodAutoscaler"][0]["spec"]["scaleTargetRef"]
    require((target["kind"], target["name"]) in names, "kubernetes: the autoscaler's target does not exist")
    backend = objects["Ingress"][0]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
    require(("Service", backend) in names, "kubernetes: the ingress leads to no service")
    ports = {port["name"] for port in container["ports"]}
    require(objects["Service"][0]["spec"]["ports"][0]["targetPort"] in ports, "kubernetes: the service's port")
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    require(
        pod["spec"]["terminationGracePeriodSeconds"] > pause + shutdown,
        "kubernetes: a server is killed before it has stopped",
    )
    require(container["livenessProbe"]["httpGet"]["path"] == "/healthz", "kubernetes: only a dead process is killed")
    require(container["readinessProbe"]["httpGet"]["path"] == "/readyz", "kubernetes: readiness")


def check_pods(where, pod, names):
    require(pod["securityContext"]["runAsNonRoot"] is True, f"{where}: runs as root")
    for container in pod["containers"]:
        context = container["securityContext"]
        require(context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], f"{where}: rights")
        require("memory" in container["resources"]["limits"], f"{where}: memory has no bound")
        for source in container["envFrom"]:
            for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if field in source:
                    require((kind, source[field]["name"]) in names, f"{where}: {source} does not exist")
        volumes = {volume["name"] for volume in pod["volumes"]}
        for mount in container["volumeMounts"]:
            require(mount["name"] in volumes, f"{where}: {mount['name']} is no volume")


def check_timeouts(keep_alive):
    """A proxy that waits less than the server is silent cuts healthy sockets."""
    places = {
        "nginx/weft.conf": r"proxy_(?:read|send)_timeout (\d+)s",
        "haproxy/haproxy.cfg": r"timeout (?:client|server|tunnel) (\d+)s",
        "kubernetes/ingress.yaml": r'proxy-(?:read|send)-timeout: "(\d+)"',
        "terraform/balancer.tf": r"idle_timeout\s+= (\d+)",
    }
    for place, pattern in places.items():
        found = [int(number) for number in re.findall(pattern, (DEPLOY / place).read_text())]
        require(found, f"{place}: no time-out was found")
        for number in found:
            require(number >= 2 * keep_alive, f"{place}: {number} s is less than two keep-alives")


def check_dockerfile():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    last_stage = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    stage = lines[last_stage:]
    user = [line.split()[1] for line in stage if line.startswith("USER ")]
    require(user and user[-1].split(":")[0] not in ("0", "root"), "Dockerfile: runs as root")
    require(any(line.startswith("HEALTHCHECK ") for line in stage), "Dockerfile: no health check")
    wanted = re.search(r'^rust-version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    require(any(f"rust:{wanted}" in line for line in lines), "Dockerfile: another Rust than Cargo.toml")
    for line in lines:
        if line.startswith("FROM "):
            require(":" in line.split()[1] and ":latest" not in line, f"Dockerfile: {line}: which version?")


known, shutdown, keep_alive = settings()
require(len(known) > 50, "docs/configuration.md lists no settings: has its form changed?")
check_names(known)
check_compose(shutdown)
check_secrets_agree()
check_kubernetes(shutdown)
check_timeouts(keep_alive)
check_dockerfile()
for problem in problems:
    print(problem)
sys.exit(bool(problems))
