"""A sandbox: one isolated world of a server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from .control import ControlClient, ControlError
from .control_api import (
    Clock,
    Coverage,
    Explanation,
    Fault,
    Rule,
    Scenario,
    ServeEvent,
    Snapshot,
    Verdict,
)

DEFAULT_API_KEY = "2f1d5f29915b866c7a2fa5de29613104"
"""The key of a user in the built-in scenarios."""

DEFAULT_SUPERUSER_API_KEY = "00000000000000000000000000000000000000aa"
"""The key of a superuser in the built-in scenarios."""


@dataclass(frozen=True)
class ServerAddress:
    """How to reach a server, and the keys of its scenarios."""

    url: str
    api_key: str = DEFAULT_API_KEY
    superuser_api_key: str = DEFAULT_SUPERUSER_API_KEY
    admin_token: str | None = None


class VerificationError(AssertionError):
    """A client did not do what it was expected to do. The message is the verdict as text."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict["text"])
        self.verdict = verdict


class SandboxClock:
    """The clock of a sandbox."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def show(self) -> Clock:
        """The time and the mode of the clock."""
        return cast("Clock", self._control.call("GET", "/clock"))

    def freeze(self, time: str | datetime | None = None) -> Clock:
        """Freezes the clock, at its current time or at an RFC 3339 time (a `datetime` needs a time zone)."""
        if isinstance(time, datetime):
            if time.tzinfo is None:
                raise ValueError(f"{time!r} has no time zone: write `.replace(tzinfo=timezone.utc)`")
            time = time.isoformat()
        return cast("Clock", self._control.call("PUT", "/clock", {"freeze": time or True}))

    def advance(self, duration: int | str) -> Clock:
        """Advances the clock by milliseconds, or by a duration such as ``"90s"`` or ``"14d"``."""
        return cast("Clock", self._control.call("PUT", "/clock", {"advance": duration}))

    def resume(self) -> Clock:
        """Resumes the clock from its current time."""
        return cast("Clock", self._control.call("PUT", "/clock", {"resume": True}))


class Sandbox:
    """One isolated world of a server: its scenario, faults, clock, journal and documents."""

    def __init__(self, address: ServerAddress, name: str) -> None:
        suffix = "" if name == "default" else f"+{name}"
        self.name = name
        """The name of the sandbox."""
        self.url = address.url
        """The root URL of the server. Requests with `api_key` are served by this sandbox."""
        self.sandbox_url = f"{address.url}/__sandbox/{name}"
        """A base URL that selects this sandbox, for clients with a fixed API key."""
        self.api_key = address.api_key + suffix
        """The API key of a user. It ends in the sandbox's name, so that unchanged clients use the sandbox."""
        self.superuser_api_key = address.superuser_api_key + suffix
        """The API key of a superuser. It ends in the sandbox's name too."""
        self.control = ControlClient(address.url, name, address.admin_token)
        """The control API, for the calls that have no method here."""
        self.clock = SandboxClock(self.control)
        """The clock."""

    def use_scenario(self, name: str, *, keep_world: bool = False) -> Scenario:
        """Switches to a scenario. The world starts anew, unless `keep_world` is set; the journal is kept."""
        return cast("Scenario", self.control.call("PUT", "/scenario", {"name": name, "keep_world": keep_world}))

    def fault(
        self,
        operation: str | Sequence[str] | None = None,
        *,
        status: int | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        delay: int | str | Mapping[str, object] | None = None,
        fault: str | None = None,
        when: Mapping[str, object] | None = None,
        then: Mapping[str, object] | None = None,
        **rule: Any,
    ) -> Fault:
        """Adds a fault, which applies from the next request on.

        The first arguments are the short form of the most common parts of a rule: ``when: {operation}`` and ``then:
        {status, body, headers, delay, fault}``. The others are the keys of a rule: ``times``, ``after``,
        ``probability``, ``ttl_ms``, ``name``, ``steps`` and so on.

            leadconduit.fault("list_connections", status=503, times=2)
        """
        conditions = {**_present(operation=operation), **(when or {})}
        effects = {**_present(status=status, body=body, headers=headers, delay=delay, fault=fault), **(then or {})}
        document = {**_present(when=conditions or None, then=effects or None), **rule}
        return self.add_rule(cast("Rule", document))

    def add_rule(self, rule: Rule) -> Fault:
        """Adds a fault that is written as a rule of the scenario language."""
        return cast("Fault", self.control.call("POST", "/faults", rule))

    def faults(self) -> list[Fault]:
        """The faults that were added, in the order in which they are evaluated."""
        return cast("list[Fault]", self.control.call("GET", "/faults")["faults"])

    def remove_faults(self, fault_id: str | None = None) -> None:
        """Removes one fault, or all of them."""
        self.control.call("DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}")

    def requests(self, **filters: str | int | bool) -> list[ServeEvent]:
        """The exchanges in the journal, newest first.

        Filters are ``operation``, ``status``, ``method``, ``violations``, ``unmatched``, ``since``, ``limit``,
        ``before`` and ``after``.
        """
        return cast("list[ServeEvent]", self.control.call("GET", "/requests", query=filters)["requests"])

    def verify(self, expectations: object, *, wait_ms: int = 0) -> Verdict:
        """Compares the journal with expectations, and raises `VerificationError` when they are not met.

        It waits up to `wait_ms` for them to be met.

            leadconduit.verify([{"operation": "repair_connection", "exactly": 1}, {"no_violations": True}])
        """
        # pytest shows the line of the test in place of this method.
        __tracebackhide__ = True
        verdict = cast("Verdict", self.control.call("POST", "/verify", expectations, query={"wait": wait_ms}))
        if not verdict["passed"]:
            raise VerificationError(verdict)
        return verdict

    def explain(
        self,
        method: str | None = None,
        path: str | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        exchange: int | str | None = None,
    ) -> Explanation:
        """Explains how the response to a request comes about: ``explain("GET", "/account")``. Changes nothing.

        ``explain(exchange=7)`` explains a response in the journal.
        """
        request = _present(method=method, path=path, key=key, headers=headers, body=body, exchange=exchange)
        return cast("Explanation", self.control.call("POST", "/explain", request))

    def coverage(self) -> Coverage:
        """What the client has exercised, and how it broke the contract."""
        return cast("Coverage", self.control.call("GET", "/coverage"))

    def snapshot(self, name: str) -> Snapshot:
        """Saves the world under a name."""
        return cast("Snapshot", self.control.call("POST", f"/snapshots/{name}"))

    def restore(self, name: str) -> None:
        """Restores a saved world."""
        self.control.call("POST", f"/snapshots/{name}/restore")

    def reset(self) -> None:
        """Resets this sandbox to the start of its scenario, and clears its journal and coverage."""
        self.control.call("POST", "/reset")

    def end(self) -> None:
        """Ends the sandbox and releases its memory. What its client exercised still counts in reports."""
        try:
            self.control.call("DELETE", f"/sandboxes/{self.name}")
        except ControlError as error:
            # The sandbox was not used, or has been ended already.
            if error.status != 404:
                raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self.url}>"


def _present(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def sandbox_name(title: str) -> str:
    """The name of a new sandbox: readable, valid, and different for each call."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[-48:]
    return f"{readable or 'test'}-{uuid.uuid4().hex[:8]}"
