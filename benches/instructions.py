#!/usr/bin/env python3
"""Counts the instructions of six requests with callgrind: a figure that a busy machine does not change.

    benches/instructions.py BINARY...            a table; with several binaries, the ratio to the first one
    benches/instructions.py --bare BENCH BINARY  the bare hyper server of the executable of benches/throughput.rs, next to it
    benches/instructions.py --check              fails where a count is more than 5 % above the baseline
    benches/instructions.py --update REASON      replaces the baseline, and adds the reason to it

`--check` and `--update` build the binary with the settings of benches/instructions.toml, unless one is given. Afterwards
target/debug has this build, until `cargo build` runs again. The baseline is benches/instructions.json, with the version of
the compiler: another one writes other code, so that only an increase of more than 25 % fails then.

Method: the server runs below callgrind with one worker thread and everything enabled (checks, journal, log). It is
started twice for each request, and gets the request 100 and 400 times over one connection; the difference of the two
counts, divided by 300, leaves start and end of the process out. The instructions of all threads count, so that work that
is moved to another thread is not lost. Seed, requests and headers are the same each time; what is left of chance, such as
the seeds of hash maps and the digits of durations in the log, changes a count by less than 1 %.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).with_name("instructions.json")
PROFILE = pathlib.Path(__file__).with_name("instructions.toml")
INCREASE_MAX = 1.05
OTHER_COMPILER_INCREASE_MAX = 1.25
FEW, MANY = 100, 400
TIMEOUT_S = 300

KEY = base64.b64encode(b"API:2f1d5f29915b866c7a2fa5de29613104").decode()
SOURCE = "/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/5d9a4b10940df5a34a3888c1"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# Name; method, path, content type, body; status.
CASES = [
    ("GET /connections", "GET", "/connections", None, None, 200),
    ("GET /connections/{id}", "GET", "/connections/5d9a4c421d011c553e000001", None, None, 200),
    ("POST /onboards", "POST", "/onboards", JSON, '{"invitation_id":"64b8f0f5e4b0c3a1d5e6f7a8"}', 201),
    ("POST /onboards, refused", "POST", "/onboards", JSON, '{"invitation":"64b8f0f5e4b0c3a1d5e6f7a8"}', 400),
    ("POST .../submit", "POST", SOURCE + "/submit", FORM, "state=TX&first_name=Ann&email=a%40b.org", 201),
    ("POST .../ping", "POST", SOURCE + "/ping", FORM, "state=TX", 200),
]


def request(connection, case):
    """Sends the request of a case, and returns status line and headers as pairs, and the body."""
    name, method, path, content_type, body, status = case
    headers = {"Authorization": "Basic " + KEY, "Accept": JSON}
    if content_type:
        headers["Content-Type"] = content_type
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != status:
        sys.exit(f"{name}: status {response.status} instead of {status}")
    return response, content


@contextlib.contextmanager
def running(binary, *options):
    """Starts a server as users do, and yields its port. It is ended by a signal, so that a build with counters writes them."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LEADCONDUIT_MOCK")}
    command = [binary, "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as server:
        try:
            yield int(re.search(r":(\d+)\s*$", server.stdout.readline()).group(1))
        finally:
            server.terminate()
            server.wait(TIMEOUT_S)


def response_bytes(binary, case):
    """The response of the mock as it is sent."""
    with running(binary) as port:
        response, content = request(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S), case)
    head = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders())
    return f"HTTP/1.1 {response.status} {response.reason}\r\n{head}\r\n".encode() + content


def instructions(binary, case, count, bare_response=None):
    """The instructions of a server that starts, handles `count` requests, and stops. With `bare_response`, the binary is
    the executable of benches/throughput.rs, which sends these bytes as the bare server."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary]
        command += ["--bare"] if bare_response else ["serve", "--port", "0"]
        sent = pathlib.Path(folder, "response")
        sent.write_bytes(bare_response or b"")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LEADCONDUIT_MOCK")}
        server = subprocess.Popen(
            command,
            stdin=sent.open("rb"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, "TOKIO_WORKER_THREADS": "1"},
        )
        try:
            port = int(re.search(r":(\d+)\s*$", server.stdout.readline()).group(1))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
            for _ in range(count):
                request(connection, case)
            connection.close()
            server.send_signal(signal.SIGTERM)
            server.wait(TIMEOUT_S)
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1))


def per_request(binary, case, bare_response=None):
    many, few = (instructions(binary, case, count, bare_response) for count in (MANY, FEW))
    return round((many - few) / (MANY - FEW))


def count_all(binary, bare_responses=(None,) * len(CASES)):
    """The counts of all cases, in their order. A count does not depend on what else runs."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, len(CASES))) as pool:
        yield from pool.map(lambda case, response: per_request(binary, case, response), CASES, bare_responses)


def compiler():
    return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def build(folder):
    """Builds the binary as the baseline expects it, and returns a copy of it."""
    root = PROFILE.parent.parent
    command = ["cargo", "build", "--locked", "--config", str(PROFILE.relative_to(root)), "--bin", "leadconduit-mock"]
    subprocess.run(command, cwd=root, check=True)
    target = root / os.environ.get("CARGO_TARGET_DIR", "target")
    return shutil.copy(target / "debug" / "leadconduit-mock", folder)


def show(binaries, bare):
    counters = [count_all(binary) for binary in binaries]
    if bare:
        counters.insert(0, count_all(bare, [response_bytes(binaries[0], case) for case in CASES]))
    for case, *counts in zip(CASES, *counters):
        ratios = "".join(f"  {count / counts[0]:.3f}" for count in counts[1:])
        print(f"{case[0]:<26}" + "".join(f"{count:>12,}" for count in counts) + ratios, flush=True)


def check(binary):
    if not BASELINE.exists():
        sys.exit(f"{BASELINE} does not exist; write it with `benches/instructions.py --update REASON`")
    stored = json.loads(BASELINE.read_text())
    baseline, increase_max = stored["instructions"], INCREASE_MAX
    if stored["compiler"] != compiler():
        increase_max = OTHER_COMPILER_INCREASE_MAX
        print(f"the baseline is of {stored['compiler']}, this is {compiler()}: {increase_max - 1:.0%} more are allowed")
    failed = False
    for case, count in zip(CASES, count_all(binary)):
        before = baseline[case[0]]
        ratio = count / before
        # A second measurement, because one of the few pauses of the server may have been counted.
        if ratio > increase_max:
            count = min(count, per_request(binary, case))
            ratio = count / before
        text = f"{case[0]}: {count:,} instructions, {ratio - 1:+.1%} of the baseline {before:,}"
        if ratio > increase_max:
            failed = True
            print(f"FAILED {text}; make it cheaper, or run `benches/instructions.py --update REASON`", flush=True)
        else:
            print(f"ok {text}", flush=True)
    return failed


def update(binary, reason):
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"reasons": []}
    # A pause of the server that one of the two runs counts would make the baseline too high or too low.
    rounds = [list(count_all(binary)) for _ in range(3)]
    baseline["instructions"] = {case[0]: sorted(counts)[1] for case, counts in zip(CASES, zip(*rounds))}
    baseline["compiler"] = compiler()
    baseline["reasons"].append(f"{datetime.date.today()}: {reason}")
    BASELINE.write_text(json.dumps(baseline, indent=2) + "\n")
    print(BASELINE.read_text(), end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare with the baseline")
    mode.add_argument("--update", metavar="REASON", help="replace the baseline")
    parser.add_argument("--bare", metavar="BENCH", help="count the bare server too")
    parser.add_argument("binary", nargs="*")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: apt-get install valgrind")
    binaries = arguments.binary
    if not arguments.check and not arguments.update:
        return show(binaries, arguments.bare) if binaries else parser.error("name a binary, or use --check or --update")
    if len(binaries) > 1:
        parser.error("--check and --update take one binary")
    with tempfile.TemporaryDirectory() as folder:
        binary = binaries[0] if binaries else build(folder)
        if arguments.update:
            return update(binary, arguments.update)
        sys.exit(check(binary))


if __name__ == "__main__":
    main()
