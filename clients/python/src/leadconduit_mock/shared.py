"""One server for all processes of a test run, such as the workers of pytest-xdist.

The first process that needs the server starts it, under a file lock. Its standard input is a named pipe that each
process holds open: the server stops when the last of them has closed it or has ended, however that happened. Windows has
no such pipes; there, each process has a server of its own.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from .binary import find_binary
from .server import (
    POLL_S,
    START_TIMEOUT_S,
    MockServer,
    ServerError,
    ServerProcess,
    check_version,
    connect_mock,
    start_mock,
)

STOP_TIMEOUT_S = 30.0
"""How long a server can take to stop: it drains its connections and writes its report."""


class SharedServer:
    """The server of a test run, as one of its processes sees it. All of them give the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pipe = folder / "pipe"
        self._address = folder / "url"
        self._held: int | None = None

    def acquire(self, flags: Sequence[str]) -> MockServer:
        """The server, which is started unless another process has done so."""
        if sys.platform == "win32":
            return start_mock(args=flags, report=[self._report()])
        with FileLock(self._folder / "lock"):
            if not self._pipe.exists():
                os.mkfifo(self._pipe, 0o600)
            self._held = self._hold()
            if self._held is not None:
                url = self._address.read_text()
                try:
                    check_version(url, url)
                    return connect_mock(url)
                except ServerError:
                    # It is about to stop, because the last process that used it has ended.
                    self.release()
                    self.wait_until_stopped()
            return self._start(flags)

    def release(self) -> None:
        """Lets the server stop, unless another process still uses it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def wait_until_stopped(self) -> None:
        """Waits until no server of this test run is left. Its reports are complete then."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._pipe.exists() and (held := self._hold()) is not None:
            os.close(held)
            if time.monotonic() > deadline:
                raise ServerError(f"the server did not stop within {STOP_TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)

    def reports(self) -> list[Path]:
        """The saved reports: one for each server that the test run had."""
        return sorted(self._folder.glob("report-*.json"))

    def _report(self) -> Path:
        return self._folder / f"report-{os.getpid()}-{time.monotonic_ns()}.json"

    def _hold(self) -> int | None:
        """Opens the pipe for writing. `None` when no server reads it."""
        try:
            return os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            raise

    def _start(self, flags: Sequence[str]) -> MockServer:
        # A pipe without a writer can be opened for reading only without waiting.
        reader = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._held = os.open(self._pipe, os.O_WRONLY)
            os.set_blocking(reader, True)
            binary = find_binary()
            all_flags = ["--port", "0", "--report", str(self._report()), *flags]
            process = ServerProcess(binary, all_flags, self._folder, reader)
        finally:
            os.close(reader)
        try:
            url = process.wait_until_listening()
            check_version(url, str(binary))
            self._address.write_text(url)
            return connect_mock(url)
        except BaseException:
            self.release()
            process.stop()
            raise


def merged_report(reports: Sequence[Path], flags: Sequence[str]) -> tuple[int, str]:
    """The exit code and the text of ``leadconduit-mock report`` for saved reports."""
    command = [str(find_binary()), "report", *(str(one) for one in reports), "--format", "text", *flags]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_TIMEOUT_S, check=False
    )
    return result.returncode, result.stdout if result.stdout.strip() else result.stderr
