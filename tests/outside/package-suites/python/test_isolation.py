"""200 tests in parallel on one server. Each changes its sandbox in a way that every other test would notice."""

import base64
import json
import urllib.error
import urllib.request

import pytest


def send(url, key, body=None):
    """The status and the header `Retry-After` of a response."""
    credentials = base64.b64encode(f"API:{key}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers)) as response:
            return response.status, response.headers.get("Retry-After")
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After")


@pytest.mark.parametrize("number", range(200))
def test_isolation(leadconduit, number, record_property):
    record_property("url", leadconduit.url)
    if number % 3 == 1:
        leadconduit.fault("list_connections", status=503, headers={"Retry-After": str(number)})
    if number % 3 == 2:
        leadconduit.use_scenario("sso-outage")
    listed = send(f"{leadconduit.url}/connections", leadconduit.api_key)
    body = {"connection_id": "5d9a4c421d011c553e000004"}
    repaired = send(f"{leadconduit.url}/connections", leadconduit.superuser_api_key, body)
    assert listed == ((503, str(number)) if number % 3 == 1 else (200, None))
    # A repair succeeds once in each world: 409 would mean that another test had made it.
    assert repaired[0] == (503 if number % 3 == 2 else 201)
    # The clock of one sandbox is not that of another.
    frozen = f"2030-01-01T{number // 60:02}:{number % 60:02}:00Z"
    leadconduit.clock.freeze(frozen)
    assert leadconduit.clock.show()["now"].startswith(frozen[:19])
    leadconduit.verify(
        [
            {"operation": "list_connections", "exactly": 1},
            {"operation": "repair_connection", "exactly": 1},
            {"no_violations": True},
        ]
    )
    assert len(leadconduit.requests()) == 2


@pytest.mark.leadconduit(scenario="sso-outage", faults=[{"operation": "get_account", "status": 503, "times": 1}])
def test_marker(leadconduit):
    statuses = [send(f"{leadconduit.url}/account", leadconduit.api_key)[0] for _ in range(2)]
    assert statuses == [503, 200]
    assert leadconduit.explain("GET", "/connections")["scenario"] == "sso-outage"
