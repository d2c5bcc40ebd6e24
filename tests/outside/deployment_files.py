"""Renders and validates deploy/helm, validates deploy/compose.yaml, and starts the binary with the settings of both."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import compose_spec
import helm_python as helm
import kubernetes_validate
import yaml

ROOT, BINARY, SCRATCH = (Path(argument) for argument in sys.argv[1:])
CHART = ROOT / "deploy/helm"
KEY = "Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0"
# The oldest and the newest version of Kubernetes that are checked.
KUBERNETES = ["1.25.0", kubernetes_validate.latest_version()]
SCENARIO = """\
version: 1
name: mine
description: The single sign-on service is down.
extends: healthy
sso: { status: down }
"""
# Values, and how many nodes they give.
VARIANTS = {
    "the defaults": ({}, 2),
    "one node without HAProxy": ({"replicas": 1, "haproxy": {"enabled": False}}, 1),
    "every value": (
        {
            "replicas": 4,
            "image": {"repository": "registry.example/mock", "tag": "2", "pullPolicy": "Always"},
            "imagePullSecrets": [{"name": "pull"}],
            "adminToken": {"secret": "tokens", "key": "mock"},
            "settings": {"scenario": "mine", "sandboxes-max": 1_000_000, "check-replies": True, "seed": 7},
            "scenarios": {"mine.yaml": SCENARIO},
            "haproxy": {"replicas": 2},
            "service": {"type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}},
            "clusterDomain": "cluster.example",
            "networkPolicy": {
                "clients": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
                "reports": [{"podSelector": {"matchLabels": {"role": "ci"}}}],
                "egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}],
            },
            "podAnnotations": {"c": "d"},
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"key": "mock", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
        },
        4,
    ),
    "the optional objects off": ({"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}}, 2),
}
# Values that must be rejected, and a word of the message.
REJECTED = [
    ({"replica": 3}, "replica"),
    ({"replicas": 0}, "replicas"),
    ({"settings": {"port": 80}}, "port"),
    ({"settings": {"admin-token": "t"}}, "admin-token"),
    ({"settings": {"SEED": 1}}, "SEED"),
    ({"scenarios": {"mine": "x"}}, "mine"),
    ({"adminToken": {"secret": "", "key": "token"}}, "secret"),
    ({"haproxy": {"enabled": False}}, "only one node"),
]
failed = 0


def check(name, good, seen=""):
    global failed
    if good:
        print(f"ok deployment: {name}", flush=True)
    else:
        failed += 1
        print(f"{str(seen)[:3000]}\nFAILED deployment: {name}", flush=True)


def render(values):
    """The objects of the chart, by kind and name."""
    with helm.Chart.load(PACKAGE) as chart:
        chart.validate_schema(values)
        rendered = chart.render(values, name="demo", namespace="mocks")
    objects = {}
    for file, text in rendered.items():
        if not file.endswith("NOTES.txt"):
            for document in yaml.safe_load_all(text):
                if document:
                    objects[document["kind"], document["metadata"]["name"]] = document
    return objects


def errors(objects):
    found = []
    for version in KUBERNETES:
        for name, document in objects.items():
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except Exception as error:
                found.append((version, name, str(error)[:500]))
    return found


def pods(objects):
    return [document["spec"]["template"] for (kind, _), document in objects.items() if kind in ("StatefulSet", "Deployment")]


def matches(selector, pod):
    return selector.items() <= pod["metadata"]["labels"].items()


def unmatched(objects):
    """Selectors that select no pods, and ports that these do not have."""
    found = []
    for (kind, name), document in objects.items():
        spec = document["spec"] if "spec" in document else {}
        selector = {
            "Service": lambda: spec["selector"],
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
        }.get(kind)
        if selector is None:
            continue
        selected = [pod for pod in pods(objects) if matches(selector(), pod)]
        if len(selected) != 1:
            found.append((kind, name, "selects", len(selected)))
            continue
        names = {port["name"] for container in selected[0]["spec"]["containers"] for port in container["ports"]}
        ports = spec.get("ports", []) if kind == "Service" else [port for rule in spec.get("ingress", []) for port in rule["ports"]]
        found += [(kind, name, port) for port in ports if port.get("targetPort", port["port"]) not in names]
    return found


def is_restricted(pod):
    """What the Pod Security Standard `restricted` demands, and a root file system that is read only."""
    spec = pod["spec"]
    context = spec["securityContext"]
    return (
        context["runAsNonRoot"] is True
        and context["runAsUser"] > 0
        and context["seccompProfile"] == {"type": "RuntimeDefault"}
        and spec["automountServiceAccountToken"] is False
        and spec["enableServiceLinks"] is False
        and all(
            container["securityContext"]
            == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            and {"readinessProbe", "livenessProbe"} <= container.keys()
            and "memory" in container["resources"]["limits"]
            for container in spec["containers"]
        )
    )


def servers(config):
    return re.findall(r"^    server (\S+) (\S+) id (\d+)$", config, re.MULTILINE)


def check_config(title, config, addresses):
    """HAProxy's configuration is deploy/haproxy.cfg with these addresses."""
    original = (ROOT / "deploy/haproxy.cfg").read_text()
    without = [[line for line in text.splitlines() if not line.startswith("    server ")] for text in (original, config)]
    expected = [(f"node{i}", address, str(i)) for i, address in enumerate(addresses, 1)]
    check(f"{title}: the nodes in HAProxy's configuration", without[0] == without[1] and servers(config) == expected, servers(config))
    file = SCRATCH / "haproxy.cfg"
    # The names are known in the cluster only.
    file.write_text(re.sub(r"^(    server \S+) \S+", r"\1 127.0.0.1:1", config, flags=re.MULTILINE))
    done = subprocess.run(["haproxy", "-c", "-f", file], capture_output=True, text=True)
    check(f"{title}: HAProxy accepts its configuration", done.returncode == 0 and "[WARNING]" not in done.stderr, done.stderr)


def start(title, env, scenario, probe="/__admin/health"):
    """Starts the binary with these variables, asks it, and stops it."""
    help_text = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, check=True, env={"PATH": os.defpath}).stdout
    flags = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", help_text, re.MULTILINE)
    unknown = set(env) - {"LEADCONDUIT_MOCK_" + flag.upper().replace("-", "_") for flag in flags} - {"LEADCONDUIT_MOCK_LOG"}
    check(f"{title}: the binary knows the settings of a node", not unknown and env, unknown)
    env = env | {"PATH": os.defpath, "LEADCONDUIT_MOCK_HOST": "0.0.0.0", "LEADCONDUIT_MOCK_PORT": "0"}
    server = subprocess.Popen([BINARY], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        if not line.startswith("listening on http://0.0.0.0:"):
            server.kill()
            check(f"{title}: a node starts", False, line + server.stderr.read())
            return
        url = "http://127.0.0.1:" + line.strip().rpartition(":")[2]
        with urllib.request.urlopen(url + probe, timeout=10) as response:
            healthy = response.status == 200
        with urllib.request.urlopen(urllib.request.Request(f"{url}/user", headers={"Authorization": KEY}), timeout=10) as response:
            served = response.headers["X-Mock-Scenario"]
        check(f"{title}: a node starts", healthy and served == scenario, served)
    finally:
        server.terminate()
        server.wait()


def helm_chart():
    report = helm.lint(str(CHART), strict=True)
    # 1 is information: an icon is recommended.
    check("helm lint", not report["errors"] and all(message["severity"] <= 1 for message in report["messages"]), report)
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    check("the chart has the version of the binary", yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version, version)
    for title, (values, nodes) in VARIANTS.items():
        title = f"chart with {title}" if title.startswith("the ") or title == "every value" else f"chart of {title}"
        objects = render(values)
        found = errors(objects)
        check(f"{title}: {len(objects)} objects conform to Kubernetes {' and '.join(KUBERNETES)}", not found, found)
        found = unmatched(objects)
        check(f"{title}: every selector matches one kind of pod, with its ports", not found, found)
        check(f"{title}: pods are restricted", all(map(is_restricted, pods(objects))), pods(objects))
        stateful = objects["StatefulSet", "demo-leadconduit-mock"]["spec"]
        check(f"{title}: {nodes} nodes", stateful["replicas"] == nodes and ("Service", stateful["serviceName"]) in objects, stateful)
        config = objects.get(("ConfigMap", "demo-leadconduit-mock-haproxy"))
        check(f"{title}: HAProxy", (config is not None) == values.get("haproxy", {}).get("enabled", True))
        if config:
            domain = f"demo-leadconduit-mock-nodes.mocks.svc.{values.get('clusterDomain', 'cluster.local')}"
            addresses = [f"demo-leadconduit-mock-{i}.{domain}:4010" for i in range(nodes)]
            check_config(title, config["data"]["haproxy.cfg"], addresses)
        container = stateful["template"]["spec"]["containers"][0]
        env = {entry["name"]: entry.get("value") for entry in container["env"]}
        secret = next(entry for entry in container["env"] if entry["name"] == "LEADCONDUIT_MOCK_ADMIN_TOKEN")["valueFrom"]["secretKeyRef"]
        expected = values.get("adminToken", {"secret": "leadconduit-mock", "key": "token"})
        check(f"{title}: the token comes from the Secret", secret == {"name": expected["secret"], "key": expected["key"]}, secret)
        env["LEADCONDUIT_MOCK_ADMIN_TOKEN"] = "token"
        if "LEADCONDUIT_MOCK_SCENARIOS" in env:
            env["LEADCONDUIT_MOCK_SCENARIOS"] = str(config_map(objects["ConfigMap", "demo-leadconduit-mock-scenarios"]["data"]))
        start(title, env, env["LEADCONDUIT_MOCK_SCENARIO"], container["readinessProbe"]["httpGet"]["path"])
    for values, word in REJECTED:
        try:
            render(values)
            check(f"the chart rejects {json.dumps(values)}", False)
        except helm.HelmError as error:
            check(f"the chart rejects {json.dumps(values)}", word in str(error), error)


def config_map(data):
    """A folder as Kubernetes mounts it: links to files in a hidden folder."""
    folder = SCRATCH / "scenarios"
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    for name, text in data.items():
        (folder / "..2026" / name).write_text(text)
        (folder / name).symlink_to(Path("..data") / name)
    return folder


def compose_file():

    def fill(found):
        """Compose's value of a variable that is not set: its default, or a text where one is required."""
        return found[1] if found[1] is not None else "token"

    text = re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", fill, (ROOT / "deploy/compose.yaml").read_text())
    try:
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text))).validate()
        check("compose.yaml conforms to the Compose specification", True)
    except ValueError as error:
        check("compose.yaml conforms to the Compose specification", False, error)
    services = yaml.safe_load(text)["services"]
    nodes = [name for name in services if name.startswith("node")]
    check_config("compose", (ROOT / "deploy/haproxy.cfg").read_text(), [f"{name}:4010" for name in nodes])
    check("compose: HAProxy waits for every node", list(services["haproxy"]["depends_on"]) == nodes, services["haproxy"])
    mount = services["haproxy"]["volumes"][0].split(":")
    check("compose: HAProxy's configuration is mounted", (ROOT / "deploy" / mount[0]).is_file() and mount[2] == "ro", mount)
    check(
        "compose: containers are restricted",
        all(s["read_only"] and s["cap_drop"] == ["ALL"] and "mem_limit" in s for s in services.values()),
    )
    check("compose: nodes are published on loopback only", all(p.startswith("127.0.0.1:") for n in nodes for p in services[n]["ports"]))
    env = services[nodes[0]]["environment"]
    check("compose: all nodes have the same settings", all(services[n]["environment"] == services[nodes[0]]["environment"] for n in nodes))
    start("compose", env, "healthy")


# The package has a copy of deploy/haproxy.cfg in place of the link.
PACKAGE = helm.package(CHART, destination=SCRATCH)
helm_chart()
compose_file()
sys.exit(1 if failed else 0)
