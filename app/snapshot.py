"""Reading from one snapshot with few statements: the dataset's description, one record, how many a filter selects."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.dialects import sqlite

from app.answers import About
from app.errors import NotReady
from app.models import TABLES, table_of
from app.release import release_tag
from app.statements import Key, Statements

DATASET = table_of("dataset")


class Fixed:
    """A statement for one row. SQLite's driver is asked itself, which takes a fifth of the time.

    What fails there SQLAlchemy asks again: it says what is wrong, and leaves a connection that is of no more use.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._text = str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))

    def row(self, connection: Connection, **values: str) -> Sequence[Any] | None:
        """The row; None where there is none."""
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            if not connection.in_transaction():
                connection.begin()
            with suppress(sqlite3.Error):
                return next(iter(driver.execute(self._text, values).fetchall()), None)
        return connection.execute(self._statement, values).one_or_none()


ABOUT = Fixed(select(DATASET.c.document, DATASET.c.loaded_at))


def _record(kind: str) -> Fixed:
    table = table_of(kind)
    joined = DATASET.outerjoin(table, table.c.slug == bindparam("slug"))
    return Fixed(select(DATASET.c.document, DATASET.c.loaded_at, table.c.document).select_from(joined))


RECORDS = {kind: _record(kind) for kind in TABLES}


def dataset(connection: Connection) -> About:
    """What the dataset says of itself; `NotReady` where none is loaded."""
    row = ABOUT.row(connection)
    if row is None:
        raise NotReady("No dataset is loaded; run `python -m seed load`.")
    return _about(*row)


def record(connection: Connection, kind: str, slug: str) -> tuple[About, str | None]:
    """What the dataset says of itself, and the document of one of its records, by one statement."""
    row = RECORDS[kind].row(connection, slug=slug)
    if row is None:
        raise NotReady("No dataset is loaded; run `python -m seed load`.")
    described, loaded_at, document = row
    return _about(described, loaded_at), document


MAX_TOTALS = 10_000

_totals: dict[tuple[object, ...], int] = {}


def total(connection: Connection, about: About, key: Key, statements: Statements) -> int:
    """How many rows of a list its filters select: counted once a dataset, whatever the order."""
    path, filters, _sort = key
    selected = (about.tag, path, filters)
    # routes run in several threads where the database is across a network; the worst is to count twice
    counted = _totals.get(selected)
    if counted is None:
        counted = connection.scalar(statements.total) or 0
        if len(_totals) >= MAX_TOTALS:
            _totals.clear()
        _totals[selected] = counted
    return counted


@lru_cache(maxsize=4)
def _about(document: str, loaded_at: datetime | str) -> About:
    about = About(json.loads(document))
    # SQLite keeps text without a zone, which is UTC
    moment = datetime.fromisoformat(loaded_at) if isinstance(loaded_at, str) else loaded_at
    about.loaded_at = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    about.tag = release_tag(about["version"], about["content_hash"])
    return about
