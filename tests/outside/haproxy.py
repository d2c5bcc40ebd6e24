"""Sandboxes on several nodes behind HAProxy.

Each sandbox gets one credential that has its name. A response is from the right world if it contains that credential and no
other sandbox's. All requests of one sandbox are sent on one connection, one after another, so that the order is known.
"""

import asyncio
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

ROOT, BINARY, SCRATCH = (Path(argument) for argument in sys.argv[1:])
KEY = "2f1d5f29915b866c7a2fa5de29613104"
TOKEN = "token-of-the-nodes"
SANDBOXES = [f"test-{i}" for i in range(1000)]
WORKERS = 8
# An unloaded machine needs a tenth of this.
WAIT_SECONDS = 60
failed = 0
processes = []


def check(name, good, seen=""):
    global failed
    if good:
        print(f"ok haproxy: {name}", flush=True)
    else:
        failed += 1
        print(f"{str(seen)[:2000]}\nFAILED haproxy: {name}", flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, condition):
    """Waits for a condition."""
    end = time.monotonic() + WAIT_SECONDS
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)
    return result


class Node:
    """One leadconduit-mock, set up as in deploy/compose.yaml."""

    def __init__(self, name):
        self.name = name
        env = {"PATH": os.defpath, "LEADCONDUIT_MOCK_ADMIN_TOKEN": TOKEN, "LEADCONDUIT_MOCK_LOG": "warn", "LEADCONDUIT_MOCK_PORT": "0"}
        with open(SCRATCH / f"{name}.log", "w") as log:
            self.process = subprocess.Popen([BINARY], env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        processes.append(self.process)
        line = self.process.stdout.readline()
        self.url = line.removeprefix("listening on ").strip()
        assert self.url.startswith("http://"), (line, (SCRATCH / f"{name}.log").read_text())

    def control(self, path):
        request = urllib.request.Request(f"{self.url}/__admin/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as response:
            return json.load(response)

    def sandboxes(self):
        return {sandbox["name"] for sandbox in self.control("sandboxes")["sandboxes"]} - {"default"}

    def kill(self):
        self.process.kill()
        self.process.wait()


class Balancer:
    """HAProxy with the addresses of these nodes."""

    def __init__(self, nodes):
        self.file = SCRATCH / "haproxy.cfg"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.configure(nodes)
        self.log = open(SCRATCH / "haproxy.log", "w")
        # Without the sockets that a service manager would pass.
        env = {"PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(["haproxy", "-W", "-db", "-f", self.file], env=env, stdout=self.log, stderr=self.log)
        processes.append(self.process)
        until("HAProxy to start", self.is_ready)

    def configure(self, nodes):
        """Replaces the addresses, and repeats the line of the last server for further nodes."""
        text = (ROOT / "deploy/haproxy.cfg").read_text().replace("bind :4010", f"bind 127.0.0.1:{self.port}")
        head, servers, tail = re.fullmatch(r"(.*?)((?:    server [^\n]*\n)+)(.*)", text, re.DOTALL).groups()
        assert servers == "".join(f"    server node{i} node{i}:4010 id {i}\n" for i in (1, 2)), servers
        lines = [f"    server {node.name} {node.url.removeprefix('http://')} id {node.name[4:]}\n" for node in nodes]
        self.file.write_text(head + "".join(lines) + tail)
        done = subprocess.run(["haproxy", "-c", "-f", self.file], capture_output=True, text=True)
        assert done.returncode == 0 and "[WARNING]" not in done.stderr, done.stderr

    def reload(self, nodes):
        self.configure(nodes)
        self.process.send_signal(signal.SIGUSR2)

    def is_ready(self):
        assert self.process.poll() is None, (SCRATCH / "haproxy.log").read_text()
        try:
            with urllib.request.urlopen(f"{self.url}/__balancer", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


def basic(user, key):
    return "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()


# The five ways to select a sandbox: prefix of the path, and headers.
SELECTORS = {
    "header": lambda name: ("", {"X-Mock-Sandbox": name, "Authorization": basic("API", KEY)}),
    "base URL": lambda name: (f"/__sandbox/{name}", {"Authorization": basic("API", KEY)}),
    "cookie": lambda name: ("", {"Cookie": f"a=b; mock_sandbox={name}; c=d", "Authorization": basic("API", KEY)}),
    "user name": lambda name: ("", {"Authorization": basic(f"API+{name}", KEY)}),
    "key": lambda name: ("", {"Authorization": basic("API", f"{KEY}+{name}")}),
}
CREDENTIAL = {"type": "token", "package": "leadconduit-salesforce", "token": "TOKEN"}


class Lost(Exception):
    """The connection was closed before the response was complete."""


class Unused(Exception):
    """A connection that had been used before was closed before the first byte of the response."""


class Connection:
    """A keep-alive connection; it is opened again after the server has closed it."""

    def __init__(self, port):
        self.port, self.writer = port, None

    async def send(self, method, path, headers, body=None):
        """Returns status, headers and body. Repeats a GET whose connection was closed meanwhile, as HTTP clients do."""
        try:
            return await self.exchange(method, path, headers, body)
        except Unused as error:
            if method != "GET":
                raise Lost(error) from error
            return await self.exchange(method, path, headers, body)

    async def exchange(self, method, path, headers, body):
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
        try:
            is_new = self.writer is None or self.reader.at_eof() or self.writer.is_closing()
            if is_new:
                self.close()
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.writer.write("\r\n".join([*lines, "", ""]).encode() + data)
            await self.writer.drain()
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            received = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            text = await self.body(received)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            is_unused = not is_new and not getattr(error, "partial", b"")
            raise (Unused if is_unused else Lost)(error) from error
        if received.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), received, json.loads(text) if text.startswith((b"{", b"[")) else None

    async def body(self, received):
        try:
            return await self.reader.readexactly(int(received.get("content-length", 0)))
        except asyncio.IncompleteReadError as error:
            raise Lost(error) from error

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = None


class Client:
    """Sends the requests of all sandboxes, and knows what each world must contain."""

    def __init__(self, port):
        self.port = port
        # The node that holds each sandbox, as its last response says.
        self.home = {}
        self.requests = 0
        self.wrong, self.lost_worlds, self.no_response = [], {}, Counter()

    async def for_each(self, names, action):
        """Runs an action for every sandbox, on a few connections."""

        async def work(part):
            connection = Connection(self.port)
            for name in part:
                await action(connection, name)
            connection.close()

        names = list(names)
        await asyncio.gather(*(work(names[i::WORKERS]) for i in range(WORKERS)))

    async def ask(self, connection, selector, name, method="GET", path="/credentials", body=None):
        prefix, headers = SELECTORS[selector](name)
        self.requests += 1
        status, received, document = await connection.send(method, prefix + path, headers, body)
        if "x-mock-node" in received and received.get("x-mock-sandbox") != name:
            self.wrong.append((name, selector, received))
        return status, received.get("x-mock-node"), document

    async def create(self, connection, name, selector):
        """Creates the credential of a sandbox."""
        status, node, document = await self.ask(connection, selector, name, "POST", body=CREDENTIAL | {"name": name})
        if status != 201 or self.home.setdefault(name, node) != node:
            self.wrong.append((name, selector, status, node, document))

    async def read(self, connection, name, selector):
        """Reads the credentials of a sandbox; if it has moved to another node, creates its credential again."""
        try:
            status, node, document = await self.ask(connection, selector, name)
        except Lost:
            self.no_response[self.home[name]] += 1
            return None
        if status == 503 and node is None:
            self.no_response[self.home[name]] += 1
            return None
        found = [entry["name"] for entry in document if entry["name"] in self.home] if status == 200 else document
        if node != self.home[name] and found == []:
            self.lost_worlds[name] = (self.home.pop(name), node)
            await self.create(connection, name, selector)
        elif node != self.home[name] or found != [name]:
            self.wrong.append((name, selector, status, node, self.home[name], found))
        return node


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


async def killing(client, nodes):
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
    log = (SCRATCH / "haproxy.log").read_text()
    check("a node is killed under load: the balancer's log says so", f"Server nodes/{victim.name} is DOWN" in log, log)
    check("a node is killed under load: the others share them", set(Counter(client.home.values())) == {n.name for n in nodes} - {victim.name}, Counter(client.home.values()))


def report(nodes, title, expected):
    """One report over all nodes counts every request."""
    urls = [part for node in nodes for part in ("--url", node.url)]
    done = subprocess.run([BINARY, "report", *urls, "--admin-token", TOKEN, "--format", "json"], capture_output=True, text=True)
    total = json.loads(done.stdout)["exchanges"] if done.returncode == 0 else done.stderr
    check(f"{title}: one report counts the requests of all nodes", total == expected, (total, expected))


def curl(balancer):
    """The commands of docs/deployment.md."""

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
    """The commands of docs/deployment.md for one machine, with free ports."""
    text = (ROOT / "docs/deployment.md").read_text()
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
    check("docs/deployment.md: both requests reach the same node", len(nodes) == 2 and len(set(nodes)) == 1, (commands, done))
    check("docs/deployment.md: the scenario is switched", "sandbox anna now uses scenario sso-outage" in done.stdout, done)
    check("docs/deployment.md: the report is written", done.returncode == 0 and (work / "report.html").is_file(), done)


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
    await killing(client, nodes)
    without_nodes(balancer, nodes)
    balancer.stop()
    documented()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    asyncio.run(main())
finally:
    for process in processes:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
sys.exit(1 if failed else 0)
