"""Sandboxes on several nodes behind HAProxy.

Each sandbox gets one credential that has its name. A response is from the right world if it contains that credential and no
other sandbox's. All requests of one sandbox are sent on one connection, one after another, so that the order is known.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter

from cluster import (
    BINARY, CREDENTIAL, KEY, ROOT, SCRATCH, SELECTORS, TOKEN, WAIT_SECONDS, Balancer, Client, Connection, Lost, Node, basic, free_port,
    stop_all, until,
)

SANDBOXES = [f"test-{i}" for i in range(1000)]
failed = 0


def check(name, good, seen=""):
    global failed
    if good:
        print(f"ok haproxy: {name}", flush=True)
    else:
        failed += 1
        print(f"{str(seen)[:2000]}\nFAILED haproxy: {name}", flush=True)


async def routing(balancer, nodes, title):
    """Five selectors, and the verdict of each sandbox."""
    client = Client(balancer.port)
    selectors = list(SELECTORS)
    order = {name: selectors[i % 5 :] + selectors[: i % 5] for i, name in enumerate(SANDBOXES)}

    async def use(connection, name):
        first, *others = order[name]
        await client.create(connection, name, first)
        for selector in others:
            await client.read(connection, name, selector)

    await client.for_each(SANDBOXES, use)
    check(
        f"{title}: five selectors of 1,000 sandboxes lead to the same world",
        not client.wrong and not client.lost_worlds and not client.no_response,
        (client.wrong[:3], list(client.lost_worlds.items())[:3], client.no_response),
    )
    held = {node.name: node.sandboxes() for node in nodes}
    by_node = {node.name: {name for name, home in client.home.items() if home == node.name} for node in nodes}
    check(f"{title}: each sandbox is on one node, which X-Mock-Node names", held == by_node, {n: len(s) for n, s in held.items()})
    shares = {node: len(names) * len(nodes) / len(SANDBOXES) for node, names in held.items()}
    check(f"{title}: the shares of the nodes are even", all(0.7 < share < 1.3 for share in shares.values()), shares)

    verdicts = Counter()
    expectations = [
        {"name": "created once", "operation": "create_credential", "status": 201, "exactly": 1},
        {"name": "read four times", "operation": "list_credentials", "status": 200, "exactly": 4},
        {"name": "nothing else", "request": {"urlPathPattern": ".*"}, "exactly": 5},
    ]

    async def verify(connection, name):
        headers = {"X-Mock-Sandbox": name, "Authorization": f"Bearer {TOKEN}"}
        status, _, verdict = await connection.send("POST", "/__admin/verify", headers, expectations)
        verdicts[status, verdict.get("passed")] += 1

    await client.for_each(SANDBOXES, verify)
    check(f"{title}: verify passes in each sandbox", verdicts == {(200, True): len(SANDBOXES)}, verdicts)
    return client


async def precedence(balancer, client):
    """Requests that name several sandboxes: node and mock choose the same one."""
    homes = {}
    for name in SANDBOXES:
        homes.setdefault(client.home[name], name)
    # Two sandboxes on different nodes.
    a, b = list(homes.values())[:2]
    (api, user_b, key_b) = (basic("API", KEY), basic(f"API+{b}", KEY), basic("API", f"{KEY}+{b}"))
    rows = [
        ("header, base URL", f"/__sandbox/{b}/user", [("X-Mock-Sandbox", a), ("Authorization", api)], a),
        ("header, cookie", "/user", [("Cookie", f"mock_sandbox={b}"), ("x-mock-sandbox", a), ("Authorization", api)], a),
        ("header, user name", "/user", [("X-MOCK-SANDBOX", a), ("Authorization", user_b)], a),
        ("base URL, cookie", f"/__sandbox/{a}/user", [("Cookie", f"mock_sandbox={b}"), ("Authorization", api)], a),
        ("base URL, key", f"/__sandbox/{a}/user", [("Authorization", key_b)], a),
        ("cookie, user name", "/user", [("Cookie", f"mock_sandbox={a}"), ("Authorization", user_b)], a),
        ("cookie, key", "/user", [("Cookie", f"x=1;mock_sandbox={a} ;y=2"), ("Authorization", key_b)], a),
        ("user name, key", "/user", [("Authorization", basic(f"API+{a}", f"{KEY}+{b}"))], a),
        ("two cookies: the first", "/user", [("Cookie", f"mock_sandbox={a}; mock_sandbox={b}"), ("Authorization", api)], a),
        ("a cookie with a similar name", "/user", [("Cookie", f"xmock_sandbox={b}; mock_sandbox={a}"), ("Authorization", api)], a),
        ("two headers: the first", "/user", [("X-Mock-Sandbox", a), ("X-Mock-Sandbox", b), ("Authorization", api)], a),
        ("two signs in the user name: the last", "/user", [("Authorization", basic(f"A+{b}+{a}", KEY))], a),
        ("the scheme in lower case", "/user", [("Authorization", basic("API", f"{KEY}+{a}").replace("Basic", "basic"))], a),
        ("the base URL alone", f"/__sandbox/{a}?x=/__sandbox/{b}/", [("Authorization", api)], a),
        ("an absolute URL", f"http://localhost/__sandbox/{a}/user", [("Authorization", api)], a),
        ("the control API in a base URL", f"/__sandbox/{a}/__admin/scenario", [("Authorization", f"Bearer {TOKEN}")], a),
        ("no name", "/user", [("Authorization", api)], "default"),
        ("an unknown key", "/user", [("Authorization", basic("API", f"unknown+{a}"))], None),
        ("an invalid name", "/user", [("X-Mock-Sandbox", "a b"), ("Authorization", api)], None),
    ]
    connection, seen = Connection(balancer.port), []
    _, default, _ = await connection.send("GET", "/user", {"Authorization": api})
    homes = client.home | {"default": default["x-mock-node"]}
    for name, path, headers, expected in rows:
        status, received, _ = await connection.send("GET", path, headers)
        found = (received.get("x-mock-sandbox"), received.get("x-mock-node"))
        if expected is None:
            # No sandbox but `default`, whichever node responds, and an error.
            if found[0] not in (None, "default") or status not in (400, 401):
                seen.append((name, status, found))
        elif found != (expected, homes[expected]) or status >= 500:
            seen.append((name, status, found, expected))
    check(f"{len(rows)} requests with several or no names reach the right node", not seen, seen)

    # A call about another sandbox reaches the node of that one.
    headers = {"X-Mock-Sandbox": b, "Authorization": f"Bearer {TOKEN}"}
    status, received, _ = await connection.send("DELETE", f"/__sandbox/{b}/__admin/sandboxes/{a}", headers)
    check("DELETE sandboxes/NAME reaches the node of NAME", (status, received["x-mock-node"]) == (204, client.home[a]), (status, received))
    client.home.pop(a)
    await client.create(connection, a, "header")
    connection.close()


async def wire(balancer, name):
    """Event streams, and connections that break."""
    admin = {"X-Mock-Sandbox": name, "Authorization": f"Bearer {TOKEN}"}
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
    writer.write(f"GET /__admin/events HTTP/1.1\r\nHost: x\r\nX-Mock-Sandbox: {name}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS)
    connection = Connection(balancer.port)
    prefix, headers = SELECTORS["key"](name)
    await connection.send("GET", prefix + "/user", headers)
    event = await asyncio.wait_for(reader.readuntil(b'"operation":"get_user"'), WAIT_SECONDS)
    check("events arrive while the stream is open", b"text/event-stream" in head and b"event: exchange" in event, (head, event))
    writer.close()

    outcomes = {}
    for fault in ("CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "RANDOM_DATA_THEN_CLOSE", "TRUNCATED_BODY"):
        rule = {"when": {"operation": "create_credential"}, "then": {"fault": fault, "times": 1}}
        status, _, _ = await connection.send("POST", "/__admin/faults", admin, rule)
        assert status in (200, 201), status
        try:
            outcomes[fault] = await connection.send("POST", "/credentials", headers, CREDENTIAL | {"name": f"after {fault}"})
        except Lost:
            outcomes[fault] = "lost"
    check("broken connections stay broken, without an error page", all(outcome == "lost" for outcome in outcomes.values()), outcomes)
    _, _, counted = await connection.send("POST", "/__admin/requests/count", admin, {"operation": "create_credential"})
    # One for the credential of the sandbox.
    check("no request is sent twice", counted["count"] == 1 + len(outcomes), counted)
    connection.close()


async def under_load(client, names, change, is_over):
    """Reads all sandboxes again and again; `change` happens after the first pass. Returns the nodes of the last pass."""
    selectors = list(SELECTORS)
    rounds, last = 0, {}
    end = time.monotonic() + WAIT_SECONDS
    changed = None

    async def read(connection, name):
        last[name] = await client.read(connection, name, selectors[(rounds + int(name[5:])) % 5])

    while changed is None or not changed.done() or not is_over(last):
        if time.monotonic() > end:
            raise TimeoutError(f"{Counter(last.values())} {client.no_response}")
        pass_ = asyncio.ensure_future(client.for_each(names, read))
        if changed is None:
            # In the middle of a pass.
            while len(last) < len(names) // 2:
                await asyncio.sleep(0)
            changed = asyncio.ensure_future(asyncio.to_thread(change))
        await pass_
        rounds += 1
    await changed
    return last


async def adding(balancer, nodes, client):
    """The third node joins while requests are running."""
    before = dict(client.home)
    third = Node("node3")

    def change():
        balancer.reload([*nodes, third])

    # Two complete passes after the node has responded for the first time.
    passes = []

    def is_over(last):
        passes.append("node3" in last.values())
        return passes[-3:] == [True] * 3

    await under_load(client, SANDBOXES, change, is_over)
    moved = {name for name in SANDBOXES if client.home[name] != before[name]}
    check("a node is added under load: no response from a wrong world", not client.wrong, client.wrong[:3])
    check("a node is added under load: every request gets a response", not client.no_response, client.no_response)
    check(
        "a node is added under load: its share moves there, and only that is lost",
        set(client.lost_worlds) == moved == {name for name in SANDBOXES if client.home[name] == "node3"}
        and 0.2 < len(moved) / len(SANDBOXES) < 0.47,
        (len(moved), len(client.lost_worlds), Counter(client.home.values())),
    )
    return [*nodes, third]


async def killing(balancer, client, nodes):
    """A node is killed while requests are running."""
    before = dict(client.home)
    victim = nodes[1]
    held = {name for name, home in before.items() if home == victim.name}

    def is_over(last):
        return None not in last.values() and victim.name not in last.values()

    await under_load(client, SANDBOXES, victim.kill, is_over)
    check("a node is killed under load: no response from a wrong world", not client.wrong, client.wrong[:3])
    check("a node is killed under load: only its sandboxes get no response for a while", set(client.no_response) <= {victim.name}, client.no_response)
    moved = {name for name in SANDBOXES if client.home[name] != before[name]}
    check("a node is killed under load: its sandboxes start again elsewhere, and only these", set(client.lost_worlds) == moved == held, (len(moved), len(held)))
    log = balancer.log_file.read_text()
    check("a node is killed under load: the balancer's log says so", f"Server nodes/{victim.name} is DOWN" in log, log)
    check("a node is killed under load: the others share them", set(Counter(client.home.values())) == {n.name for n in nodes} - {victim.name}, Counter(client.home.values()))


def report(nodes, title, expected):
    """One report over all nodes counts every request."""
    urls = [part for node in nodes for part in ("--url", node.url)]
    done = subprocess.run([BINARY, "report", *urls, "--admin-token", TOKEN, "--format", "json"], capture_output=True, text=True)
    total = json.loads(done.stdout)["exchanges"] if done.returncode == 0 else done.stderr
    check(f"{title}: one report counts the requests of all nodes", total == expected, (total, expected))


def curl(balancer):
    """The commands of docs/src/how-to/deploy-for-a-team.md."""

    def ask(*arguments):
        command = ["curl", "--disable", "--noproxy", "*", "--silent", "--show-error", "--max-time", "20", *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout

    output = ["--output", "/dev/null", "--write-out", "%{http_code} %header{x-mock-sandbox} %header{x-mock-node}"]
    url, name = balancer.url, "curl"
    ways = [
        ["--user", f"API:{KEY}", "--header", f"X-Mock-Sandbox: {name}", f"{url}/user"],
        ["--user", f"API:{KEY}", f"{url}/__sandbox/{name}/user"],
        ["--user", f"API:{KEY}", "--cookie", f"mock_sandbox={name}", f"{url}/user"],
        ["--user", f"API+{name}:{KEY}", f"{url}/user"],
        ["--user", f"API:{KEY}+{name}", f"{url}/user"],
    ]
    found = {ask(*output, *way) for way in ways}
    check("curl: five selectors", len(found) == 1 and found.pop().startswith(f"200 {name} node"), found)
    sent = ask("--user", f"API:{KEY}+{name}", "--header", "Content-Type: application/json", "--header", "Expect: 100-continue",
               "--data", json.dumps(CREDENTIAL | {"name": "x" * 100_000}), *output, f"{url}/credentials")
    check("curl: a large body after 100-continue", sent.startswith("201 "), sent)
    head = ask("--include", "--header", f"X-Long: {'x' * 40_000}", "--user", f"API:{KEY}", f"{url}/user")
    check("curl: a request head of 40 kB", head.startswith("HTTP/1.1 200"), head[:200])
    check("curl: HTTP/2 with prior knowledge", ask("--http2-prior-knowledge", *output, *ways[4]).startswith("200 curl"))
    used = subprocess.run([BINARY, "use", "sso-outage", "--url", url, "--sandbox", name, "--admin-token", TOKEN], capture_output=True, text=True)
    degraded = ask("--include", "--user", f"API:{KEY}+{name}", f"{url}/connections")
    check("the command line switches a scenario through the balancer", used.returncode == 0 and "x-connections-degraded: true" in degraded, (used, degraded))


def without_nodes(balancer, nodes):
    for node in nodes:
        node.kill()

    def unavailable():
        try:
            urllib.request.urlopen(f"{balancer.url}/user", timeout=30)
        except urllib.error.HTTPError as error:
            return (error.code, error.headers["Content-Type"], json.load(error)["title"])
        except OSError:
            # A node was found to be down during this request.
            return None

    seen = until("a response without nodes", unavailable)
    check("without nodes the balancer responds with a problem", seen == (503, "application/problem+json", "Service Unavailable"), seen)


def documented():
    """The commands of docs/src/how-to/deploy-for-a-team.md for one machine, with free ports."""
    text = (ROOT / "docs/src/how-to/deploy-for-a-team.md").read_text()
    sections = [part.partition("\n## ")[0] for part in re.split(r"\n## (?=Spread sandboxes|Report over)", text)[1:]]
    commands = "".join(block for section in sections for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    work = SCRATCH / "documented"
    (work / "deploy").mkdir(parents=True)
    (work / "bin").mkdir()
    (work / "bin/leadconduit-mock").symlink_to(BINARY)
    config = (ROOT / "deploy/haproxy.cfg").read_text()
    for port in ("4010", "4011", "4012"):
        free = str(free_port())
        commands, config = commands.replace(port, free), config.replace(port, free)
        if port == "4010":
            service = free
    (work / "deploy/haproxy.cfg").write_text(config)
    env = {"PATH": f"{work}/bin:{os.environ['PATH']}", "LEADCONDUIT_MOCK_PORT": service, "LEADCONDUIT_MOCK_LOG": "warn"}
    script = f"trap 'kill $(jobs -p); wait' EXIT\nset -e\n{commands}"
    done = subprocess.run(["bash", "-c", script], cwd=work, env=env, capture_output=True, text=True, timeout=WAIT_SECONDS)
    nodes = re.findall(r"^x-mock-node: (\w+)", done.stdout, re.MULTILINE)
    check("docs/src/how-to/deploy-for-a-team.md: both requests reach the same node", len(nodes) == 2 and len(set(nodes)) == 1, (commands, done))
    check("docs/src/how-to/deploy-for-a-team.md: the scenario is switched", "sandbox anna now uses scenario sso-outage" in done.stdout, done)
    check("docs/src/how-to/deploy-for-a-team.md: the report is written", done.returncode == 0 and (work / "report.html").is_file(), done)


async def main():
    nodes = [Node("node1"), Node("node2")]
    balancer = Balancer(nodes)
    client = await routing(balancer, nodes, "two nodes")
    report(nodes, "two nodes", client.requests)
    await precedence(balancer, client)
    await wire(balancer, SANDBOXES[-1])
    nodes = await adding(balancer, nodes, client)
    curl(balancer)
    balancer.stop()
    for node in nodes:
        node.kill()

    nodes = [Node(f"node{i}") for i in range(1, 5)]
    balancer = Balancer(nodes)
    client = await routing(balancer, nodes, "four nodes")
    await killing(balancer, client, nodes)
    without_nodes(balancer, nodes)
    balancer.stop()
    documented()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    asyncio.run(main())
finally:
    stop_all()
sys.exit(1 if failed else 0)
