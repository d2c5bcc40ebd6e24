"""Valid and malformed requests on a raw socket."""

import re
import socket
import sys
from base64 import b64encode
from urllib.parse import urlsplit

URL = urlsplit(sys.argv[1])
HOST = f"Host: {URL.netloc}\r\n"
KEY = f"Authorization: Basic {b64encode(b'API:2f1d5f29915b866c7a2fa5de29613104').decode()}\r\n"
CLOSE = "Connection: close\r\n"
failed = 0


def exchange(sent, end_of_stream=False):
    """Everything that the server sends until it closes, resets or is silent for 3 seconds, and which of these it was."""
    with socket.create_connection((URL.hostname, URL.port), timeout=3) as connection:
        received = b""
        try:
            connection.sendall(sent if isinstance(sent, bytes) else sent.encode("latin-1"))
            if end_of_stream:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            return received.decode("latin-1"), "open"
        except ConnectionError:
            return received.decode("latin-1"), "reset"
        return received.decode("latin-1"), "closed"


def statuses(received):
    # Every response begins with this text, and no body contains it with a status.
    return [int(response[:3]) for response in re.split(r"HTTP/1\.[01] (?=[1-5][0-9]{2} )", received)[1:]]


def report(name, passed, found):
    global failed
    if passed:
        print(f"ok wire: {name}")
    else:
        failed += 1
        print(f"found {str(found)[:2000]}\nFAILED wire: {name}")


def accepted(name, sent, expected, end_of_stream=False):
    received, end = exchange(sent, end_of_stream)
    report(name, statuses(received) == expected and end != "reset", (statuses(received), end, received))


def rejected(name, sent, expected=400, end_of_stream=False):
    """A problem, then the end of the connection, without a reset: the start of the next request is unknown."""
    received, end = exchange(sent, end_of_stream)
    head, _, body = received.partition("\r\n\r\n")
    passed = (
        statuses(received) == [expected]
        and end == "closed"
        and "Connection: close" in head
        and "Access-Control-Allow-Origin: *" in head
        and body.startswith("{")
    )
    report(f"{name} is rejected", passed, (statuses(received), end, received))


# Valid requests.
accepted("one request", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200])
accepted("two in a pipe", f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /account HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200, 200])
last = f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n"
pipe = f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /nothing HTTP/1.1\r\n{HOST}\r\nGET /user HTTP/1.1\r\n{HOST}\r\n" * 50
accepted("one hundred and fifty-one in a pipe, in order", pipe + last, [200, 404, 401] * 50 + [200])
body = '{"data_retention_in_days": 30}'
put = f"PUT /account HTTP/1.1\r\n{HOST}{KEY}Content-Type: application/json\r\n"
accepted("a write and a read in a pipe", f"{put}Content-Length: {len(body)}\r\n\r\n{body}{last}", [200, 200])
accepted("chunks with an extension and a trailer", f"{put}Transfer-Encoding: chunked\r\n{CLOSE}\r\n{len(body):x};a=b\r\n{body}\r\n0\r\nX-Sum: 1\r\n\r\n", [200])
accepted("a whole URL as the target", f"GET http://{URL.netloc}/user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200])
accepted("a blank line first", f"\r\n{last}", [200])
accepted("OPTIONS *", f"OPTIONS * HTTP/1.1\r\n{HOST}{CLOSE}\r\n", [204])
accepted("HTTP/1.0 without Host", f"GET /user HTTP/1.0\r\n{KEY}\r\n", [200])
accepted("a client that stops sending", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200], end_of_stream=True)
accepted("a head in 20 kB", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}X-Long: {'x' * 20000}\r\n\r\n", [200])
accepted("ninety headers", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}" + "".join(f"X-{i}: 1\r\n" for i in range(90)) + "\r\n", [200])

received, end = exchange(f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /acc")
report("a response does not wait for the rest of the next request", statuses(received) == [200], (statuses(received), end))
received, end = exchange(f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nnonsense\r\n\r\n")
report("a response is not lost to a malformed request after it", statuses(received) == [200, 400], (statuses(received), end))

# Malformed requests.
rejected("no HTTP", "hello\r\n\r\n")
rejected("random bytes", bytes(range(256)) * 8)
received, end = exchange(bytes.fromhex("160301020001") + b"\0" * 100)
report("TLS gets an alert", (received, end) == ("\x15\x03\x03\0\x02\x02\x28", "closed"), (received, end))
received, end = exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\4\0\0\0\0\0")
report("the preface of HTTP/2 gets a frame with settings", received[3:4] == "\4", (received, end))
rejected("HTTP/9.9", f"GET /user HTTP/9.9\r\n{HOST}\r\n", 505)
rejected("blanks in the target", f"GET /us er HTTP/1.1\r\n{HOST}\r\n")
rejected("a header without a colon", f"GET /user HTTP/1.1\r\n{HOST}nonsense\r\n\r\n")
rejected("a blank before the colon", f"GET /user HTTP/1.1\r\n{HOST}X-Key : 1\r\n\r\n")
rejected("a NUL in a header", f"GET /user HTTP/1.1\r\n{HOST}X-Key: a\0b\r\n\r\n")
rejected("a folded header", f"GET /user HTTP/1.1\r\n{HOST}X-Key: a\r\n b\r\n\r\n")
rejected("a head too large", f"GET /user HTTP/1.1\r\n{HOST}X-Long: {'x' * 200000}\r\n\r\n", 431)
rejected("a target too long", f"GET /{'x' * 200000} HTTP/1.1\r\n{HOST}\r\n", 414)
rejected("too many headers", f"GET /user HTTP/1.1\r\n{HOST}" + "X: 1\r\n" * 1000 + "\r\n", 431)
rejected("two lengths", f"{put}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}{last}")
rejected("a length that is no number", f"{put}Content-Length: two\r\n\r\n{{}}{last}")
rejected("a negative length", f"{put}Content-Length: -2\r\n\r\n{{}}{last}")
rejected("a coding that is unknown", f"{put}Transfer-Encoding: gzip\r\n\r\n{{}}{last}")
rejected("a chunk's size that is no number", f"{put}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{{}}\r\n0\r\n\r\n{last}")
rejected("a body cut off", f"{put}Content-Length: 100\r\n\r\n{{}}", end_of_stream=True)
rejected("chunks cut off", f"{put}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n", end_of_stream=True)
rejected("a head cut off", f"GET /user HTTP/1.1\r\n{HOST}", end_of_stream=True)

# Request smuggling: with both a length and chunks, the bytes after the body must not count as a request.
both = f"{put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{last}"
received, end = exchange(both)
report("length and chunks at once end the connection", len(statuses(received)) <= 1 and end != "open", (statuses(received), end, received))
rejected("two Hosts", f"GET /user HTTP/1.1\r\n{HOST}{HOST}{KEY}{CLOSE}\r\n")
rejected("no Host", f"GET /user HTTP/1.1\r\n{KEY}{CLOSE}\r\n")
sys.exit(1 if failed else 0)
