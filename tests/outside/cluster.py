"""Nodes behind HAProxy, and clients that know what each world must contain."""

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
WORKERS = 8
# An unloaded machine needs a tenth of this.
WAIT_SECONDS = 60
processes = []


def stop_all():
    """Ends the processes that are still running."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
    processes.clear()


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

    def __init__(self, name, group="", **settings):
        self.name = name
        env = {"PATH": os.defpath, "LEADCONDUIT_MOCK_ADMIN_TOKEN": TOKEN, "LEADCONDUIT_MOCK_LOG": "warn", "LEADCONDUIT_MOCK_PORT": "0"}
        file = SCRATCH / f"{name}{group}.log"
        with file.open("w") as log:
            env |= settings
            self.process = subprocess.Popen([BINARY], env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        processes.append(self.process)
        line = self.process.stdout.readline()
        self.url = line.removeprefix("listening on ").strip()
        assert self.url.startswith("http://"), (line, file.read_text())

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

    def __init__(self, nodes, group=""):
        self.file = SCRATCH / f"haproxy{group}.cfg"
        self.log_file = SCRATCH / f"haproxy{group}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.configure(nodes)
        # Without the sockets that a service manager would pass.
        env = {"PATH": os.environ["PATH"]}
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(["haproxy", "-W", "-db", "-f", self.file], env=env, stdout=log, stderr=log)
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
        assert self.process.poll() is None, self.log_file.read_text()
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
