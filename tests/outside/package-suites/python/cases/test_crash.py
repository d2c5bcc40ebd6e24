"""Processes of a test run that are killed."""

import os
import pathlib
import signal

import pytest


@pytest.mark.parametrize("number", range(20))
def test_worker(leadconduit, number):
    pathlib.Path(os.environ["URLS"]).open("a").write(f"{leadconduit.url}\n")
    if number == 5 and "PYTEST_XDIST_WORKER" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)


def test_run(leadconduit):
    pathlib.Path(os.environ["URLS"]).write_text(leadconduit.url)
    os.kill(os.getpid(), signal.SIGKILL)
