"""httpx with HTTP/2: requests, concurrent streams, events and faults, over TLS."""

import json
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx

URL, SECURE, CA = sys.argv[1:]
AUTH = ("API", "2f1d5f29915b866c7a2fa5de29613104")
failed = 0


def report(name, passed, found=""):
    global failed
    if passed:
        print(f"ok tls: httpx: {name}")
    else:
        failed += 1
        print(f"found {str(found)[:2000]}\nFAILED tls: httpx: {name}")


def fault(name):
    rule = {"when": {"operation": "get_user"}, "then": {"fault": name, "times": 1}}
    httpx.post(f"{URL}/__admin/faults", content=json.dumps(rule), trust_env=False).raise_for_status()


context = ssl.create_default_context(cafile=CA)
with httpx.Client(http2=True, http1=False, verify=context, auth=AUTH, trust_env=False, timeout=20) as client:
    response = client.get(f"{SECURE}/user")
    found = (response.status_code, response.http_version, response.json().get("first_name"))
    report("a request", found == (200, "HTTP/2", "Jane"), found)

    body = {"name": "CRM", "type": "token", "package": "leadconduit-salesforce", "token": "x" * 300_000}
    response = client.post(f"{SECURE}/credentials", json=body)
    report("a large body", response.status_code == 201, response.text)

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: client.get(f"{SECURE}/connections").status_code, range(200)))
    report("200 requests on concurrent streams", statuses == [200] * 200, statuses)

    response = client.get(f"{SECURE}/user", auth=("API", "none"))
    report("an error", (response.status_code, response.json()) == (401, {"error": "authentication failed"}), response.text)

    with client.stream("GET", f"{SECURE}/__admin/events") as events:
        lines = events.iter_lines()
        first = next(lines)
        client.get(f"{SECURE}/user")
        event = next(line for line in lines if line.startswith("data:"))
    report("an event of a request on another stream", first == ": listening" and "get_user" in event, (first, event))

    for name in ("EMPTY_RESPONSE", "CONNECTION_RESET_BY_PEER", "TRUNCATED_BODY", "MALFORMED_RESPONSE_CHUNK"):
        fault(name)
        try:
            found = client.get(f"{SECURE}/user")
        except httpx.RemoteProtocolError as error:
            found = error
        report(f"{name} resets the stream", isinstance(found, httpx.RemoteProtocolError), found)
        report(f"the connection survives {name}", client.get(f"{SECURE}/user").status_code == 200)

sys.exit(1 if failed else 0)
