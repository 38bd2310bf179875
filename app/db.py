"""Engines: one that can only read, for serving; one that can write, for `migrate` and `seed load`."""

from typing import Any

from sqlalchemy import URL, Engine, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection


def reading_engine(url: str, pool_size: int = 40) -> Engine:
    """An engine whose connections cannot write, each transaction one snapshot.

    `pool_size` is that of the thread pool which serves requests: no request waits for a connection.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        engine = _sqlite(_existing(target), "BEGIN", poolclass=QueuePool, pool_size=pool_size, max_overflow=0)
        event.listen(engine, "connect", _query_only)
        return engine
    engine = create_engine(target, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing_engine(url: str) -> Engine:
    """An engine for migrations and seeding, which closes each connection after use."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        # a transaction that reads before it writes would fail, not wait, where another one writes
        engine = _sqlite(target, "BEGIN IMMEDIATE", poolclass=NullPool)
        event.listen(engine, "connect", _foreign_keys)
        return engine
    return create_engine(target, poolclass=NullPool)


def _sqlite(url: URL, begin: str, **pool: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 10, "check_same_thread": False}, **pool)
    # the driver's own transactions leave reads outside; begin each one ourselves
    event.listen(engine, "connect", _no_driver_transactions)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _existing(url: URL) -> URL:
    """The same file, which must exist; `query_only` keeps the connection from writing to it."""
    if not url.database or url.database == ":memory:":
        return url
    path = url.database.removeprefix("file:")
    # not `ro`, which could not roll back what a killed load left behind, and would fail until something else did
    return url.set(database=f"file:{path}").update_query_dict({"mode": "rw", "uri": "true"})


def _no_driver_transactions(connection: DBAPIConnection, _record: Any) -> None:
    connection.isolation_level = None


def _query_only(connection: DBAPIConnection, _record: Any) -> None:
    _pragma(connection, "query_only = ON")


def _foreign_keys(connection: DBAPIConnection, _record: Any) -> None:
    _pragma(connection, "foreign_keys = ON")


def _pragma(connection: DBAPIConnection, pragma: str) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
