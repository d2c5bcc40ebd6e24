"""Bytes on a raw socket, good and bad ones."""

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


def talk(sent, end_of_stream=False):
    """Everything that the server answers until it closes, or says nothing for a while."""
    with socket.create_connection((URL.hostname, URL.port), timeout=3) as connection:
        answer = b""
        try:
            connection.sendall(sent if isinstance(sent, bytes) else sent.encode("latin-1"))
            if end_of_stream:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            return answer.decode("latin-1"), "open"
        except ConnectionError:
            return answer.decode("latin-1"), "reset"
        return answer.decode("latin-1"), "closed"


def statuses(answer):
    # A body never holds this text, and every reply begins with it.
    return [int(reply[:3]) for reply in re.split(r"HTTP/1\.[01] ", answer)[1:]]


def report(name, good, seen):
    global failed
    if good:
        print(f"ok wire: {name}")
    else:
        failed += 1
        print(f"seen {str(seen)[:2000]}\nFAILED wire: {name}")


def good(name, sent, expected, end_of_stream=False):
    answer, end = talk(sent, end_of_stream)
    report(name, statuses(answer) == expected and end != "reset", (statuses(answer), end, answer))


def bad(name, sent, expected=([400],), end_of_stream=False):
    """A refusal, then the end of the connection, since nobody knows where the next request begins."""
    answer, end = talk(sent, end_of_stream)
    report(f"{name} is refused", statuses(answer) in expected and end != "open", (statuses(answer), end, answer))


# Good ones.
good("one request", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200])
good("two in a pipe", f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /account HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200, 200])
last = f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n"
pipe = f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /nothing HTTP/1.1\r\n{HOST}\r\nGET /user HTTP/1.1\r\n{HOST}\r\n" * 50
good("one hundred and fifty-one in a pipe, in order", pipe + last, [200, 404, 401] * 50 + [200])
body = '{"data_retention_in_days": 30}'
put = f"PUT /account HTTP/1.1\r\n{HOST}{KEY}Content-Type: application/json\r\n"
good("a write and a read in a pipe", f"{put}Content-Length: {len(body)}\r\n\r\n{body}{last}", [200, 200])
good("chunks with an extension and a trailer", f"{put}Transfer-Encoding: chunked\r\n{CLOSE}\r\n{len(body):x};a=b\r\n{body}\r\n0\r\nX-Sum: 1\r\n\r\n", [200])
good("a whole URL as the target", f"GET http://{URL.netloc}/user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200])
good("a blank line first", f"\r\n{last}", [200])
good("OPTIONS *", f"OPTIONS * HTTP/1.1\r\n{HOST}{CLOSE}\r\n", [204])
good("HTTP/1.0 without Host", f"GET /user HTTP/1.0\r\n{KEY}\r\n", [200])
good("a client that stops sending", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}\r\n", [200], end_of_stream=True)
good("a head in 20 kB", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}X-Long: {'x' * 20000}\r\n\r\n", [200])
good("ninety headers", f"GET /user HTTP/1.1\r\n{HOST}{KEY}{CLOSE}" + "".join(f"X-{i}: 1\r\n" for i in range(90)) + "\r\n", [200])

answer, end = talk(f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nGET /acc")
report("an answer does not wait for the rest of the next request", statuses(answer) == [200], (statuses(answer), end))
answer, end = talk(f"GET /user HTTP/1.1\r\n{HOST}{KEY}\r\nnonsense\r\n\r\n")
report("an answer is not lost to a mistake after it", statuses(answer) == [200, 400], (statuses(answer), end))

# Bad ones.
bad("no HTTP", "hello\r\n\r\n")
bad("random bytes", bytes(range(256)) * 8)
# What speaks another protocol could not read an answer.
bad("TLS", bytes.fromhex("160301020001") + b"\0" * 100, ([], [400]))
bad("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ([], [400]))
bad("HTTP/9.9", f"GET /user HTTP/9.9\r\n{HOST}\r\n")
bad("blanks in the target", f"GET /us er HTTP/1.1\r\n{HOST}\r\n")
bad("a header without a colon", f"GET /user HTTP/1.1\r\n{HOST}nonsense\r\n\r\n")
bad("a blank before the colon", f"GET /user HTTP/1.1\r\n{HOST}X-Key : 1\r\n\r\n")
bad("a NUL in a header", f"GET /user HTTP/1.1\r\n{HOST}X-Key: a\0b\r\n\r\n")
bad("a folded header", f"GET /user HTTP/1.1\r\n{HOST}X-Key: a\r\n b\r\n\r\n")
bad("a head too large", f"GET /user HTTP/1.1\r\n{HOST}X-Long: {'x' * 200000}\r\n\r\n", ([431],))
bad("a target too long", f"GET /{'x' * 200000} HTTP/1.1\r\n{HOST}\r\n", ([414], [431]))
bad("too many headers", f"GET /user HTTP/1.1\r\n{HOST}" + "X: 1\r\n" * 1000 + "\r\n", ([400], [431]))
bad("two lengths", f"{put}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}{last}")
bad("a length that is no number", f"{put}Content-Length: two\r\n\r\n{{}}{last}")
bad("a negative length", f"{put}Content-Length: -2\r\n\r\n{{}}{last}")
bad("a coding that is unknown", f"{put}Transfer-Encoding: gzip\r\n\r\n{{}}{last}")
bad("a chunk's size that is no number", f"{put}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{{}}\r\n0\r\n\r\n{last}")
bad("a body cut off", f"{put}Content-Length: 100\r\n\r\n{{}}", end_of_stream=True)
bad("chunks cut off", f"{put}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n", end_of_stream=True)
bad("a head cut off", f"GET /user HTTP/1.1\r\n{HOST}", ([], [400]), end_of_stream=True)

# Length and chunks at once are how requests are smuggled. Whichever is believed, what follows must not be a request.
both = f"{put}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{last}"
answer, end = talk(both)
report("length and chunks at once end the connection", len(statuses(answer)) <= 1 and end != "open", (statuses(answer), end, answer))
bad("two Hosts", f"GET /user HTTP/1.1\r\n{HOST}{HOST}{KEY}{CLOSE}\r\n")
bad("no Host", f"GET /user HTTP/1.1\r\n{KEY}{CLOSE}\r\n")
sys.exit(1 if failed else 0)
