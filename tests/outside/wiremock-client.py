"""Reads the journal with the Python package `wiremock`, as a test that was written for WireMock does."""

import sys

import requests
from wiremock.constants import Config
from wiremock.exceptions import ClientException, NotFoundException
from wiremock.resources.near_misses import NearMissMatchPatternRequest, NearMissMatchRequest
from wiremock.resources.near_misses.resource import NearMisses
from wiremock.resources.requests.resource import Requests

url = sys.argv[1]
Config.base_url = url + "/__admin"
jane = ("API", "2f1d5f29915b866c7a2fa5de29613104")
failed = 0


def expect(name, actual, expected):
    global failed
    if actual == expected:
        print(f"ok wiremock, Python: {name}")
    else:
        failed += 1
        print(f"expected {expected!r}\nactual   {actual!r}\nFAILED wiremock, Python: {name}")


def raised(error, call, *arguments):
    try:
        call(*arguments)
    except error as exception:
        return type(exception).__name__
    return None


def pattern(**keys):
    return NearMissMatchPatternRequest(**keys)


requests.get(url + "/user", auth=jane)
requests.get(url + "/connections?relationship_type=seller", auth=jane)
credential = {"name": "CRM", "type": "user", "package": "leadconduit-default", "username": "jane", "password": "hush"}
requests.post(url + "/credentials", auth=jane, json=credential)
requests.get(url + "/conections", auth=jane)

listed = Requests.get_all_received_requests()
expect("all requests, newest first", [one.request.url for one in listed.requests],
       ["/conections", "/credentials", "/connections?relationship_type=seller", "/user"])
expect("the number of requests", (listed.meta.total, listed.request_journal_disabled), (4, False))
expect("the responses", [one.response_definition.status for one in listed.requests], [404, 201, 200, 200])
expect("a header", listed.requests[1].request.headers["Content-Type"], "application/json")
expect("the API key is redacted", listed.requests[1].request.headers["Authorization"], "Basic ***")
expect("the password is redacted", "hush" in listed.requests[1].request.body, False)
expect("a limit", [one.request.url for one in Requests.get_all_received_requests(limit=1, parameters={}).requests],
       ["/conections"])
first = listed.requests[0].request.logged_date_string
expect("since a time", Requests.get_all_received_requests(since=first, parameters={}).requests[0].request.url, "/conections")

one = Requests.get_request(listed.requests[3].id)
expect("one request", (one.id, one.request.method, one.request.url), (listed.requests[3].id, "GET", "/user"))
expect("an unknown request", raised(NotFoundException, Requests.get_request, "76ada7b0-49ae-4229-91c4-396a36f18e09"),
       "NotFoundException")

expect("count by path", Requests.get_matching_request_count(pattern(method="GET", url_path="/connections")).count, 1)
expect("count by method", Requests.get_matching_request_count(pattern(method="GET")).count, 3)
expect("count by header",
       Requests.get_matching_request_count(pattern(method="POST", headers={"Content-Type": {"contains": "json"}})).count, 1)
expect("count by body",
       Requests.get_matching_request_count(pattern(url="/credentials", body_patterns=[{"matchesJsonPath": "$.name"}])).count, 1)
expect("count by query",
       Requests.get_matching_request_count(pattern(query_parameters={"relationship_type": {"equalTo": "seller"}})).count, 1)
expect("count by URL pattern", Requests.get_matching_request_count(pattern(url_pattern="/con.*")).count, 2)
expect("find", [one.url for one in Requests.get_matching_requests(pattern(method="POST")).requests], ["/credentials"])
expect("an invalid pattern", raised(ClientException, Requests.get_matching_request_count, pattern(url_pattern="(")),
       "ClientException")

expect("unmatched", [one.url for one in Requests.get_unmatched_requests().requests], ["/conections"])
near = Requests.get_unmatched_requests_near_misses().near_misses
expect("near misses of unmatched requests", (len(near), near[0].request.url, 0 < near[0].match_result.distance < 0.2),
       (3, "/conections", True))
near = NearMisses.find_nearest_misses_by_request(NearMissMatchRequest(method="GET", url="/user")).near_misses
expect("near misses of a request", (near[0].request.url, near[0].match_result.distance), ("/user", 0.0))
near = NearMisses.find_nearest_misses_by_request_pattern(pattern(method="PUT", url="/user")).near_misses
expect("near misses of a pattern", (near[0].request.url, near[0].request_pattern.method, near[0].match_result.distance > 0),
       ("/user", "PUT", True))

Requests.reset_request_journal()
expect("a reset empties the journal", Requests.get_all_received_requests(parameters={}).meta.total, 0)
sys.exit(1 if failed else 0)
