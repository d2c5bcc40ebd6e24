"""Starts a server, or uses one that is running."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .binary import VERSION, find_binary
from .control import ControlClient, ControlError
from .sandbox import DEFAULT_API_KEY, DEFAULT_SUPERUSER_API_KEY, Sandbox, ServerAddress

START_TIMEOUT_S = 30.0
"""How long the start of a server can take."""

POLL_S = 0.01
"""How often a condition of another process is checked."""

LOG_CHARS_MAX = 64 * 1024
"""How much of the log is read for messages."""


class ServerError(Exception):
    """The server cannot be started or used."""


@dataclass(frozen=True)
class Stopped:
    """How a server ended."""

    exit_code: int
    """0, or 1 when ``--fail-on`` or ``--fail-under`` is not met; negative for a signal."""
    log: str
    """The end of the log."""


class MockServer(Sandbox):
    """A running server. Its own methods act on the sandbox ``default``. As a context manager, it stops at the end."""

    def __init__(self, address: ServerAddress, stop: Callable[[], Stopped | None]) -> None:
        super().__init__(address, "default")
        self._address = address
        self._stop = stop

    def sandbox(self, name: str) -> Sandbox:
        """A sandbox of this server. The server creates it on first use."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            raise ValueError(f"{name!r} is not a sandbox name: write 1 to 64 of A-Z a-z 0-9 . _ -")
        return Sandbox(self._address, name)

    def stop(self) -> Stopped | None:
        """Stops the server, and waits until it has ended and written its reports.

        It returns `None` when this process did not start the server, which then continues.
        """
        return self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def connect_mock(
    url: str,
    *,
    api_key: str = DEFAULT_API_KEY,
    superuser_api_key: str = DEFAULT_SUPERUSER_API_KEY,
    admin_token: str | None = None,
) -> MockServer:
    """Uses a server that is already running, such as one of ``leadconduit-mock run`` or of another machine.

    It raises `ServerError` when the server does not respond, or has another version than this package.
    """
    return _connect(url, url, lambda: None, api_key, superuser_api_key, admin_token)


def _connect(
    url: str,
    what: str,
    stop: Callable[[], Stopped | None],
    api_key: str,
    superuser_api_key: str,
    admin_token: str | None,
) -> MockServer:
    token = admin_token or os.environ.get("LEADCONDUIT_MOCK_ADMIN_TOKEN") or None
    address = ServerAddress(url.rstrip("/"), api_key, superuser_api_key, token)
    check_version(address.url, what)
    return MockServer(address, stop)


def check_version(url: str, what: str) -> None:
    """Raises `ServerError` unless the server has the version of this package."""
    try:
        found: Any = ControlClient(url, "default").call("GET", "/version")
        version = str(found["version"])
    except (OSError, ControlError, TypeError, KeyError) as error:
        raise ServerError(f"{url} does not respond as a leadconduit-mock: {error}") from error
    if version != VERSION:
        raise ServerError(
            f"{what} is leadconduit-mock {version}, but this Python package is version {VERSION}. Install the package "
            "in the version of the binary, or use the binary of the package."
        )


def start_mock(
    *,
    scenario: str | None = None,
    scenarios: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    clock: str | None = None,
    requests: str | None = None,
    port: int = 0,
    report: Sequence[str | os.PathLike[str]] = (),
    args: Sequence[str] = (),
    api_key: str = DEFAULT_API_KEY,
    superuser_api_key: str = DEFAULT_SUPERUSER_API_KEY,
    admin_token: str | None = None,
    binary: str | os.PathLike[str] | None = None,
) -> MockServer:
    """Starts a server on a free port of 127.0.0.1, and waits until it accepts connections.

    Settings without a value come from the environment, such as ``LEADCONDUIT_MOCK_SEED``; `args` are more flags of
    ``leadconduit-mock serve``. The server ends when this process does, also when it crashes.

        with start_mock(scenario="sso-outage") as mock:
            client = Client(mock.url, mock.api_key)

    It raises `ServerError` with the server's own message, for example when the scenario does not exist.
    """
    flags = ["--port", str(port), *args]
    values = {
        "--scenario": scenario,
        "--scenarios": scenarios,
        "--seed": seed,
        "--clock": clock,
        "--requests": requests,
        "--admin-token": admin_token,
    }
    for flag, value in values.items():
        if value is not None:
            flags += [flag, str(value)]
    for file in report:
        flags += ["--report", str(file)]
    folder = Path(tempfile.mkdtemp(prefix="leadconduit-mock-"))
    path = find_binary(binary)
    process = ServerProcess(path, flags, folder, subprocess.PIPE)

    def stop() -> Stopped:
        stopped = process.stop()
        shutil.rmtree(folder, ignore_errors=True)
        return stopped

    try:
        url = process.wait_until_listening()
        return _connect(url, str(path), stop, api_key, superuser_api_key, admin_token)
    except BaseException:
        stop()
        raise


class ServerProcess:
    """The process of a server. Its output goes to files, because it can outlive the process that started it."""

    def __init__(self, binary: Path, flags: Sequence[str], folder: Path, stdin: int) -> None:
        self._binary = binary
        self._output = folder / "server.out"
        self._log = folder / "server.log"
        # Requests are in the journal; without their lines the log stays small.
        environment = {"LEADCONDUIT_MOCK_LOG": "warn", **os.environ, "LEADCONDUIT_MOCK_STOP_WITH_STDIN": "true"}
        with self._output.open("wb") as out, self._log.open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    [str(binary), "serve", *flags],
                    stdin=stdin,
                    stdout=out,
                    stderr=log,
                    env=environment,
                    # Ctrl-C ends the test run first, whose last requests still get responses.
                    start_new_session=sys.platform != "win32",
                )
            except OSError as error:
                raise ServerError(f"{binary} cannot be run: {error}") from error

    def wait_until_listening(self) -> str:
        """The URL, once the server accepts connections."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            exit_code = self._process.poll()
            lines = self._output.read_text(errors="replace").split("\n")
            if len(lines) > 1 and lines[0].startswith("listening on "):
                return lines[0].removeprefix("listening on ").strip()
            if exit_code is not None:
                what = "could not be started"
                break
            if time.monotonic() > deadline:
                what = f"did not start within {START_TIMEOUT_S:.0f} s"
                break
            time.sleep(POLL_S)
        log = self.stop().log.strip()
        raise ServerError(f"{self._binary} {what}: {log or 'it printed nothing'}")

    def stop(self) -> Stopped:
        """Ends the process and waits for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        exit_code = self._process.wait()
        try:
            log = self._log.read_text(errors="replace")[-LOG_CHARS_MAX:]
        except OSError:
            log = ""
        return Stopped(exit_code, log)
