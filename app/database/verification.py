"""Whether the database still holds what was loaded: no statement of it may have changed by itself."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import zstandard
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.errors import NO_DATASET, NotReady
from app.database.models import TABLES, Release
from app.database.releases import Archive

Row = Mapping[str, Any]


def content_hash(
    info: Row,
    vocabulary: str,
    records: Mapping[str, str],
    cards: Mapping[str, str],
    redirects: Iterable[Row],
    life_stages: Iterable[Row],
) -> str:
    """The hash of everything that a dataset says; `records` and `cards` hold JSON by slug."""
    about = {key: value for key, value in info.items() if key != "content_hash"}
    stages = sorted(life_stages, key=lambda stage: int(stage["position"]))
    rows = sorted((row["kind"], row["slug"], row["target"]) for row in redirects)
    content = json.dumps([about, vocabulary, records, cards, rows, stages], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def damage(connection: Connection) -> list[str]:
    """What differs from the dataset that was loaded; empty where all is whole. `NotReady` where there is none."""
    if connection.dialect.name == "sqlite":
        found = list(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalars())
        if found != ["ok"]:
            return [f"the file is damaged ({found[0]})"]
    try:
        return _differences(connection)
    except (ValueError, LookupError, ArithmeticError, zstandard.ZstdError):
        return ["rows cannot be read"]


def _differences(connection: Connection) -> list[str]:
    archive = Archive.of(connection)
    if not archive.rows["dataset"]:
        raise NotReady(NO_DATASET)
    [dataset] = archive.rows["dataset"]
    computed = content_hash(
        json.loads(dataset["info"]),
        dataset["vocabulary"],
        archive.records,
        {row["slug"]: row["card"] for kind in TABLES for row in archive.rows[kind]},
        archive.rows["redirect"],
        archive.rows["life_stage"],
    )
    differences = [] if computed == dataset["content_hash"] else ["the content does not have the hash that it states"]
    kept = connection.scalar(select(col(Release.archive)).where(col(Release.content_hash) == dataset["content_hash"]))
    if kept is None:
        return [*differences, "the release that was loaded was not kept"]
    loaded = Archive.unpack(kept)
    # a rollback sets the time anew
    for rows in (archive.rows, loaded.rows):
        del rows["dataset"][0]["loaded_at"]
    tables = [table for table, rows in archive.rows.items() if _sorted(rows) != _sorted(loaded.rows[table])]
    return differences + [f"rows of the table {table} differ from those that were loaded" for table in tables]


def _sorted(rows: Iterable[Row]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)
