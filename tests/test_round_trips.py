"""How often a request waits for a PostgreSQL across a network: counted between the two."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.conftest import NewDatabase
from tests.support import TINY, client_for


@dataclass
class Line:
    """The way to a server: `round_trips` is how often somebody sent something after the server had spoken."""

    url: str
    round_trips: int = 0


@contextmanager
def line_to(url: str) -> Iterator[Line]:
    """The same database through a port that counts."""
    target = make_url(url)
    folder = target.query["host"]
    assert isinstance(folder, str)
    path = str(next(Path(folder).glob(".s.PGSQL.*[0-9]")))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    line = Line(target.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False))
    opened = [listener]

    def connect() -> None:
        with suppress(OSError):
            while True:
                client, server = listener.accept()[0], socket.socket(socket.AF_UNIX)
                server.connect(path)
                opened.extend((client, server))
                spoken = threading.Event()
                spoken.set()
                threading.Thread(target=up, args=(client, server, spoken), daemon=True).start()
                threading.Thread(target=down, args=(client, server, spoken), daemon=True).start()

    def up(client: socket.socket, server: socket.socket, spoken: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                line.round_trips += spoken.is_set()
                spoken.clear()
                server.sendall(data)
            server.close()

    def down(client: socket.socket, server: socket.socket, spoken: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                spoken.set()
                client.sendall(data)

    threading.Thread(target=connect, daemon=True).start()
    try:
        yield line
    finally:
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/nutrients/iron", 1),
        ("/nutrients?limit=2", 1),
        ("/food-sources?group=nuts-and-seeds&sort=name", 1),
        ("/nutrients?offset=1000", 1),
        ("/dataset", 1),
        ("/claims?subject=iron", 1),
        ("/nutrients/iron?include=food_sources", 4),
    ],
)
async def test_a_request_takes_few_round_trips(on_postgresql: NewDatabase, path: str, most: int) -> None:
    with line_to(on_postgresql("line", TINY)) as line:
        async with client_for(line.url, cache_bytes=0, release_interval=60) as client:
            counts = []
            # the first request opens the connection while the search index is made: the fewest count
            for _ in range(5):
                before = line.round_trips
                assert (await client.get(path)).status_code == 200
                counts.append(line.round_trips - before)
                await client.get("/search?q=iron")
            assert min(counts) <= most
