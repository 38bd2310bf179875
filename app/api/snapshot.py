"""Reading from one snapshot with few statements: the dataset's description, one record, how many a filter selects."""

import json
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection, bindparam, select

from app.api.direct import Direct
from app.api.errors import NO_DATASET, NotReady
from app.api.responses import About
from app.api.statements import Statements, Values
from app.database.current_release import release_tag
from app.database.models import TABLES, table_of

DATASET = table_of("dataset")


ABOUT = Direct(select(DATASET.c.document, DATASET.c.loaded_at))


def _record(kind: str) -> Direct:
    table = table_of(kind)
    joined = DATASET.outerjoin(table, table.c.slug == bindparam("slug", ""))
    return Direct(select(DATASET.c.document, DATASET.c.loaded_at, table.c.document).select_from(joined))


RECORDS = {kind: _record(kind) for kind in TABLES}


def dataset(connection: Connection) -> About:
    """What the dataset says of itself; `NotReady` where none is loaded."""
    for described, loaded_at in ABOUT.rows(connection):
        return _about(described, loaded_at)
    raise NotReady(NO_DATASET)


def record(connection: Connection, kind: str, slug: str) -> tuple[About, str | None]:
    """What the dataset says of itself, and the document of one of its records, by one statement."""
    for described, loaded_at, document in RECORDS[kind].rows(connection, {"slug": slug}):
        return _about(described, loaded_at), document
    raise NotReady(NO_DATASET)


MAX_TOTALS = 10_000

_totals: dict[tuple[object, ...], int] = {}


def total(connection: Connection, about: About, statements: Statements, values: Values) -> int:
    """How many rows a list has whose filters are given these values: counted once a dataset."""
    selected = (about.tag, statements.filters, *values.values())
    # routes run in several threads where the database is across a network; the worst is to count twice
    counted = _totals.get(selected)
    if counted is None:
        counted = connection.scalar(statements.total, values) or 0
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
