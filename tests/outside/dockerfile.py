"""Runs a Dockerfile in folders.

Its build stage runs on the files that .dockerignore allows. `cargo check` in the existing target folder replaces
`cargo build --profile dist`: this detects files that are missing from the context without compiling everything again.
Then the finished binary runs with the user, environment, health check and stop signal of the last stage.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT, BINARY, SCRATCH = (Path(argument) for argument in sys.argv[1:])
failed = 0


def check(name, good, seen=""):
    global failed
    if good:
        print(f"ok dockerfile: {name}", flush=True)
    else:
        failed += 1
        print(f"{seen}\nFAILED dockerfile: {name}", flush=True)


def stages():
    """The instructions of each stage, as pairs of name and text."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, rest = line.strip().split(None, 1)
            if name == "FROM":
                found.append([])
            found[-1].append((name, rest.strip()))
    return found


def context():
    """Copies the files that .dockerignore allows; the file must be an allow list."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*" and all(re.fullmatch(r"![\w.]+", line) for line in lines[1:]), "not an allow list"
    folder = SCRATCH / "context"
    folder.mkdir()
    for line in lines[1:]:
        copy(ROOT / line[1:], folder / line[1:])
    return folder


def copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def play(instructions, given):
    """Runs the build stage with a replacement for `cargo`."""
    work, tools = SCRATCH / "src", SCRATCH / "bin"
    work.mkdir()
    tools.mkdir()
    (tools / "cargo").write_text(
        f"""#!/bin/sh
case "$*" in
  "build --profile dist --locked") exec {shlex.quote(shutil.which("cargo"))} check --bins --locked --offline ;;
  "clean --profile dist --locked --package leadconduit-mock") ;;
  *) echo "the check does not support cargo $*" >&2; exit 1 ;;
esac
"""
    )
    (tools / "cargo").chmod(0o755)
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    env = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "CARGO_TARGET_DIR": target}
    builds = 0
    for name, rest in instructions:
        if name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                copy(given / source, work / target / source if target == "./" else work / target)
        elif name == "RUN":
            done = subprocess.run(["sh", "-c", rest], cwd=work, env=env, capture_output=True, text=True)
            builds += 1
            step = "only the dependencies" if builds == 1 else "the package"
            check(f"the context has all files to build {step}", done.returncode == 0, done.stderr)
            assert done.returncode == 0


def run(instructions):
    """Checks the last stage."""
    last = dict(instructions)
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    check("the label has the version", f'version="{version}"' in last["LABEL"], last["LABEL"])
    uid, gid = (int(part) for part in last["USER"].split(":"))
    check("the user is not root", uid > 0 and gid > 0, last["USER"])
    health = json.loads(last["HEALTHCHECK"].partition("CMD")[2])
    start = json.loads(last["ENTRYPOINT"])
    check("health check and entry point run the binary", health[0] == start[0] == last["COPY"].split()[-1], (health, start))

    # Another user must be able to read it.
    SCRATCH.chmod(0o755)
    binary = SCRATCH / "leadconduit-mock"
    shutil.copyfile(BINARY, binary)
    binary.chmod(0o755)
    health[0] = start[0] = str(binary)
    # The image's environment, with a free port in place of the container's port.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = dict(pair.split("=", 1) for pair in shlex.split(last["ENV"])) | {"PATH": os.defpath}
    default = subprocess.run([binary, "serve", "--help"], env=env, capture_output=True, text=True).stdout
    check("the port is the server's own", last["EXPOSE"] == re.search(r"--port.*?\[default: (\d+)\]", default, re.DOTALL)[1])
    env["LEADCONDUIT_MOCK_PORT"] = str(port)
    who = {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}
    common = {"env": env, "cwd": "/", "text": True, **who}
    unhealthy = subprocess.run(health, capture_output=True, **common)
    check("the health check fails without a server", unhealthy.returncode == 1, unhealthy)
    server = subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **common)
    try:
        line = server.stdout.readline()
        check("the server listens on all addresses", line.startswith("listening on http://0.0.0.0:"), line or server.stderr.read())
        healthy = subprocess.run(health, capture_output=True, timeout=5, **common)
        check("the health check passes", healthy.returncode == 0, healthy)
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/user", headers={
            "Authorization": "Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0"
        }), timeout=5) as reply:
            check("the server responds", reply.status == 200, reply.status)
        server.send_signal(signal.SIGTERM)
        check("SIGTERM ends it with 0", server.wait(timeout=15) == 0, server.returncode)
    finally:
        server.kill()


build, final = stages()
play(build, context())
run(final)
sys.exit(1 if failed else 0)
