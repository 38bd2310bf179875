"""Engines: one that can only read, for serving; one that can write, for `migrate` and `seed load`."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

CONNECT_SECONDS = 5
RECYCLE_SECONDS = 1800
COMPILED = 200
"""Statements that SQLAlchemy keeps compiled, some 30 KiB each."""


def reading_engine(url: str, pool_size: int = 40, statement_timeout: float = 0) -> Engine:
    """An engine whose connections cannot write, each transaction one snapshot.

    `pool_size` is how many may read at once: no request waits for a connection.
    `statement_timeout` is in seconds, for PostgreSQL; 0 is no limit. What the URL says of TLS goes to the driver.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        engine = _sqlite(_read_only(target), poolclass=QueuePool, pool_size=pool_size, max_overflow=0)
        event.listen(engine, "begin", _begin_reading)
        event.listen(engine, "connect", _set_up_reader)
        event.listen(engine, "handle_error", _forget_file)
        if path := sqlite_path(target):
            _follow_file(engine, path)
        return engine
    options = f"-c default_transaction_read_only=on -c statement_timeout={round(statement_timeout * 1000)}"
    engine = create_engine(
        _with_options(target, options),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        # a connection that outlives a fail-over or a change of address is left after a while
        pool_recycle=RECYCLE_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS} if "connect_timeout" not in target.query else {},
        # what people search for is nobody's business: an error must not carry it into a log
        hide_parameters=True,
        query_cache_size=COMPILED,
    )
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing_engine(url: str) -> Engine:
    """An engine for migrations and seeding, which closes each connection after use."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        engine = _sqlite(target, poolclass=NullPool)
        # a transaction that reads before it writes would fail, not wait, where another one writes
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(engine, "connect", _foreign_keys)
        return engine
    return create_engine(target, poolclass=NullPool)


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database; none where it is another database, or one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database.removeprefix("file:"))


MIGRATE = "run `make migrate` (`python -m app migrate`)"


def explain(error: DBAPIError) -> str:
    """What is wrong with the database and what to do, as one sentence for an operator."""
    cause = error.orig
    # by name: whoever serves from SQLite need not load the other driver
    kind, text = type(cause).__name__, str(cause)
    if kind == "UndefinedTable" or "no such table" in text:
        return f"The database has no tables yet; {MIGRATE}."
    if kind == "QueryCanceled":
        return "The database took too long to answer; try again later."
    if "unable to open database file" in text:
        return f"The database file is missing or cannot be opened; check DATABASE_URL, {MIGRATE}."
    if isinstance(cause, sqlite3.DatabaseError) and _is_damaged(cause):
        return "The database file is damaged; put back a copy, or remove it, migrate and load anew."
    return "The database does not answer; try again later."


def is_transient(error: DBAPIError) -> bool:
    """A database across a network does not answer just now, as when it restarts: asking again soon may help."""
    kinds = {kind.__name__ for kind in type(error.orig).__mro__}
    return "sqlite" not in type(error.orig).__module__ and "OperationalError" in kinds and "QueryCanceled" not in kinds


def _with_options(url: URL, options: str) -> URL:
    """Settings of the session, behind those that the URL gives: ours win."""
    given = url.query.get("options", "")
    given = given if isinstance(given, str) else " ".join(given)
    return url.update_query_dict({"options": f"{given} {options}".strip()})


def _sqlite(url: URL, **pool: Any) -> Engine:
    arguments = {"timeout": 10, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, query_cache_size=COMPILED, **pool)
    # the driver's own transactions leave reads outside; each one is begun by an event
    event.listen(engine, "connect", _no_driver_transactions)
    return engine


def _read_only(url: URL) -> URL:
    path = sqlite_path(url)
    if path is None:
        return url
    return url.set(database=f"file:{path}").update_query_dict({"mode": "ro", "uri": "true"})


def _follow_file(engine: Engine, path: Path) -> None:
    """Leave a connection to a file that another has replaced: `seed load` puts a new file in its place."""

    def identity() -> tuple[int, int] | None:
        try:
            status = path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def connecting(_dialect: object, entry: ConnectionPoolEntry, _arguments: object, _options: object) -> None:
        # before the file is opened: one that is replaced in between is noticed at the next request
        entry.info["file"] = identity()

    def taken(_connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        if entry.info.get("file") != identity():
            raise DisconnectionError("the database file was replaced")

    event.listen(engine, "do_connect", connecting)
    event.listen(engine, "checkout", taken)


def _forget_file(context: ExceptionContext) -> None:
    """A connection keeps pages and tables in mind; after an error they may not be those of a file that was mended."""
    if isinstance(context.original_exception, sqlite3.DatabaseError):
        context.is_disconnect = True


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    return "malformed" in str(error) or "file is not a database" in str(error)


def _no_driver_transactions(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None


def _begin_reading(connection: Connection) -> None:
    # by the driver itself: nothing is read yet, so nothing can fail, and a statement of SQLAlchemy's takes 20 µs
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("BEGIN")


def _set_up_reader(connection: DBAPIConnection, _record: Any) -> None:
    _pragma(connection, "query_only = ON")
    # in KiB: half the default, for each thread may have a connection; the operating system keeps the file in mind, too
    _pragma(connection, "cache_size = -1000")


def _foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    _pragma(connection, "foreign_keys = ON")


def _pragma(connection: DBAPIConnection, pragma: str) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
