"""Releases of the dataset: how each is kept, and what changed from one to another."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import zstandard
from pydantic_core import from_json
from sqlalchemy import Connection, Table, select
from sqlmodel import col

from app.api.errors import NotReady
from app.database.models import TABLES, Release, metadata
from app.schemas import COLLECTIONS


@dataclass(frozen=True)
class Change:
    """A record that was added, changed or removed; `fields` are the top-level keys that differ.

    `summary` is empty where it was not looked up.
    """

    action: str
    slug: str
    name: str
    kind: str
    url: str
    fields: tuple[str, ...] = ()
    summary: str = ""

    def __str__(self) -> str:
        detail = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.action:8}{self.url}{detail}"


@dataclass(frozen=True)
class Archive:
    """Everything that a release holds: the rows of every table of the dataset, as JSON has them."""

    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, connection: Connection) -> "Archive":
        rows = {t.name: [dict(row) for row in connection.execute(select(t)).mappings()] for t in tables()}
        return cls(json.loads(json.dumps(rows, ensure_ascii=False, default=str)))

    @property
    def records(self) -> dict[str, str]:
        return {row["slug"]: row["record"] for kind in TABLES for row in self.rows[kind]}

    def pack(self) -> bytes:
        return zstandard.compress(json.dumps(self.rows, ensure_ascii=False).encode())

    @classmethod
    def unpack(cls, packed: bytes) -> "Archive":
        # two thirds of the time of `json`, in which no other thread runs: 75 ms for 1,900 records
        return cls(from_json(zstandard.decompress(packed)))


def tables() -> list[Table]:
    """The tables that a release fills, each after those it refers to."""
    return [table for table in metadata.sorted_tables if table.name != "release"]


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """What changed from some documents, by slug, to others, ordered by path."""
    changes = [_change("added", after[slug]) for slug in after.keys() - before.keys()]
    changes += [_change("removed", before[slug]) for slug in before.keys() - after.keys()]
    for slug in after.keys() & before.keys():
        if after[slug] != before[slug]:
            was, now = json.loads(before[slug]), json.loads(after[slug])
            fields = tuple(key for key in {**now, **was} if key not in was or key not in now or was[key] != now[key])
            changes.append(_change("changed", after[slug], fields))
    return sorted(changes, key=lambda change: change.url)


def known_versions(connection: Connection) -> list[str]:
    """Versions of the releases that are kept, newest first."""
    return list(dict.fromkeys(connection.scalars(select(col(Release.version)).order_by(col(Release.id).desc()))))


def records_of(connection: Connection, content_hash: str) -> dict[str, str]:
    """The JSON of a release by slug; `NotReady` where it was not kept."""
    archive = connection.scalar(select(col(Release.archive)).where(col(Release.content_hash) == content_hash))
    if archive is None:
        raise NotReady("This release was not kept; run `make load` (in the container: `python -m seed load`).")
    return Archive.unpack(archive).records


def _change(action: str, document: str, fields: Iterable[str] = ()) -> Change:
    record: dict[str, Any] = json.loads(document)
    # by the path: records of the first releases do not say their kind
    kind = COLLECTIONS[record["url"].split("/")[1].replace("-", "_")].name
    # the name of an intake says all of it
    summary = record.get("summary") or record["name"]
    return Change(action, record["slug"], record["name"], kind, record["url"], tuple(fields), summary)
