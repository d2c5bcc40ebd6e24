"""The repair of a connection with clients of Python that have LeadConduit's host built in. The argument is the client."""

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from base64 import b64encode

HOST = "https://app.leadconduit.com"
SSO_ONLY = "5d9a4c421d011c553e000004"


def with_requests(method, path, headers, body):
    import requests

    response = requests.request(method, HOST + path, headers=headers, data=body, timeout=60)
    return response.status_code, response.text


def with_httpx(method, path, headers, body):
    import httpx

    response = httpx.request(method, HOST + path, headers=headers, content=body, timeout=60)
    return response.status_code, response.text


def with_urllib3(method, path, headers, body):
    import urllib3

    # It reads no variables for proxies; the certificates are those of OpenSSL.
    pool = urllib3.ProxyManager(os.environ["HTTPS_PROXY"])
    response = pool.request(method, HOST + path, headers=headers, body=body, timeout=60, retries=False)
    return response.status, response.data.decode()


def with_aiohttp(method, path, headers, body):
    import aiohttp

    async def call():
        async with aiohttp.ClientSession(trust_env=True) as session:
            async with session.request(method, HOST + path, headers=headers, data=body) as response:
                return response.status, await response.text()

    return asyncio.run(call())


def with_urllib(method, path, headers, body):
    request = urllib.request.Request(HOST + path, data=body and body.encode(), headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


call = globals()["with_" + sys.argv[1]]


def send(expected, key, method, path, value=None):
    headers = {"Accept": "application/json", "Authorization": "Basic " + b64encode(b"API:" + key.encode()).decode()}
    if value is not None:
        headers["Content-Type"] = "application/json"
    status, text = call(method, path, headers, None if value is None else json.dumps(value))
    assert status == expected, f"{method} {path}: {status} in place of {expected}: {text}"
    return json.loads(text)


def status_of(connections):
    return next(one["status"] for one in connections if one["id"] == SSO_ONLY)


KEY, SUPERUSER = os.environ["LEADCONDUIT_API_KEY"], os.environ["LEADCONDUIT_SUPERUSER_API_KEY"]
assert status_of(send(200, KEY, "GET", "/connections")) == "sso_only"
send(201, SUPERUSER, "POST", "/connections", {"connection_id": SSO_ONLY})
send(409, SUPERUSER, "POST", "/connections", {"connection_id": SSO_ONLY})
assert status_of(send(200, KEY, "GET", "/connections")) == "completed"
assert send(200, KEY, "GET", "/user")["id"]
send(200, SUPERUSER, "POST", "/account_sso_sync", {})
