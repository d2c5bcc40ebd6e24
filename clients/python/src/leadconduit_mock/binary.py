"""Where the binary is, and which version it has to be."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "leadconduit-mock"

VERSION = metadata.version(DISTRIBUTION)
"""The version of this package. It equals that of the binary."""


class BinaryNotFoundError(Exception):
    """The binary cannot be found. The message says what to do."""


def find_binary(path: str | os.PathLike[str] | None = None) -> Path:
    """The path of the ``leadconduit-mock`` binary.

    It is the argument, else the environment variable ``LEADCONDUIT_MOCK_BINARY``, else the binary that was installed
    with this package.
    """
    given = path or os.environ.get("LEADCONDUIT_MOCK_BINARY")
    if given:
        if not Path(given).is_file():
            raise BinaryNotFoundError(
                f"{given} does not exist. It was given as the path of the leadconduit-mock binary."
            )
        return Path(given)
    name = "leadconduit-mock.exe" if sys.platform == "win32" else "leadconduit-mock"
    # The record of the installation names the binary wherever the installer has put it.
    for file in metadata.files(DISTRIBUTION) or []:
        if file.name == name and Path(str(file.locate())).is_file():
            return Path(str(file.locate())).resolve()
    installed = Path(sysconfig.get_path("scripts")) / name
    if installed.is_file():
        return installed
    found = shutil.which(name)
    if found:
        return Path(found)
    raise BinaryNotFoundError(
        "The binary is not installed with the package leadconduit-mock. There may be no wheel for this platform: build "
        "the binary with `cargo install --locked leadconduit-mock`, and set LEADCONDUIT_MOCK_BINARY to its path."
    )
