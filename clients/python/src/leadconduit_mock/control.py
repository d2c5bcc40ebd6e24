"""Calls of the control API."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import quote, urlencode, urlsplit

Method = Literal["GET", "POST", "PUT", "DELETE"]

CALL_TIMEOUT_S = 90
"""How long a call can take. A verification waits for 60 seconds at most."""


class ControlError(Exception):
    """The server rejected a control call. The message says what to do instead."""

    def __init__(self, call: str, status: int, problem: object) -> None:
        super().__init__(f"{call}: {_describe(problem, status)}")
        self.call = call
        self.status = status
        self.problem = problem


def _describe(problem: object, status: int) -> str:
    if not isinstance(problem, dict):
        return f"status {status}"
    fields = cast("dict[str, Any]", problem)
    # The diagnostics of an invalid rule or expectation contain the detail, and the place where it is wrong.
    diagnostics = [str(one) for one in cast("list[object]", fields.get("diagnostics") or [])]
    return "\n".join(diagnostics) or str(fields.get("detail") or fields.get("title") or f"status {status}")


@dataclass(frozen=True)
class ControlClient:
    """A client of the control API that acts on one sandbox."""

    url: str
    sandbox: str
    admin_token: str | None = None

    def call(
        self, method: Method, path: str, body: object = None, *, query: Mapping[str, str | int | bool] | None = None
    ) -> Any:
        """Makes a call, such as ``call("GET", "/clock")``, and returns the JSON of its response.

        It raises `ControlError` when the server rejects the call, and `OSError` when it cannot be reached.
        """
        target = "/__admin" + quote(path)
        if query:
            pairs = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in query.items()}
            target += "?" + urlencode(pairs)
        headers = {"X-Mock-Sandbox": self.sandbox}
        if self.admin_token:
            headers["Authorization"] = f"Bearer {self.admin_token}"
        content = None
        if body is not None:
            content = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = self._connect()
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            text = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{self.url} does not respond as a leadconduit-mock: {error!r}") from error
        finally:
            connection.close()
        try:
            value: object = json.loads(text) if text else None
        except ValueError:
            value = text.decode(errors="replace")
        if response.status >= 300:
            raise ControlError(f"{method} {target}", response.status, value)
        return value

    def _connect(self) -> http.client.HTTPConnection:
        # Not urllib: proxies of the environment are for other hosts.
        parts = urlsplit(self.url)
        host = parts.hostname or "127.0.0.1"
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=CALL_TIMEOUT_S, context=context)
        return http.client.HTTPConnection(host, parts.port, timeout=CALL_TIMEOUT_S)
