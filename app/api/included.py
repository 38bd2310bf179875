"""Related records in full: what `include` asks for."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from app.database.models import Intake as IntakeRow
from app.database.models import table_of
from app.schemas import KINDS

COLLECTIONS = {kind.collection.replace("-", "_"): kind for kind in KINDS.values()}


def included_json(connection: Connection, documents: Sequence[str], include: Sequence[str]) -> str:
    """The records of the collections in `include` that the documents refer to: one query a collection."""
    if not include:
        return "{}"
    parsed = [json.loads(document) for document in documents]
    urls = dict.fromkeys(url for document in parsed for url in _urls(document))
    parts = []
    for name in include:
        if name == "intakes":
            intakes = _intakes(connection, [document["slug"] for document in parsed])
            parts.append(f'"{name}":[{",".join(intakes)}]')
            continue
        kind = COLLECTIONS[name]
        slugs = [url.rpartition("/")[2] for url in urls if url.startswith(f"/{kind.collection}/")]
        table = table_of(kind.name)
        rows = connection.execute(select(table.c.slug, table.c.document).where(table.c.slug.in_(slugs)))
        found = {row.slug: row.document for row in rows}
        parts.append(f'"{name}":[{",".join(found[slug] for slug in slugs)}]')
    return f"{{{','.join(parts)}}}"


def _intakes(connection: Connection, nutrients: Sequence[str]) -> Iterable[str]:
    """Every intake of these nutrients; nutrients do not refer to them, for there are dozens to each."""
    order = (IntakeRow.nutrient, IntakeRow.role_rank, IntakeRow.authority, IntakeRow.type, IntakeRow.age_min_months)
    columns = [col(column) for column in (*order, IntakeRow.sort_name, IntakeRow.slug)]
    selected = select(col(IntakeRow.document)).where(col(IntakeRow.nutrient).in_(nutrients)).order_by(*columns)
    return connection.scalars(selected)


def _urls(value: Any) -> Iterator[str]:
    """Path of every reference in a parsed record, but not of the record itself."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict) and item.keys() == {"slug", "name", "url"}:
            yield item["url"]
        else:
            yield from _urls(item)
