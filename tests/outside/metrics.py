"""Sends requests and compares their counts with the samples that both parsers of prometheus_client read."""

import base64
import json
import sys
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic

url = sys.argv[1]
key = base64.b64encode(b"API:2f1d5f29915b866c7a2fa5de29613104").decode()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
failed = 0


def send(method, path, body=None, sandbox="default"):
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json", "X-Mock-Sandbox": sandbox}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, headers=headers, method=method)
    try:
        with opener.open(request, timeout=20) as response:
            return response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.headers, error.read().decode()


def expect(name, expected, found):
    global failed
    if expected == found:
        print(f"ok metrics: {name}")
    else:
        print(f"expected {expected}\nfound    {found}\nFAILED metrics: {name}")
        failed += 1


def scrape(parser):
    """The media type, samples by name and labels, and the types of families."""
    headers, text = send("GET", "/__admin/metrics")
    families = list(parser(text))
    samples = {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}
    return headers["content-type"], samples, {family.name: family.type for family in families}


for _ in range(3):
    send("GET", "/connections")
send("GET", "/user", sandbox="other")
send("GET", "/nothing-there")
send("POST", "/connections", {"connection_id": 7})
body = {"error": "busy"}
fault = {"name": 'a "quoted" one', "when": {"operation": "list_credentials"}, "then": {"status": 503, "delay": 1, "body": body}}
send("POST", "/__admin/faults", fault)
send("GET", "/credentials")

prefix = "leadconduit_mock_"
operation = {}
for path, items in json.loads(send("GET", "/__admin/openapi.json")[1])["paths"].items():
    for method, item in items.items():
        if isinstance(item, dict) and "operationId" in item:
            operation[method.upper() + " " + path] = item["operationId"]

for name, parser in (("openmetrics", openmetrics), ("classic", classic)):
    media_type, samples, types = scrape(parser)
    expect(f"{name}: media type", "application/openmetrics-text; version=1.0.0; charset=utf-8", media_type)

    def count(what, **labels):
        return samples.get((prefix + what, *sorted(labels.items())))

    connections = operation["GET /connections"]
    expect(f"{name}: requests", 3, count("requests_total", operation=connections, status="200"))
    expect(f"{name}: requests of another sandbox", 1, count("requests_total", operation=operation["GET /user"], status="200"))
    expect(f"{name}: requests without an operation", 1, count("requests_total", operation="none", status="404"))
    expect(f"{name}: unmatched", 1, count("unmatched_total"))
    expect(f"{name}: violating", 1, count("violating_requests_total"))
    codes = [value for key, value in samples.items() if key[0] == prefix + "violations_total"]
    expect(f"{name}: violations", True, sum(codes) >= 1)
    buckets = [
        (float(dict(key[1:])["le"]), value)
        for key, value in samples.items()
        if key[0] == prefix + "request_duration_seconds_bucket" and ("operation", connections) in key
    ]
    expect(f"{name}: the last bucket has all requests", (sorted(buckets), (float("inf"), 3)), (buckets, buckets[-1]))
    expect(f"{name}: buckets are cumulative", sorted(v for _, v in buckets), [v for _, v in buckets])
    expect(f"{name}: durations", 3, count("request_duration_seconds_count", operation=connections))
    total = count("request_duration_seconds_sum", operation=connections)
    expect(f"{name}: durations are in seconds", True, 0 < total < 1)
    faults = {kind: count("faults_total", kind=kind) for kind in ("status", "delay")}
    expect(f"{name}: faults", {"status": 1, "delay": 1}, faults)
    expect(f"{name}: sandboxes", 2, count("sandboxes"))
    expect(f"{name}: journal", (6, 1, True), (count("journal_entries"), count("journal_dropped_total"), count("journal_bytes") > 0))
    expect(f"{name}: build", 1, next((v for k, v in samples.items() if k[0] == prefix + "build_info"), None))
    if parser is openmetrics:
        expected = {"requests": "counter", "request_duration_seconds": "histogram", "sandboxes": "gauge", "build": "info"}
        expect(f"{name}: types", expected, {family: types.get(prefix + family) for family in expected})

sys.exit(1 if failed else 0)
