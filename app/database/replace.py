"""Change a SQLite file by putting a changed copy in its place: whatever interrupts it, readers have a whole file.

A load that writes into the file itself would block readers while it commits; if it were killed then, it would leave
a journal that connections which cannot write cannot roll back.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, event

from app.database.engines import writing_engine
from app.database.url import database_url, sqlite_path


class NotSynced(Exception):
    """The change took effect, but a power cut could still undo it; holds the path of the file."""


@contextmanager
def changing(url: str) -> Iterator[Connection]:
    """A connection in one transaction, of which readers see all or nothing; one change at a time.

    `NotSynced` after the change took effect: every other error leaves the database as it was.
    """
    target = database_url(url)
    path = sqlite_path(target)
    if path is None or not path.exists():
        with writing_engine(url).begin() as connection:
            yield connection
        return
    path = path.resolve()
    with closing(_held(path)):
        # hidden, and beside the file: only within one file system is a rename all or nothing
        copy = path.with_name(f".{path.name}.new")
        try:
            _copy(path, copy)
            yield from _change(copy, target)
            if copy.exists():
                # the commit wrote the copy through to the disk; the rename has to follow it
                copy.replace(path)
                _sync(path)
        finally:
            for leftover in (copy, copy.with_name(f"{copy.name}-journal")):
                # one that stays is removed by the next change
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)


def _held(path: Path) -> sqlite3.Connection:
    """A write lock on the file, which lets readers read; waits for another change to end."""
    while True:
        before = path.stat()
        connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        if os.path.samestat(before, path.stat()):
            return connection
        connection.close()


def _copy(path: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    status = path.stat()
    shutil.copymode(path, copy)
    os.chown(copy, status.st_uid, status.st_gid)


def _change(copy: Path, url: URL) -> Iterator[Connection]:
    engine = writing_engine(url.set(database=str(copy)).difference_update_query(["uri", "mode"]))
    # no journal: a copy that fails is thrown away, and a load takes no more room than both files
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA journal_mode = OFF"))
    try:
        with engine.begin() as connection:
            before = _changes(connection)
            yield connection
            changed = _changes(connection) != before
    finally:
        engine.dispose()
    if not changed:
        copy.unlink()


def _changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar_one())


def _sync(path: Path) -> None:
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except (OSError, KeyboardInterrupt):
        raise NotSynced(path) from None
