"""Keep every release that is loaded, so that it can be compared with and brought back."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, delete, func, insert, select, update
from sqlalchemy.types import TypeDecorator
from sqlmodel import col

from app.database.current_release import in_utc
from app.database.models import Dataset, Release
from app.database.releases import Archive, tables

BATCH = 1000

_READ: dict[type, Callable[[Any], Any]] = {date: date.fromisoformat, datetime: datetime.fromisoformat, Decimal: Decimal}
"""How a value that JSON does not know is read back, by its type in Python."""


def restore(connection: Connection, archive: Archive) -> None:
    """Put the rows of an archive in the place of those in the database."""
    loaded_at = next_loaded_at(connection)
    for table in reversed(tables()):
        connection.execute(delete(table))
    for table in tables():
        rows = [{name: _read(table.c[name], value) for name, value in row.items()} for row in archive.rows[table.name]]
        for start in range(0, len(rows), BATCH):
            connection.execute(insert(table), rows[start : start + BATCH])
    connection.execute(update(Dataset).values(loaded_at=loaded_at))


def next_loaded_at(connection: Connection) -> datetime:
    """The time of a load: later than that of the dataset it replaces, though the clock may have gone back.

    `Last-Modified` has whole seconds; two releases with the same would let a client keep the older one.
    """
    now = datetime.now(UTC)
    before: datetime | None = connection.scalar(select(col(Dataset.loaded_at)))
    before = before or connection.scalar(select(func.max(col(Release.loaded_at))))
    if before is None:
        return now
    following: datetime = in_utc(before) + timedelta(seconds=1)
    return max(now, following)


def current_release(connection: Connection) -> int | None:
    """The number of the release that is being served; none where it was not kept."""
    same = col(Release.content_hash) == col(Dataset.content_hash)
    return connection.scalar(select(col(Release.id)).join(Dataset, same))


def keep(connection: Connection, replaced: int | None) -> int | None:
    """Keep the release that is being served, and which one it replaced; returns its number, none without a dataset.

    One that is kept already learns what it replaces now. A return to the release that was replaced is no new step
    forward: from there the way back leads further back.
    """
    known = current_release(connection)
    if known is not None:
        if replaced and connection.scalar(select(col(Release.replaced)).where(col(Release.id) == replaced)) != known:
            connection.execute(update(Release).where(col(Release.id) == known).values(replaced=replaced))
        return known
    columns = col(Dataset.version), col(Dataset.content_hash), col(Dataset.released)
    about = connection.execute(select(*columns)).one_or_none()
    if about is None:
        return None
    row = dict(about._mapping)
    row |= {"loaded_at": datetime.now(UTC), "replaced": replaced, "archive": Archive.of(connection).pack()}
    connection.execute(insert(Release), [row])
    return current_release(connection)


def _read(column: Column[Any], value: Any) -> Any:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    read = _READ.get(kind.python_type)
    return read(value) if read and value is not None else value
