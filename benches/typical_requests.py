#!/usr/bin/env python3
"""Sends typical requests to a server: what deploy/update-profile counts.

    benches/typical_requests.py BINARY

The requests of benches/instructions.py over several connections at once, leads of different persons, and the reads that take
longest on `busy-account`. Each server is started and ended as users do it, so that its start counts too.
"""

import concurrent.futures
import http.client
import json
import sys
import urllib.parse

import instructions

CONNECTIONS = 8
# Of each request, over all connections.
COUNT = 4000
LONG_READ_COUNT = 30
SPAN = "start=2000-01-01&end=2099-01-01"
RULES = urllib.parse.quote(json.dumps([{"lhv": "lead.state", "op": "is equal to", "rhv": "TX"}]))
REPORT = json.dumps({"name": "By state", "group_by": ["lead.state"]})
LONG_READS = [
    ("POST", f"/reports/preview?{SPAN}&columns=source-submitted&columns=revenue", REPORT),
    ("GET", f"/events/stats?{SPAN}&group_by=flow.id&interval=monthly&column=source-submitted&column=cost", None),
    ("GET", "/events/event-metrics/count?timeframe=this_90_days", None),
    ("GET", "/events/event-metrics/median?max_age=100000000&group_by=type", None),
    ("GET", "/search/leads?query=austin&limit=10", None),
    ("GET", f"/events?limit=10&rules={RULES}", None),
    ("GET", "/events?limit=100", None),
    ("GET", "/caps", None),
    ("GET", "/connections", None),
]
PLACES = [("512", "Austin", "TX", "78704"), ("312", "Chicago", "IL", "60614-3307"), ("416", "Toronto", "ON", "M5V 2T6")]
CREDENTIAL = '{"name":"x","type":"user","package":"leadconduit-default","username":"u","password":"p"}'


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=instructions.TIMEOUT_S)


def lead(number):
    """The fields of a lead as sources send them, in several ways."""
    area, city, state, postal_code = PLACES[number % len(PLACES)]
    line = f"{200 + number % 800:03}-{number % 10_000:04}"
    return {
        "first_name": f"Ann{number % 97}",
        "last_name": "Blow",
        "email": f"ann.{number}@{('example.com', 'gmail.com')[number % 2]}",
        "phone_1": (f"{area}-{line}", f"({area}) {line}", f"+1 {area} {line}")[number % 7 % 3],
        "city": city,
        "state": state,
        "postal_code": postal_code,
    }


def send_leads(port):
    connection = connect(port)
    for number in range(COUNT // CONNECTIONS):
        for path, status in [("/submit", 201), ("/ping", 200)]:
            body = urllib.parse.urlencode(lead(number))
            instructions.request(connection, (path, "POST", instructions.SOURCE + path, instructions.FORM, body, status))
    connection.close()


def send_cases(port):
    connection = connect(port)
    for case in instructions.CASES:
        for _ in range(COUNT // CONNECTIONS):
            instructions.request(connection, case)
    connection.close()


def send_long_reads(port):
    connection = connect(port)
    for _ in range(LONG_READ_COUNT):
        for method, path, body in LONG_READS:
            # A write, after which no response is that of a cache.
            instructions.request(connection, ("write", "POST", "/credentials", instructions.JSON, CREDENTIAL, 201))
            media_type = body and instructions.JSON
            instructions.request(connection, (path, method, path, media_type, body, 200))
    connection.close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = sys.argv[1]
    with instructions.running(binary) as port, concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        for send in (send_cases, send_leads):
            for done in [pool.submit(send, port) for _ in range(CONNECTIONS)]:
                done.result()
    with instructions.running(binary, "--scenario", "busy-account") as port:
        send_long_reads(port)


if __name__ == "__main__":
    main()
