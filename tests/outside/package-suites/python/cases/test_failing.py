"""A test that fails, for what its report shows."""

import json
import urllib.error
import urllib.request
from base64 import b64encode

import pytest


def test_a_rejected_repair(leadconduit):
    credentials = b64encode(f"API:{leadconduit.superuser_api_key}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    body = json.dumps({"connection": "5d9a4c421d011c553e000004"}).encode()
    request = urllib.request.Request(f"{leadconduit.url}/connections", body, headers)
    with pytest.raises(urllib.error.HTTPError) as rejected:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    leadconduit.verify([{"operation": "repair_connection", "status": rejected.value.code}])
    leadconduit.verify([{"no_violations": True}])
