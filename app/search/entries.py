"""Entries: what the index knows of each record, read from the database in one snapshot."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlmodel import col

from app.database.models import Link, table_of
from app.schemas import KINDS
from app.schemas.food_source import Standing
from app.schemas.vocabulary import Intent

PROSE = frozenset(
    ("summary", "answer", "text", "remark", "function", "connection", "title", "publisher", "funding", "target", "doi")
)
"""Keys whose text is searched, at any depth."""

SEARCHED = {kind.name: kind.search for kind in KINDS.values() if kind.search}
"""Kinds that people look for by words, and how; an intake is found by its filters."""
ENTITIES = frozenset(kind for kind, traits in SEARCHED.items() if traits.entity)
"""Kinds that other records are about."""

MEANS = 0.9
"""What a word of a name counts that the query does not hold but means: of two names, the one typed is shown."""
MOST_FOODS = 200
"""Foods of a nutrient that are ranked by how rich they are: more than anybody reads."""


class Name(NamedTuple):
    """A name or alias of a record: each of its terms with its weight and the slugs of what it names, alone or with
    others beside it; and the sum of the weights."""

    text: str
    terms: dict[str, tuple[float, list[str]]]
    weight: float
    primary: bool


@dataclass(slots=True)
class Entry:
    """A record, as the search sees it. `about` are the records it refers to, citations left out; `joins` those that it
    connects. `degree` is how many records refer to it."""

    kind: str
    slug: str
    name: str
    aliases: list[str]
    detail: str
    passages: list[str]
    about: frozenset[str]
    joins: frozenset[str] = frozenset()
    degree: int = 0
    parent: str | None = None
    grade: str | None = None
    is_food: bool = False
    provides: dict[str, tuple[int, int]] = field(default_factory=dict)
    # made from all entries together, when the index is built
    names: list[Name] = field(default_factory=list)
    answers: frozenset[Intent] = frozenset()
    """What its name says that is asked for; nothing for what other records are about."""
    terms: list[str] = field(default_factory=list)
    """Of each passage, its terms, each between blanks: a set of each would take several times the memory."""
    keys: list[str] = field(default_factory=list)
    """Name and aliases, as beginnings are compared with them."""
    # made when the entry is read from the index
    text: str = ""
    places: dict[str, list[tuple[int, str, float]]] = field(default_factory=dict)
    """Of a term, or a slug behind a slash, the names that hold it or mean it: which, by which term, and its weight."""
    members: list[str] = field(default_factory=list)
    """The narrower records, at any depth."""
    foods: list[int] = field(default_factory=list)
    """Of a nutrient, the ordinals of what provides it, richest first."""
    remedy: str | None = None
    """Of a symptom, the nutrient that most records tie to it."""

    def complete(self) -> None:
        """Make what is not stored."""
        self.text = "".join(self.terms)
        for i, name in enumerate(self.names):
            for term, (weight, slugs) in name.terms.items():
                self.places.setdefault(term, []).append((i, term, weight))
                for slug in slugs:
                    self.places.setdefault(slug, []).append((i, term, MEANS * weight))

    @property
    def url(self) -> str:
        return KINDS[self.kind].url(self.slug)


def read_entries(connection: Connection) -> list[Entry]:
    """Every record, what most records refer to first: in the same order on every database."""
    about: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    degree = Counter[str]()
    for origin, name, target in connection.execute(
        select(col(Link.origin), col(Link.field), col(Link.target)).where(col(Link.field) != "citations")
    ):
        about[origin][name].add(target)
        degree[target] += 1
    entries = []
    for kind in SEARCHED:
        for (text,) in connection.execute(select(table_of(kind).c.record)):
            document = json.loads(text)
            slug = document["slug"]
            entries.append(_entry(kind, document, about.pop(slug, {}), degree[slug]))
    entries.sort(key=lambda e: (e.kind not in ENTITIES, -e.degree, list(KINDS).index(e.kind), len(e.name), e.slug))
    _relate(entries)
    return entries


def _entry(kind: str, document: dict[str, Any], about: dict[str, set[str]], degree: int) -> Entry:
    traits = SEARCHED[kind]
    aliases = [*document.get("aliases", ()), *document.get("examples", ())]
    if symbol := document.get("symbol"):
        aliases.append(symbol)
    parent, detail = document.get("part_of"), document.get(traits.detail)
    return Entry(
        kind=kind,
        slug=document["slug"],
        name=document["name"],
        aliases=list(dict.fromkeys(alias for alias in aliases if alias != document["name"])),
        detail=detail if isinstance(detail, str) else "",
        passages=_passages(document, []),
        about=frozenset[str]().union(*about.values()),
        joins=frozenset[str]().union(*(about.get(name, set()) for name in traits.joins)),
        degree=degree,
        parent=parent["slug"] if isinstance(parent, dict) else None,
        grade=document.get("grade"),
        is_food=kind == "food_source" and document["is_food"],
        provides=_provides(kind, document),
    )


def _provides(kind: str, document: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """How rich a food is in each nutrient, by standing and then by amount: the smaller, the richer."""
    if kind != "food_source":
        return {}
    most: defaultdict[str, int] = defaultdict(int)
    for amount in document["amounts"]:
        slug = amount["nutrient"]["slug"]
        most[slug] = max(most[slug], amount["percent_daily_value"] or 0)
    # the richest comes first
    ranks = {item["nutrient"]["slug"]: list(Standing).index(item["standing"]) for item in document["nutrients"]}
    return {slug: (rank, -most[slug]) for slug, rank in ranks.items()}


def _passages(record: dict[str, Any] | list[Any], found: list[str], *, is_prose: bool = False) -> list[str]:
    """Add the prose of a record: the summary first, then the rest in written order."""
    if isinstance(record, list):
        items = [("text" if is_prose else "", item) for item in record]
    else:
        summary = record.get("summary")
        if isinstance(summary, str):
            found.append(summary)
        items = [(key, item) for key, item in record.items() if key not in ("summary", "citations")]
    for key, item in items:
        if isinstance(item, str):
            if key in PROSE:
                found.append(item)
        elif isinstance(item, dict | list):
            _passages(item, found, is_prose=key in ("authors", "notes"))
    return found


def _relate(entries: Sequence[Entry]) -> None:
    """Tell each entry what others say of it: its members, its foods, its remedy."""
    of_slug = {entry.slug: entry for entry in entries}
    foods: defaultdict[str, list[int]] = defaultdict(list)
    ties: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for ordinal, entry in enumerate(entries):
        wider, seen = entry.parent, {entry.slug}
        while wider in of_slug and wider not in seen:
            seen.add(wider)
            of_slug[wider].members.append(entry.slug)
            wider = of_slug[wider].parent
        for nutrient in entry.provides:
            foods[nutrient].append(ordinal)
        kinds = defaultdict(list)
        for slug in entry.about & of_slug.keys():
            kinds[of_slug[slug].kind].append(slug)
        for symptom in kinds["symptom"]:
            ties[symptom].update(kinds["nutrient"])
    for slug, ordinals in foods.items():
        if slug in of_slug:
            found = sorted((not e.is_food, e.provides[slug], e.slug, o) for o in ordinals for e in (entries[o],))
            of_slug[slug].foods = [food[-1] for food in found[:MOST_FOODS]]
    for slug, tied in ties.items():
        of_slug[slug].remedy = min(tied, key=lambda nutrient: (-tied[nutrient], nutrient), default=None)
