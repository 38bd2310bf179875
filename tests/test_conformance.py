"""Requests at the edge of HTTP/1.1, against the server and against the shipped nginx configuration in front of it."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.conformance import ANSWERED, REFUSED, statuses_of
from tests.serving import Server, free_port, serving
from tests.support import TINY, sqlite_file
from tests.test_nginx import nginx, shipped

pytestmark = pytest.mark.slow

NOT_MET: dict[str, dict[str, str]] = {
    "server": {},
    "nginx": {"no colon": "nginx takes such a line for a field without a value, and the API gets it as one"},
}
"""What is not met, by target and case, and why: no directive of nginx changes it. docs/reliability.md lists it too."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(f"sqlite:///{sqlite_file(TINY)}", REQUEST_TIMEOUT="3") as running:
        yield running


@pytest.fixture(scope="module", params=["server", "nginx"])
def target(request: pytest.FixtureRequest, server: Server) -> Iterator[tuple[str, int]]:
    """Name and port."""
    if request.param == "server":
        yield "server", server.port
        return
    port = free_port()
    with nginx(shipped(server.port), port):
        yield "nginx", port


def exchange(port: int, sent: bytes) -> bytes:
    """Everything that comes back; the client closes its half where nothing comes for a second."""
    received = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=1)) as connection, suppress(ConnectionError):
        connection.sendall(sent)
        is_open = True
        while True:
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                if not is_open:
                    return received
                connection.shutdown(socket.SHUT_WR)
                is_open = False
                connection.settimeout(10)
                continue
            if not piece:
                return received
            received += piece
    return received


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_request_is_refused_and_no_body_is_taken_for_one(target: tuple[str, int], case: str) -> None:
    name, port = target
    statuses = statuses_of(exchange(port, REFUSED[case]))
    is_met = len(statuses) <= 1 and all(status >= 400 for status in statuses)
    assert is_met == (case not in NOT_MET[name]), statuses


@pytest.mark.parametrize("case", ANSWERED)
def test_what_is_a_request_is_answered(target: tuple[str, int], case: str) -> None:
    name, port = target
    sent, expected = ANSWERED[case]
    if name == "nginx" and b"Transfer-Encoding" in sent:
        # refused before it is asked for what; the API itself looks at the method first
        expected = frozenset({413})
    statuses = statuses_of(exchange(port, sent))
    assert bool(statuses and statuses[0] in expected) == (case not in NOT_MET[name]), statuses
