"""The pytest plugin: the fixture `leadconduit`, a sandbox of its own for each test.

All workers of pytest-xdist share one server, which starts with the first test that needs it. With the environment
variable ``LEADCONDUIT_MOCK_URL``, that server is used and none is started.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from .control_api import Rule
from .failure import describe_failure
from .sandbox import DEFAULT_API_KEY, DEFAULT_SUPERUSER_API_KEY, Sandbox, sandbox_name
from .server import MockServer, connect_mock
from .shared import SharedServer, merged_report

MARKER = "leadconduit(scenario=NAME, faults=[RULE, ...]): the scenario and the faults with which the test starts"

_FOLDER_KEY = "leadconduit_folder"
_folder = pytest.StashKey[Path]()
_sandbox = pytest.StashKey[Sandbox]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the settings of the plugin."""
    parser.addini(
        "leadconduit_args",
        "Flags of `leadconduit-mock serve`, such as `--scenario sso-outage`.",
        type="args",
        default=[],
    )
    parser.addini(
        "leadconduit_report",
        "Flags of `leadconduit-mock report`, such as `--fail-on violations --operations called`: the verdict in the "
        "summary, which fails the test run when it is not met.",
        type="args",
        default=["--operations", "called"],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line("markers", MARKER)


def _shared_folder(config: pytest.Config) -> Path:
    """The folder that the processes of the test run share, which is created on first use."""
    if _folder not in config.stash:
        shared = cast("dict[str, Any]", getattr(config, "workerinput", {})).get(_FOLDER_KEY)
        config.stash[_folder] = Path(shared or tempfile.mkdtemp(prefix="leadconduit-mock-"))
    return config.stash[_folder]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of pytest-xdist the folder."""
    node.workerinput[_FOLDER_KEY] = str(_shared_folder(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the folder."""
    if not hasattr(config, "workerinput") and _folder in config.stash:
        shutil.rmtree(config.stash[_folder], ignore_errors=True)


@pytest.fixture(scope="session")
def leadconduit_server(pytestconfig: pytest.Config) -> Iterator[MockServer]:
    """The server that all tests share. Tests use the fixture `leadconduit`; this one is for other fixtures."""
    url = os.environ.get("LEADCONDUIT_MOCK_URL")
    if url:
        yield connect_mock(
            url,
            api_key=os.environ.get("LEADCONDUIT_API_KEY") or DEFAULT_API_KEY,
            superuser_api_key=os.environ.get("LEADCONDUIT_SUPERUSER_API_KEY") or DEFAULT_SUPERUSER_API_KEY,
        )
        return
    shared = SharedServer(_shared_folder(pytestconfig))
    server = shared.acquire(cast("list[str]", pytestconfig.getini("leadconduit_args")))
    yield server
    shared.release()
    server.stop()


@dataclass(frozen=True)
class _Start:
    """What the markers of a test ask for."""

    scenario: str | None
    faults: tuple[Mapping[str, object], ...]


def _start_of(node: pytest.Item) -> _Start:
    scenario: str | None = None
    faults: list[Mapping[str, object]] = []
    # From the module to the test: the scenario of the test counts, and the faults add up.
    for marker in reversed(list(node.iter_markers("leadconduit"))):
        arguments = dict(marker.kwargs)
        scenario = arguments.pop("scenario", scenario)
        faults += cast("Sequence[Mapping[str, object]]", arguments.pop("faults", ()))
        if arguments or marker.args:
            wrong = ", ".join([*map(repr, marker.args), *arguments])
            raise pytest.UsageError(f"@pytest.mark.leadconduit has no argument {wrong}; write scenario= or faults=")
    return _Start(scenario, tuple(faults))


@pytest.fixture
def leadconduit(request: pytest.FixtureRequest, leadconduit_server: MockServer) -> Iterator[Sandbox]:
    """The sandbox of the test: `url`, `api_key`, `superuser_api_key`, and what changes or reads the sandbox.

    When the test fails, its journal, explanations and curl commands are in the report.
    """
    node = cast("pytest.Item", request.node)
    start = _start_of(node)
    sandbox = leadconduit_server.sandbox(sandbox_name(node.name))
    if start.scenario is not None:
        sandbox.use_scenario(start.scenario)
    for fault in start.faults:
        if "operation" in fault:
            sandbox.fault(**cast("dict[str, Any]", fault))
        else:
            sandbox.add_rule(cast("Rule", fault))
    node.stash[_sandbox] = sandbox
    yield sandbox
    sandbox.end()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Rejects a marker without effect."""
    has_fixture = "leadconduit" in cast("list[str]", getattr(item, "fixturenames", []))
    if item.get_closest_marker("leadconduit") is not None and not has_fixture:
        raise pytest.UsageError(
            f"{item.nodeid} has the marker `leadconduit`, but does not use the fixture of that name: add the argument "
            '`leadconduit`, or `@pytest.mark.usefixtures("leadconduit")`'
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds what the sandbox saw to the report of a failed test."""
    report = yield
    sandbox = item.stash.get(_sandbox, None)
    if call.when == "call" and report.failed and sandbox is not None:
        try:
            text = describe_failure(sandbox)
        except Exception as error:  # noqa: BLE001 The failure of the test counts, not that of its description.
            text = f"the journal cannot be read: {error}"
        if text is not None:
            report.sections.append((f"leadconduit-mock, sandbox {sandbox.name}", text))
    return report


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Collects the verdict, once the fixtures and the workers have ended and before the summary is printed."""
    result = yield
    config = session.config
    if not hasattr(config, "workerinput") and _folder in config.stash:
        shared = SharedServer(config.stash[_folder])
        shared.wait_until_stopped()
        reports = shared.reports()
        if reports:
            exit_code, text = merged_report(reports, cast("list[str]", config.getini("leadconduit_report")))
            config.pluginmanager.register(_Verdict(exit_code, text), "leadconduit_verdict")
            if exit_code != 0 and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


class _Verdict:
    """Prints the verdict at the end of a test run."""

    def __init__(self, exit_code: int, text: str) -> None:
        self._exit_code = exit_code
        self._text = text

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Writes the section."""
        color = {"green": True} if self._exit_code == 0 else {"red": True}
        terminalreporter.write_sep("=", "leadconduit-mock", **color)
        text = self._text.rstrip()
        if terminalreporter.config.get_verbosity() < 1:
            # Coverage in detail follows the verdict and the violations.
            text, separator, _ = text.partition("\n\nOperations\n")
            text += "\n\n-v shows the coverage of operations, parameters and fields" if separator else ""
        terminalreporter.write_line(text)
