"""Engines: one that can only read, for serving; one that can write, for `migrate` and `seed load`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, ExceptionContext, NullPool, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from app.database.url import database_url, sqlite_path

CONNECT_SECONDS = 5
RECYCLE_SECONDS = 1800
MIGRATE = "`make migrate` (in the container: `python -m app migrate`)"
COMPILED = 200
"""Statements that SQLAlchemy keeps compiled, some 30 KiB each."""

OLD_SCHEMA = f"The database's tables are not those that this version needs; run {MIGRATE}."

SQLITE_FAULTS = {
    "unable to open": f"The database file is missing or cannot be opened; check DATABASE_URL, run {MIGRATE}.",
    **dict.fromkeys(
        ("disk is full", "disk I/O error"),
        "The disk is full or fails; make room for a second copy of the database file.",
    ),
    **dict.fromkeys(
        ("malformed", "decode to UTF-8", "file is not a database"),
        "The database file is damaged; put back a copy, or remove it, migrate and load anew.",
    ),
}
"""By a part of SQLite's message, what it means for an operator."""


def reading_engine(url: str | URL, pool_size: int = 40, statement_timeout: float = 0) -> Engine:
    """An engine whose connections cannot write, each transaction one snapshot.

    `pool_size` is how many may read at once: no request waits for a connection.
    `statement_timeout` is in seconds, for PostgreSQL; 0 is no limit. What the URL says of TLS goes to the driver.
    """
    target = database_url(url)
    if target.get_backend_name() == "sqlite":
        path = sqlite_path(target)
        if path:
            # encoded: SQLite ends the path at "#" or "?", and would not see the mode behind it
            file = f"file:{quote(str(path))}"
            target = target.set(database=file).update_query_dict({"mode": "ro", "uri": "true"})
        # in KiB: half the default, for each thread may have a connection; the operating system keeps the file in mind
        pragmas = "query_only = ON", "cache_size = -1000"
        # the connection that was used last holds in its cache what is asked for most
        pool = {"poolclass": QueuePool, "pool_size": pool_size, "max_overflow": 0, "pool_use_lifo": True}
        engine = _sqlite(target, pragmas, _begin_reading, **pool)
        event.listen(engine, "handle_error", _forget_file)
        if path:
            _follow_file(engine, path)
        return engine
    given = target.query.get("options", "")
    given = given if isinstance(given, str) else " ".join(given)
    # behind those that the URL gives: ours win
    options = f"{given} -c default_transaction_read_only=on -c statement_timeout={round(statement_timeout * 1000)}"
    engine = create_engine(
        target.update_query_dict({"options": options.strip()}),
        pool_size=pool_size,
        max_overflow=0,
        # no ping before each use: what a lost connection was asked for is asked again
        # a connection that outlives a fail-over or a change of address is left after a while
        pool_recycle=RECYCLE_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS} if "connect_timeout" not in target.query else {},
        # what people search for is nobody's business: an error must not carry it into a log
        hide_parameters=True,
        query_cache_size=COMPILED,
    )
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing_engine(url: str | URL) -> Engine:
    """An engine for migrations and seeding, which closes each connection after use."""
    target = database_url(url)
    if target.get_backend_name() == "sqlite":
        # a transaction that reads before it writes would fail, not wait, where another one writes
        return _sqlite(
            target, ("foreign_keys = ON",), lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"), poolclass=NullPool
        )
    return create_engine(target, poolclass=NullPool)


def explain(error: DBAPIError) -> str:
    """What is wrong with the database and what to do, as one sentence for an operator."""
    cause = error.orig
    # by name: whoever serves from SQLite need not load the other driver
    kind, text = type(cause).__name__, str(cause)
    if kind == "UndefinedTable" or "no such table" in text:
        return f"The database has no tables yet; run {MIGRATE}."
    if kind == "UndefinedColumn" or "no such column" in text:
        return OLD_SCHEMA
    if kind == "QueryCanceled":
        return "The database took too long to answer; try again later."
    if getattr(cause, "sqlite_errorname", "") == "SQLITE_READONLY_ROLLBACK":
        # whoever only reads cannot roll back what another process left half-written
        return f"A change to the database file was interrupted; run {MIGRATE} as a user who may write to it."
    faults = SQLITE_FAULTS if isinstance(cause, sqlite3.Error) else {}
    found = (meaning for part, meaning in faults.items() if part in text)
    return next(found, "The database does not answer; try again later.")


def is_transient(error: DBAPIError) -> bool:
    """A database across a network does not answer just now, as when it restarts: asking again soon may help."""
    kinds = {kind.__name__ for kind in type(error.orig).__mro__}
    # without a code, no connection was got or it was lost; other codes, as of a full disk, do not pass by themselves
    state = getattr(error.orig, "sqlstate", None)
    is_lost = state is None or state.startswith(("08", "57P")) or state == "53300"
    return "sqlite" not in type(error.orig).__module__ and "OperationalError" in kinds and is_lost


def _sqlite(url: URL, pragmas: tuple[str, ...], begin: Callable[[Connection], object], **pool: Any) -> Engine:
    arguments = {"timeout": 10, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, query_cache_size=COMPILED, **pool)

    def set_up(connection: DBAPIConnection, _record: object) -> None:
        # the driver's own transactions leave reads outside; each one is begun by an event
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)
    return engine


def _begin_reading(connection: Connection) -> None:
    # by the driver itself: nothing is read yet, so nothing can fail, and a statement of SQLAlchemy's takes 20 µs
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("BEGIN")


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
    """A connection remembers pages and tables; after an error they may not be those of a file that was repaired."""
    if isinstance(context.original_exception, sqlite3.DatabaseError):
        context.is_disconnect = True
