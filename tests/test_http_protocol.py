"""The server's protocol: the memo gives the same answers as the ordinary way; malformed requests are refused."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import BinaryIO

import pytest

from app.http.protocol import MAX_HEAD
from tests.serving import Serve, ServeOrigin

SLOW = b"X-Request-ID: the-ordinary-way\r\n"
PATHS = [
    b"/nutrients",
    b"/nutrients?limit=1",
    b"/nutrients/iron",
    b"/faq.jsonld",
    b"/",
    b"/docs",
    b"/comparison",
]
HEADERS = [
    b"",
    b"Accept-Encoding: gzip\r\n",
    b"Accept-Encoding: br, zstd;q=0.5\r\n",
    b"Accept: */*\r\nConnection: keep-alive\r\n",
    b"Accept: text/html\r\n",
    b"If-None-Match: *\r\n",
    b'If-None-Match: "other"\r\n',
    b"Origin: https://example.org\r\nCookie: a=b\r\n",
]

Answer = tuple[bytes, dict[bytes, bytes], bytes]


@pytest.fixture(scope="module")
def port(tiny_sqlite: str, api_server: ServeOrigin) -> Iterator[int]:
    with api_server(tiny_sqlite) as origin:
        yield int(origin.rpartition(":")[2])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def request(target: bytes, headers: bytes = b"", method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    return b"%s %s HTTP/%s\r\nHost: test\r\n%s\r\n" % (method, target, version, headers)


def read(stream: BinaryIO, *, body: bool = True) -> Answer:
    """One answer off a stream: status line, headers, body."""
    status = stream.readline()
    headers: dict[bytes, bytes] = {}
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        name, _, value = line.partition(b": ")
        assert name not in headers
        headers[name] = value
    length = int(headers.get(b"content-length", b"0")) if body and b" 304 " not in status else 0
    return status, headers, stream.read(length)


def ask(port: int, *requests: bytes) -> list[Answer]:
    """Send requests one after the other on one connection."""
    answers = []
    with closing(connect(port)) as connection, connection.makefile("rb") as stream:
        for sent in requests:
            connection.sendall(sent)
            answers.append(read(stream, body=not sent.startswith(b"HEAD")))
    return answers


def comparable(answer: Answer) -> Answer:
    status, headers, body = answer
    return status, {name: value for name, value in headers.items() if name not in (b"date", b"x-request-id")}, body


@pytest.mark.parametrize(("path", "headers"), list(product(PATHS, HEADERS)))
def test_the_memo_gives_the_same_answer(port: int, path: bytes, headers: bytes) -> None:
    ordinary = ask(port, request(path, headers + SLOW))[0]
    assert ordinary[1][b"x-request-id"] == b"the-ordinary-way"
    for answer in ask(port, *[request(path, headers)] * 3):
        assert comparable(answer) == comparable(ordinary)
        assert answer[1][b"x-request-id"] != b"the-ordinary-way"
        assert answer[1][b"date"]


def test_what_is_held_is_not_sent_again(port: int) -> None:
    status, headers, body = ask(port, *[request(b"/nutrients/iron")] * 2)[1]
    assert status.startswith(b"HTTP/1.1 200")
    same = request(b"/nutrients/iron", b"If-None-Match: %s\r\n" % headers[b"etag"])
    weak = request(b"/nutrients/iron", b"If-None-Match: W/%s\r\n" % headers[b"etag"])
    for answer in ask(port, same, weak, same):
        assert answer[0].startswith(b"HTTP/1.1 304")
        assert answer[2] == b""
        assert answer[1][b"etag"] == headers[b"etag"]
    assert len(body) > 0


@pytest.mark.parametrize("method", [b"HEAD", b"OPTIONS", b"POST"])
def test_other_methods_are_answered_as_such(port: int, method: bytes) -> None:
    ask(port, *[request(b"/nutrients/iron")] * 2)
    status = {b"HEAD": b"200", b"OPTIONS": b"204", b"POST": b"405"}[method]
    for _ in range(2):
        assert ask(port, request(b"/nutrients/iron", b"", method))[0][0].startswith(b"HTTP/1.1 " + status)


def test_requests_sent_at_once_are_answered_in_order(port: int) -> None:
    paths = [
        b"/nutrients/iron",
        b"/nutrients?limit=1",
        b"/nutrients/none",
        b"/nutrients/iron",
        b"/dataset?x=1",
        b"/faq",
    ]
    expected = [comparable(ask(port, request(path, SLOW))[0]) for path in paths]
    for _ in range(3):
        with closing(connect(port)) as connection, connection.makefile("rb") as stream:
            connection.sendall(b"".join(request(path) for path in paths))
            assert [comparable(read(stream)) for _ in paths] == expected


def test_a_request_may_come_in_pieces(port: int) -> None:
    whole = request(b"/nutrients/iron", b"Accept-Encoding: gzip\r\n")
    expected = comparable(ask(port, whole, whole)[1])
    with closing(connect(port)) as connection, connection.makefile("rb") as stream:
        for byte in whole:
            connection.sendall(bytes([byte]))
        assert comparable(read(stream)) == expected


def test_a_connection_is_closed_where_the_client_asks_for_it(port: int) -> None:
    for sent in (request(b"/nutrients/iron", b"Connection: close\r\n"), request(b"/nutrients/iron", version=b"1.0")):
        with closing(connect(port)) as connection, connection.makefile("rb") as stream:
            connection.sendall(sent)
            assert read(stream)[0].startswith(b"HTTP/1.1 200")
            assert stream.read() == b""


def raw(port: int, sent: bytes, *, shut: bool = False) -> bytes:
    """Everything that comes back for these bytes until the server closes."""
    with closing(connect(port)) as connection:
        connection.sendall(sent)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


END = b"Connection: close\r\n\r\n"
MALFORMED = {
    "no host": b"GET /livez HTTP/1.1\r\n" + END,
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END,
    "bad host": b"GET /livez HTTP/1.1\r\nHost: a b\r\n" + END,
    "host with a path": b"GET /livez HTTP/1.1\r\nHost: a/b\r\n" + END,
    "no version": b"GET /livez\r\n\r\n",
    "version 2.0": b"GET /livez HTTP/2.0\r\nHost: a\r\n" + END,
    "version 9.9": b"GET /livez HTTP/9.9\r\nHost: a\r\n" + END,
    "two spaces": b"GET  /livez HTTP/1.1\r\nHost: a\r\n" + END,
    "fragment": b"GET /livez#top HTTP/1.1\r\nHost: a\r\n" + END,
    "control character": b"GET /liv\x01ez HTTP/1.1\r\nHost: a\r\n" + END,
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "upgrade with a body": b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 37\r\n\r\nGET /nutrients HTTP/1.1\r\nHost: evil\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_in_full(port: int, name: str) -> None:
    received = raw(port, MALFORMED[name], shut=name in ("no version", "no HTTP at all"))
    assert received.count(b"HTTP/1.1 ") == 1, received
    status, _, rest = received.partition(b"\r\n")
    assert status.startswith(b"HTTP/1.1 400"), status
    head, _, body = rest.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"access-control-allow-origin: *" in head
    assert json.loads(body)["status"] == 400


def test_a_body_is_no_part_of_a_head(port: int) -> None:
    piece = b"x" * (MAX_HEAD // 10)
    with closing(connect(port)) as connection, connection.makefile("rb") as stream:
        connection.sendall(request(b"/livez", b"Content-Length: %d\r\n" % (20 * len(piece))))
        for _ in range(20):
            connection.sendall(piece)
            # else the next head may come in one piece with all of it
            time.sleep(0.01)
        connection.sendall(request(b"/readyz"))
        assert [read(stream)[0][9:12] for _ in range(2)] == [b"200", b"200"]


def test_an_upgrade_without_a_body_is_passed_over(port: int) -> None:
    sent = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n"
    assert raw(port, sent).startswith(b"HTTP/1.1 200")


def test_text_that_is_not_encoded_is_decoded_or_refused(port: int) -> None:
    received = raw(port, "GET /search?q=señal HTTP/1.1\r\nHost: a\r\n".encode() + END)
    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))
    assert b"application/" in received


def test_a_half_closed_client_is_answered(port: int) -> None:
    assert raw(port, request(b"/nutrients/iron"), shut=True).startswith(b"HTTP/1.1 200")
    assert raw(port, request(b"/nutrients/iron") * 3, shut=True).count(b"HTTP/1.1 200") == 3


def test_http_1_0_is_never_answered_in_chunks(port: int) -> None:
    for path in (b"/nutrients/iron", b"/claims.ndjson"):
        received = raw(port, request(path, version=b"1.0"))
        assert b"transfer-encoding" not in received.partition(b"\r\n\r\n")[0].lower()


def test_one_connection_does_not_fill_the_memory(tiny_sqlite: str, serving: Serve) -> None:
    """Requests that are sent without reading the answers wait at the client, not in the server."""
    with serving(tiny_sqlite) as server, closing(connect(server.port)) as connection:
        connection.setblocking(False)
        sent, payload = 0, request(b"/livez") * 2000
        before = memory_of(server.process.pid)
        deadline = time.monotonic() + 2
        while sent < 10_000_000 and time.monotonic() < deadline:
            try:
                sent += connection.send(payload)
            except BlockingIOError:
                time.sleep(0.05)
        assert memory_of(server.process.pid) - before < 64 * 2**20
        assert server.get("/livez").status_code == 200


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
