"""The short cut at the protocol: the same answers, whether a request takes it or not."""

import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from typing import BinaryIO

import pytest

from tests.serving import api_server

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
def port(tiny_database: str) -> Iterator[int]:
    with api_server(tiny_database, ACCESS_LOG="false") as origin:
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
def test_the_short_cut_gives_the_same_answer(port: int, path: bytes, headers: bytes) -> None:
    ordinary = ask(port, request(path, headers + SLOW))[0]
    assert ordinary[1][b"x-request-id"] == b"the-ordinary-way"
    for answer in ask(port, *[request(path, headers)] * 3):
        assert comparable(answer) == comparable(ordinary)
        assert answer[1][b"x-request-id"] != b"the-ordinary-way"
        assert answer[1][b"date"]


def test_the_short_cut_is_taken(port: int) -> None:
    """Its request ids are numbered; those of the ordinary way are random."""
    first, second = (answer[1][b"x-request-id"] for answer in ask(port, *[request(b"/nutrients/iron")] * 4)[2:])
    assert first != second
    assert first[:12] == second[:12]


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
def test_other_methods_go_the_ordinary_way(port: int, method: bytes) -> None:
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


def test_behind_a_proxy_the_scheme_is_heeded(port: int) -> None:
    ask(port, *[request(b"/nutrients/iron")] * 2)
    answer = ask(port, request(b"/nutrients/iron", b"X-Forwarded-Proto: https\r\n"))[0]
    assert b"strict-transport-security" in answer[1]
    assert b"strict-transport-security" not in ask(port, request(b"/nutrients/iron"))[0][1]
