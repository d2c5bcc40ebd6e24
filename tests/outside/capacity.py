"""Throughput, CPU time and memory of nodes behind HAProxy.

The CPU time of a request can be compared between machines that are busy with other work; requests per second cannot.
"""

import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from cluster import KEY, SCRATCH, Balancer, Client, Node, basic, stop_all

SECONDS, ROUNDS, CONNECTIONS = 5, 5, 32
SANDBOXES_MAX = 100_000
# wrk sends the requests of 1,000 sandboxes one after another, with the sandbox in the key.
SCRIPT = """
local requests, i = {}, 0
init = function()
  for line in io.lines("%s") do
    requests[#requests + 1] = wrk.format("GET", "/connections", { Host = "localhost", Authorization = line })
  end
end
request = function()
  i = i %% #requests + 1
  return requests[i]
end
"""


def cpu_seconds(process):
    """CPU time of a process and its children."""
    total = 0
    for line in subprocess.run(["ps", "-o", "pid=", "--pid", str(process.pid), "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split():
        fields = Path(f"/proc/{line}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_bytes(process):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024


def load(url, nodes, balancer):
    """One run of wrk: requests per second, latencies, and CPU time per request."""
    measured = {"node": [node.process for node in nodes], "HAProxy": [balancer.process] if balancer else []}
    before = {name: sum(map(cpu_seconds, group)) for name, group in measured.items()}
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", SCRATCH / "wrk.lua", url], capture_output=True, text=True, check=True
    ).stdout
    after = {name: sum(map(cpu_seconds, group)) for name, group in measured.items()}
    requests = int(re.search(r"(\d+) requests in", output)[1])
    assert "Non-2xx" not in output and "Socket errors" not in output, output
    return {
        "requests/s": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        "p50": re.search(r"50%\s+(\S+)", output)[1],
        "p99": re.search(r"99%\s+(\S+)", output)[1],
        **{f"{name} µs": (after[name] - before[name]) / requests * 1e6 for name in before},
    }


def throughput():
    (SCRATCH / "headers").write_text("".join(basic("API", f"{KEY}+test-{i}") + "\n" for i in range(1000)))
    (SCRATCH / "wrk.lua").write_text(SCRIPT % (SCRATCH / "headers"))
    print(f"GET /connections, 1,000 sandboxes, {CONNECTIONS} connections; medians of {ROUNDS} runs of {SECONDS} s (lowest–highest)")
    results = {}
    setups = {}
    for count, behind in ((1, False), (1, True), (2, True), (4, True)):
        nodes = [Node(f"node{i}", f"{count}{behind}") for i in range(1, count + 1)]
        setups[count, behind] = (nodes, Balancer(nodes, f"{count}{behind}") if behind else None)
    # The setups take turns, so that other work on the machine affects all of them.
    for _ in range(ROUNDS):
        for setup, (nodes, balancer) in setups.items():
            results.setdefault(setup, []).append(load(balancer.url if balancer else nodes[0].url, nodes, balancer))
    for (count, behind), runs in results.items():
        cells = [f"{count} node{'s' if count > 1 else ''}{' behind HAProxy' if behind else ''}"]
        for name in ("requests/s", "node µs", "HAProxy µs"):
            values = [run[name] for run in runs]
            cells.append(f"{name} {statistics.median(values):.0f} ({min(values):.0f}–{max(values):.0f})")
        print(" | ".join([*cells, f"p50 {runs[-1]['p50']}, p99 {runs[-1]['p99']}"]))
    stop_all()


async def memory():
    nodes = [Node(f"node{i}", "memory", LEADCONDUIT_MOCK_SANDBOXES_MAX=str(SANDBOXES_MAX // 2)) for i in range(1, 5)]
    balancer = Balancer(nodes, "memory")
    names = [f"test-{i}" for i in range(SANDBOXES_MAX)]
    client = Client(balancer.port)

    def show(what):
        held = [len(node.sandboxes()) for node in nodes]
        sizes = [resident_bytes(node.process) / 1e6 for node in nodes]
        print(f"{what}: {sum(held)} sandboxes {held}, {sum(sizes):.0f} MB ({', '.join(f'{size:.0f}' for size in sizes)})", flush=True)

    async def read(connection, name):
        status, _, _ = await client.ask(connection, "key", name)
        assert status == 200, status

    async def write(connection, name):
        await client.create(connection, name, "key")

    show("at the start")
    for what, action in (("one read each", read), ("and one write each", write)):
        await client.for_each(names, action)
        show(what)
    balancer.stop()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    throughput()
    asyncio.run(memory())
finally:
    stop_all()
