"""Responses that a client can miss: those to bodies that are too large, and those in gzip. Python's own client."""

import gzip
import http.client
import json
import sys
from base64 import b64encode
from urllib.parse import urlsplit

URL = urlsplit(sys.argv[1])
HEADERS = {
    "Authorization": "Basic " + b64encode(b"API:2f1d5f29915b866c7a2fa5de29613104").decode(),
    "Content-Type": "application/json",
}
failed = 0


def report(name, passed, found):
    global failed
    if passed:
        print(f"ok http-clients: python {name}")
    else:
        failed += 1
        print(f"found {str(found)[:2000]}\nFAILED http-clients: python {name}")


def call(method, path, body=None, headers=None, **options):
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
    connection.request(method, path, body=body, headers=HEADERS | (headers or {}), **options)
    response = connection.getresponse()
    content = response.read()
    if response.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    connection.close()
    return response, content


# Many runs, because a lost response is a matter of timing.
for size in (1_100_000, 8_000_000, 60_000_000):
    statuses = [call("POST", "/credentials", b"x" * size)[0].status for _ in range(5)]
    report(f"receives 413 for {size} bytes", statuses == [413] * 5, statuses)
chunks = [call("POST", "/credentials", (b"x" * 100_000 for _ in range(80)), encode_chunked=True)[0].status for _ in range(5)]
report("receives 413 for chunks", chunks == [413] * 5, chunks)

response, content = call("GET", "/connections", headers={"Accept-Encoding": "gzip"})
report("reads a gzip response", response.headers["Content-Encoding"] == "gzip" and len(json.loads(content)) > 0, content)
plain = call("GET", "/connections")
report("gets the same content without", plain[1] == content and plain[0].headers["ETag"] == response.headers["ETag"], plain[0].headers)
body = gzip.compress(json.dumps({"data_retention_in_days": 7}).encode())
response, content = call("PUT", "/account", body, {"Content-Encoding": "gzip"})
report("sends a gzip body", response.status == 200 and json.loads(content)["data_retention_in_days"] == 7, content)
bomb = gzip.compress(b" " * 100_000_000)
response, content = call("PUT", "/account", bomb, {"Content-Encoding": "gzip"})
report("receives 413 for a body that grows", response.status == 413, content)
sys.exit(1 if failed else 0)
