"""Put a checked dataset into the database: one transaction, only what differs is written."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, text, update
from sqlmodel import col

from app.database.current_release import loaded
from app.database.models import TABLES, Dataset, LifeStage, Record, Redirect, metadata, table_of
from app.database.releases import Change, compare
from app.database.verification import content_hash
from app.schemas import KINDS
from seed.archive import keep, next_loaded_at
from seed.build import sort_name
from seed.check import Checked
from seed.columns import amount_rows, column_value, identifier_rows, link_rows, provision_rows, stage_rows
from seed.redirects import redirect_rows
from seed.versions import WrongVersion, version_problem

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

BATCH = 1000

RECORD, REDIRECT, LIFE_STAGE = (metadata.tables[name] for name in ("record", "redirect", "life_stage"))


@dataclass(frozen=True)
class Prepared:
    """A dataset as rows: what `load` writes and `diff` compares."""

    dataset: dict[str, Any]
    records: dict[str, Any]
    documents: dict[str, str]
    cards: dict[str, str]
    redirects: dict[str, str]
    life_stages: list[dict[str, Any]]


def prepare(checked: Checked) -> Prepared:
    """Render every record once and hash the whole."""
    records = {record.slug: record for record in checked.records}
    documents = {slug: record.model_dump_json() for slug, record in sorted(records.items())}
    cards = {
        slug: KINDS[records[slug].kind].card.model_validate(records[slug], from_attributes=True).model_dump_json()
        for slug in documents
    }
    about = checked.dataset.model_dump(mode="json", exclude={"redirects"})
    kinds = Counter(record.kind for record in records.values())
    counts = {kind.key: kinds[kind.name] for kind in KINDS.values()}
    redirects = checked.dataset.redirects
    stages = list(stage_rows(checked.life_stages))
    vocabulary = checked.vocabulary.model_dump_json()
    info = {**about, "counts": counts}
    hashed = content_hash(info, vocabulary, documents, cards, redirect_rows(records.values(), redirects), stages)
    row = {
        "id": 1,
        "version": checked.dataset.version,
        "content_hash": hashed,
        "released": checked.dataset.released,
        "info": json.dumps({**about, "content_hash": hashed, "counts": counts}, ensure_ascii=False),
        "vocabulary": vocabulary,
    }
    return Prepared(row, records, documents, cards, redirects, stages)


def diff(connection: Connection, prepared: Prepared, documents: dict[str, str] | None = None) -> list[Change]:
    """What a load would add, change and remove, by path; `documents` are the stored records, if read already."""
    changes = compare(stored(connection, "record") if documents is None else documents, prepared.documents)
    known = {change.slug for change in changes}
    cards = stored(connection, "card")
    for slug, card in prepared.cards.items():
        if slug not in known and card != cards[slug]:
            record = prepared.records[slug]
            changes.append(Change("changed", slug, record.name, record.kind, record.url, ("card",)))
    return sorted(changes, key=lambda change: change.url)


def versioned_diff(connection: Connection, prepared: Prepared) -> list[Change]:
    """As `diff`; `WrongVersion` where the dataset may not follow the loaded one under its version."""
    documents = stored(connection, "record")
    changes = diff(connection, prepared, documents)
    if problem := version_problem(connection, prepared.dataset, changes, documents, prepared.redirects):
        raise WrongVersion(f"dataset.toml: version: {problem}.")
    return changes


def load(connection: Connection, prepared: Prepared, progress: Progress = lambda *_: None) -> list[Change]:
    """Write what differs; nothing is written when nothing does. The caller commits."""
    lock(connection)
    if loaded(connection) == (prepared.dataset["version"], prepared.dataset["content_hash"]):
        return []
    changes = versioned_diff(connection, prepared)
    replaced = keep(connection, None)
    kinds = {row.slug: row.kind for row in connection.execute(select(col(Record.slug), col(Record.kind)))}
    now = {slug: record.kind for slug, record in prepared.records.items()}
    touched = {action: {c.slug for c in changes if c.action == action} for action in ("added", "removed", "changed")}
    moved = {slug for slug in touched["changed"] if kinds[slug] != now[slug]}
    new, gone = sorted(touched["added"] | moved), sorted(touched["removed"] | moved)
    changed = sorted(touched["changed"] - moved)

    connection.execute(delete(Redirect))
    # a record that refers to one which goes has changed too, so no link is left dangling
    for table, owner, _ in PARTS:
        _delete(connection, table, owner, [*gone, *changed])
    for kind in TABLES:
        _delete(connection, table_of(kind), "slug", [slug for slug in gone if kinds[slug] == kind])
    _delete(connection, RECORD, "slug", gone)
    _put_life_stages(connection, prepared.life_stages)
    _update(connection, RECORD, [_record_row(prepared, slug) for slug in changed])
    _insert(connection, RECORD, [_record_row(prepared, slug) for slug in new], progress)
    for kind in TABLES:
        table = table_of(kind)
        _update(connection, table, [_row(prepared, slug) for slug in changed if now[slug] == kind])
        _insert(connection, table, [_row(prepared, slug) for slug in new if now[slug] == kind], progress)
    for table, _, rows_of in PARTS:
        rows = [row for slug in (*new, *changed) for row in rows_of(prepared.records[slug])]
        _insert(connection, table, rows, progress)
    codes = [stage["code"] for stage in prepared.life_stages]
    connection.execute(delete(LifeStage).where(col(LifeStage.code).not_in(codes)))
    _insert(connection, REDIRECT, redirect_rows(prepared.records.values(), prepared.redirects), progress)
    loaded_at = next_loaded_at(connection)
    connection.execute(delete(Dataset))
    connection.execute(insert(Dataset), [{**prepared.dataset, "loaded_at": loaded_at}])
    keep(connection, replaced)
    return changes


def lock(connection: Connection) -> None:
    """Let no other load begin before this transaction ends; SQLite's writing transactions do so by themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE dataset IN EXCLUSIVE MODE"))


def stored(connection: Connection, column: Literal["record", "card"]) -> dict[str, str]:
    """The records or cards in the database, as JSON, by slug."""
    found: dict[str, str] = {}
    for table in map(table_of, TABLES):
        found.update((row.slug, row[1]) for row in connection.execute(select(table.c.slug, table.c[column])))
    return found


def _record_row(prepared: Prepared, slug: str) -> dict[str, Any]:
    record = prepared.records[slug]
    return {"slug": slug, "kind": record.kind, "name": record.name}


def _row(prepared: Prepared, slug: str) -> dict[str, Any]:
    """The columns of a record's own table, taken from the record by name."""
    record = prepared.records[slug]
    row: dict[str, Any] = {
        "record": prepared.documents[slug],
        "card": prepared.cards[slug],
        "sort_name": sort_name(record.name),
    }
    for column in table_of(record.kind).c.keys():  # noqa: SIM118 - columns, not a dict
        if column not in row:
            row[column] = column_value(record, column)
    return row


PARTS: tuple[tuple[Table, str, Callable[[Any], Iterator[dict[str, Any]]]], ...] = (
    (metadata.tables["link"], "origin", link_rows),
    (metadata.tables["identifier"], "record", identifier_rows),
    (metadata.tables["amount"], "food_source", amount_rows),
    (metadata.tables["provision"], "food_source", provision_rows),
)
"""Tables of which the rows belong to a record: the table, the column that names the record, and its rows."""


def _put_life_stages(connection: Connection, stages: list[dict[str, Any]]) -> None:
    stored = set(connection.scalars(select(col(LifeStage.code))))
    for stage in stages:
        if stage["code"] in stored:
            connection.execute(update(LIFE_STAGE).where(LIFE_STAGE.c.code == stage["code"]).values(stage))
        else:
            connection.execute(insert(LIFE_STAGE).values(stage))


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]], progress: Progress) -> None:
    for start in range(0, len(rows), BATCH):
        connection.execute(insert(table), rows[start : start + BATCH])
        progress(table.name, min(start + BATCH, len(rows)), len(rows))


def _update(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        values: dict[str, Any] = {column: bindparam(column) for column in rows[0] if column != "slug"}
        statement = update(table).where(table.c.slug == bindparam("its_slug")).values(values)
        connection.execute(statement, [{("its_slug" if k == "slug" else k): v for k, v in row.items()} for row in rows])


def _delete(connection: Connection, table: Table, column: str, slugs: list[str]) -> None:
    if slugs:
        statement = delete(table).where(table.c[column] == bindparam("value"))
        connection.execute(statement, [{"value": slug} for slug in slugs])
