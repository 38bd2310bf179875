"""Entries: what the index knows of each record, read from the database in one snapshot."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from app.database.models import Link, table_of
from app.schemas import KINDS
from app.schemas.food_source import Standing

PROSE = frozenset(
    ("summary", "answer", "text", "remark", "function", "connection", "title", "publisher", "funding", "target", "doi")
)
"""Keys whose text is searched, at any depth."""

SEARCHED = {kind.name: kind.search for kind in KINDS.values() if kind.search}
"""Kinds that people look for by words, and how; an intake is found by its filters."""

STANDINGS = tuple(Standing)
"""Richest first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, as the search sees it. `about` are the records it refers to; citations are left out."""

    kind: str
    slug: str
    name: str
    aliases: tuple[str, ...]
    detail: str
    passages: tuple[str, ...]
    about: frozenset[str]
    parent: str | None = None
    is_food: bool = False
    provides: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return KINDS[self.kind].url(self.slug)


def read_entries(connection: Connection) -> list[Entry]:
    """Every record, ordered by slug: the same order on every database."""
    about: defaultdict[str, set[str]] = defaultdict(set)
    for origin, target in connection.execute(
        select(col(Link.origin), col(Link.target)).where(col(Link.field) != "citations")
    ):
        about[origin].add(target)
    entries = []
    for kind in SEARCHED:
        for (text,) in connection.execute(select(table_of(kind).c.record)):
            document = json.loads(text)
            entries.append(_entry(kind, document, frozenset(about[document["slug"]])))
    return sorted(entries, key=lambda entry: entry.slug)


def _entry(kind: str, document: dict[str, Any], about: frozenset[str]) -> Entry:
    aliases = [*document.get("aliases", ()), *document.get("examples", ())]
    if symbol := document.get("symbol"):
        aliases.append(symbol)
    parent = document.get("part_of")
    detail = document.get(SEARCHED[kind].detail)
    return Entry(
        kind=kind,
        slug=document["slug"],
        name=document["name"],
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias != document["name"])),
        detail=detail if isinstance(detail, str) else "",
        passages=tuple(_passages(document)),
        about=about,
        parent=parent["slug"] if isinstance(parent, dict) else None,
        is_food=kind == "food_source" and document["is_food"],
        provides=_provides(kind, document),
    )


def _provides(kind: str, document: dict[str, Any]) -> dict[str, tuple[float, ...]]:
    """How rich a food is in each nutrient, by standing and then by amount: the smaller, the richer."""
    if kind != "food_source":
        return {}
    most: defaultdict[str, int] = defaultdict(int)
    for amount in document["amounts"]:
        slug = amount["nutrient"]["slug"]
        most[slug] = max(most[slug], amount["percent_daily_value"] or 0)
    ranks = {item["nutrient"]["slug"]: STANDINGS.index(item["standing"]) for item in document["nutrients"]}
    return {slug: (rank, -most[slug]) for slug, rank in ranks.items()}


def _passages(value: Any, key: str = "") -> Iterator[str]:
    """The prose of a record: the summary first, then the rest in written order."""
    if isinstance(value, str):
        if key in PROSE:
            yield value
    elif isinstance(value, dict):
        if isinstance(value.get("summary"), str):
            yield value["summary"]
        for name, item in value.items():
            if name not in ("summary", "citations"):
                yield from _passages(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _passages(item, "text" if key in ("authors", "notes") else "")
