"""Runs a Dockerfile in folders.

Its build stage runs on the files that .dockerignore allows. `cargo check` in the existing target folder replaces
`cargo build --profile dist`: this detects files that are missing from the context without compiling everything again.
Then the finished binary runs with the user, environment, health check and stop signal of the last stage, and with the
variables of every documented `docker run`.

With a folder for the build as the last argument, the build stage really runs, and its binary is checked too: no dynamic
libraries, its compressed size, and a run in a folder that contains nothing else.
"""

import gzip
import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT, BINARY, SCRATCH = (Path(argument) for argument in sys.argv[1:4])
BUILD = Path(sys.argv[4]).absolute() if len(sys.argv) > 4 else None
# The largest binary, compressed as a registry stores it.
COMPRESSED_BYTES_MAX = 12_000_000
KEY = "Basic QVBJOjJmMWQ1ZjI5OTE1Yjg2NmM3YTJmYTVkZTI5NjEzMTA0"
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
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def play(instructions, given):
    """Runs the build stage, without BUILD with a replacement for `cargo`."""
    work, tools = SCRATCH / "src", SCRATCH / "bin"
    work.mkdir()
    tools.mkdir()
    host = subprocess.run(["rustc", "--print", "host-tuple"], capture_output=True, text=True, check=True).stdout.strip()
    if BUILD is None:
        (tools / "cargo").write_text(
            f"""#!/bin/sh
case "$*" in
  "build --profile dist --locked --target {host}") exec {shlex.quote(shutil.which("cargo"))} check --bins --locked --offline ;;
  "clean --profile dist --locked --target {host} --package leadconduit-mock") ;;
  *) echo "the check does not support cargo $*" >&2; exit 1 ;;
esac
"""
        )
        (tools / "cargo").chmod(0o755)
        target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
        env = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "CARGO_TARGET_DIR": target}
    else:
        target = str(BUILD)
        set_by_image = {name: value.replace("/src/", f"{work}/") for name, value in variables(instructions).items()}
        env = os.environ | set_by_image | {"CARGO_TARGET_DIR": target}
    builds = 0
    for name, rest in instructions:
        if name == "COPY":
            *sources, folder = rest.split()
            for source in sources:
                copy(given / source, work / folder / source if folder == "./" else work / folder)
        elif name == "RUN":
            done = subprocess.run(["sh", "-c", rest], cwd=work, env=env, capture_output=True, text=True)
            builds += 1
            step = "only the dependencies" if builds == 1 else "the package"
            check(f"the context has all files to build {step}", done.returncode == 0, done.stderr)
            assert done.returncode == 0
    return Path(target) / host / "dist/leadconduit-mock" if BUILD else BINARY


def variables(instructions):
    return dict(pair.split("=", 1) for name, rest in instructions if name == "ENV" for pair in shlex.split(rest))


def check_image(binary):
    """Checks the binary of the image."""
    libraries = subprocess.run(["ldd", binary], capture_output=True, text=True)
    text = libraries.stdout + libraries.stderr
    check("the binary is static", "statically linked" in text or "not a dynamic executable" in text, text)
    size = len(gzip.compress(binary.read_bytes(), 9))
    check(f"the binary has {size / 1e6:.1f} MB when compressed", size < COMPRESSED_BYTES_MAX, size)


def documented_runs():
    """The variables of each `docker run` in the documentation."""
    for file in ("Dockerfile", "docs/src/how-to/container.md", "docs/src/how-to/deploy-for-a-team.md"):
        text = re.sub(r"\\\n", " ", (ROOT / file).read_text())
        for line in re.findall(r"^(?:# Run:\s+)?(docker run .*)$", text, re.MULTILINE):
            words = shlex.split(line)
            pairs = [words[i + 1] for i, word in enumerate(words) if word in ("--env", "-e")]
            # A variable without a value is passed on from the shell.
            yield f"docker run in {file}", {name: value or "t0ken" for name, _, value in (pair.partition("=") for pair in pairs)}


def call(url, headers):
    """The status of a response."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def run(instructions, built):
    """Checks the last stage."""
    last = dict(instructions)
    check("the image has nothing but the binary", last["FROM"] == "scratch" and [n for n, _ in instructions].count("COPY") == 1, instructions)
    version = subprocess.run([built, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    check("the label has the version", f'version="{version}"' in last["LABEL"], last["LABEL"])
    uid, gid = (int(part) for part in last["USER"].split(":"))
    check("the user is not root", uid > 0 and gid > 0, last["USER"])
    health = json.loads(last["HEALTHCHECK"].partition("CMD")[2])
    start = json.loads(last["ENTRYPOINT"])
    check("health check and entry point run the binary", health[0] == start[0] == last["COPY"].split()[-1], (health, start))

    # Another user must be able to read it.
    SCRATCH.chmod(0o755)
    image = SCRATCH / "image"
    path = image / start[0].removeprefix("/")
    path.parent.mkdir(parents=True)
    shutil.copyfile(built, path)
    path.chmod(0o755)
    common = {"cwd": "/", "text": True}
    if os.getuid() == 0:
        common |= {"user": uid, "group": gid, "extra_groups": []}
    if BUILD and os.getuid() == 0:
        # In a folder with nothing else but devices that every container has, and which this user cannot write to.
        (image / "dev").mkdir()
        for name, minor in (("null", 3), ("random", 8), ("urandom", 9)):
            os.mknod(image / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
            (image / "dev" / name).chmod(0o666)
        enter = [shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin"), f"--userspec={uid}:{gid}", image]
        common = {"text": True}
    else:
        enter = []
        health[0] = start[0] = str(path)
    # The image's environment, with a free port in place of the container's port.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = variables(instructions) | {"PATH": os.defpath}
    default = subprocess.run([path, "serve", "--help"], env=env, capture_output=True, text=True).stdout
    check("the port is the server's own", last["EXPOSE"] == re.search(r"--port.*?\[default: (\d+)\]", default, re.DOTALL)[1])
    env["LEADCONDUIT_MOCK_PORT"] = str(port)
    unhealthy = subprocess.run([*enter, *health], env=env, capture_output=True, **common)
    check("the health check fails without a server", unhealthy.returncode == 1, unhealthy)
    url = f"http://127.0.0.1:{port}"
    runs = [("without a token", {}), *documented_runs()]
    check("docker run is documented", len(runs) > 2, runs)
    for name, extra in runs:
        server = subprocess.Popen([*enter, *start], env=env | extra, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **common)
        try:
            line = server.stdout.readline()
            check(f"{name}: the server listens on all addresses", line.startswith("listening on http://0.0.0.0:"), line or server.stderr.read())
            healthy = subprocess.run([*enter, *health], env=env | extra, capture_output=True, timeout=10, **common)
            check(f"{name}: the health check passes", healthy.returncode == 0, healthy)
            status = call(f"{url}/user", {"Authorization": KEY})
            check(f"{name}: the server responds", status == 200, status)
            token = extra.get("LEADCONDUIT_MOCK_ADMIN_TOKEN", "TOKEN")
            status = call(f"{url}/__admin/scenario", {"Authorization": f"Bearer {token}"})
            check(f"{name}: the control API is {'open' if extra else 'closed'}", status == (200 if extra else 403), status)
            server.send_signal(signal.SIGTERM)
            output = server.communicate(timeout=30)[1]
            check(f"{name}: SIGTERM ends it with 0", server.returncode == 0, output)
            says_how = "The control API is closed" in output and "LEADCONDUIT_MOCK_ADMIN_TOKEN=TOKEN" in output
            check(f"{name}: the first screen {'shows the control API' if extra else 'says how to open the control API'}", says_how != bool(extra), output)
        finally:
            server.kill()
    written = [str(file) for file in image.rglob("*") if file.is_file() and file != path]
    check("the server writes no files", not written, written)


build, final = stages()
binary = play(build, context())
if BUILD:
    check_image(binary)
run(final, binary)
sys.exit(1 if failed else 0)
