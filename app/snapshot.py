"""Reading from one snapshot with few statements: the dataset's description, one record, how many a filter selects."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from app.answers import About
from app.errors import NotReady
from app.models import table_of
from app.release import release_tag

DATASET = table_of("dataset")
ABOUT = select(DATASET.c.document, DATASET.c.loaded_at)


def dataset(connection: Connection) -> About:
    """What the dataset says of itself; `NotReady` where none is loaded."""
    row = connection.execute(ABOUT).one_or_none()
    if row is None:
        raise NotReady("No dataset is loaded; run `python -m seed load`.")
    return _about(row.document, row.loaded_at)


def record(connection: Connection, kind: str, slug: str) -> tuple[About, str | None]:
    """What the dataset says of itself, and the document of one of its records, by one statement."""
    row = connection.execute(_record(kind), {"slug": slug}).one_or_none()
    if row is None:
        raise NotReady("No dataset is loaded; run `python -m seed load`.")
    described, loaded_at, document = row
    return _about(described, loaded_at), document


NOT_FILTERS = {"limit", "offset", "sort", "fields", "include", "format"}
"""Parameters of a list that do not change which records it selects."""

MAX_TOTALS = 10_000

_totals: dict[tuple[object, ...], int] = {}


def total(
    connection: Connection, about: About, path: str, table: Any, where: Sequence[ColumnElement[bool]], query: Any
) -> int:
    """How many rows of a list the filters of `query` select, which `where` says in SQL: counted once a dataset.

    `path` is the list's, which may select too, as in `/nutrients/magnesium/food-sources`.
    """
    filters = tuple(getattr(query, name) for name in type(query).model_fields if name not in NOT_FILTERS)
    key = (about.tag, path, filters)
    # routes run in several threads where the database is across a network; the worst is to count twice
    counted = _totals.get(key)
    if counted is None:
        counted = connection.scalar(select(func.count()).select_from(table).where(*where)) or 0
        if len(_totals) >= MAX_TOTALS:
            _totals.clear()
        _totals[key] = counted
    return counted


@cache
def _record(kind: str) -> Select[str, datetime, str | None]:
    table = table_of(kind)
    joined = DATASET.outerjoin(table, table.c.slug == bindparam("slug"))
    return select(DATASET.c.document, DATASET.c.loaded_at, table.c.document).select_from(joined)


@lru_cache(maxsize=4)
def _about(document: str, loaded_at: datetime) -> About:
    about = About(json.loads(document))
    about.loaded_at = loaded_at.astimezone(UTC)
    about.tag = release_tag(about["version"], about["content_hash"])
    return about
