"""Runs the suite with the installed package, and checks what it does not show: failing tests, crashes and errors.

Prints `ok NAME` or `FAILED NAME` for each check, and exits with 1 if anything is wrong.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import leadconduit_mock

HERE = Path(__file__).parent
SCRATCH = Path(tempfile.mkdtemp())


def pytest(*arguments, env=None):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, **(env or {})}
    result = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=160)
    return result.returncode, result.stdout + result.stderr


def expect(condition, shown):
    if not condition:
        raise AssertionError(shown)


def wait_until_stopped(url):
    address = urllib.parse.urlsplit(url)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.hostname, address.port)).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    raise AssertionError(f"{url} is still served")


def no_setup_is_needed():
    found = [file.name for name in ("conftest.py", "pytest.ini", "pyproject.toml") for file in HERE.rglob(name)]
    expect(not found, found)


def parallel_tests_do_not_interfere():
    results = SCRATCH / "results.xml"
    code, text = pytest("-q", "-n", "4", "test_isolation.py", f"--junitxml={results}")
    expect(code == 0 and "201 passed" in text, text)
    urls = {one.get("value") for one in ElementTree.parse(results).iter("property") if one.get("name") == "url"}
    expect(len(urls) == 1, urls)
    # The verdict covers the requests of all workers.
    expect(re.search(r"=+ leadconduit-mock =+\n.*402 requests", text, re.DOTALL), text)
    wait_until_stopped(urls.pop())


def a_failed_test_shows_journal_explanation_and_curl():
    for parallel in ([], ["-n", "2"]):
        code, text = pytest("cases/test_failing.py", *parallel)
        expect(code == 1, text)
        for line in (
            "leadconduit-mock, sandbox test-a-rejected-repair-",
            "#1 POST /connections -> 400 repair_connection",
            "connection_id is missing; `connection` was sent: was that meant?",
            "curl -i -X POST",
        ):
            expect(line in text, f"{line} is missing in\n{text}")


def the_verdict_can_fail_a_test_run():
    arguments = ["cases/test_marker.py::TestMarkers", "-o", "leadconduit_report=--fail-on nothing"]
    code, text = pytest(*arguments)
    expect(code == 1 and "1 passed" in text and "no requests were recorded" in text, text)
    code, text = pytest("test_isolation.py::test_marker", "-o", "leadconduit_report=--fail-on violations")
    expect(code == 0 and "1 passed" in text, text)


def markers_are_checked():
    code, text = pytest("cases/test_marker.py")
    expect(code == 1 and "1 passed" in text and "3 errors" in text, text)
    expect("does not use the fixture of that name: add the argument `leadconduit`" in text, text)
    expect("@pytest.mark.leadconduit has no argument scenarios; write scenario= or faults=" in text, text)
    expect("did you mean `get_account`?" in text, text)


def the_server_outlives_a_killed_worker_and_ends_with_the_run():
    urls = SCRATCH / "urls"
    code, text = pytest("-n", "2", "cases/test_crash.py", "-k", "worker", env={"URLS": str(urls)})
    expect(code == 1 and "1 failed, 19 passed" in text and "crashed" in text, text)
    for url in set(urls.read_text().split()):
        wait_until_stopped(url)


def the_server_ends_when_the_run_is_killed():
    urls = SCRATCH / "url-of-the-run"
    code, text = pytest("cases/test_crash.py", "-k", "run", env={"URLS": str(urls)})
    expect(code == -9, text)
    wait_until_stopped(urls.read_text())


def a_running_server_is_used():
    with leadconduit_mock.start_mock() as mock:
        code, text = pytest("-q", "-n", "2", "test_isolation.py", "-k", "marker", env={"LEADCONDUIT_MOCK_URL": mock.url})
        expect(code == 0 and "1 passed" in text, text)
        coverage = mock.control.call("GET", "/coverage", query={"sandbox": "*"})
        expect(coverage["exchanges"] == 2, coverage["exchanges"])
    wait_until_stopped(mock.url)


def errors_are_shown():
    rows = [
        ({"scenario": "sso-outge"}, "did you mean `sso-outage`?"),
        ({"binary": "/nowhere"}, "/nowhere does not exist"),
        ({"args": ["--prot", "1"]}, "--port"),
    ]
    for arguments, expected in rows:
        try:
            leadconduit_mock.start_mock(**arguments).stop()
        except (leadconduit_mock.ServerError, leadconduit_mock.BinaryNotFoundError) as error:
            expect(expected in str(error), str(error))
        else:
            raise AssertionError(f"{arguments} are accepted")


def another_version_is_rejected():
    other = SCRATCH / "other-version.py"
    other.write_text(
        "import http.server\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "        self.wfile.write(b'{\"version\": \"9.9.9\"}')\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), Handler)\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, str(other)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        leadconduit_mock.connect_mock(url)
    except leadconduit_mock.ServerError as error:
        expected = f"leadconduit-mock 9.9.9, but this Python package is version {leadconduit_mock.__version__}"
        expect(expected in str(error), str(error))
    else:
        raise AssertionError("version 9.9.9 is accepted")
    finally:
        process.kill()
        process.wait()


CHECKS = {
    "pytest needs no set-up": no_setup_is_needed,
    "200 tests of pytest -n 4 do not interfere, on one server": parallel_tests_do_not_interfere,
    "a failed test shows journal, explanation and curl": a_failed_test_shows_journal_explanation_and_curl,
    "the verdict can fail a pytest run": the_verdict_can_fail_a_test_run,
    "wrong markers are rejected": markers_are_checked,
    "the server outlives a killed worker": the_server_outlives_a_killed_worker_and_ends_with_the_run,
    "the server ends when pytest is killed": the_server_ends_when_the_run_is_killed,
    "pytest uses a running server": a_running_server_is_used,
    "the Python package shows the server's errors": errors_are_shown,
    "the Python package rejects another version": another_version_is_rejected,
}

failures = 0
for name, check in CHECKS.items():
    try:
        check()
        print(f"ok {name}", flush=True)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f"FAILED {name}", flush=True)
        failures += 1
sys.exit(1 if failures else 0)
