"""Requests: the same question, as each server wants it asked."""

import random
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from app.schemas.source import SourceType

SHAPES = ("detail", "list of 20", "filter + sort")


@dataclass(frozen=True)
class Question:
    """What one request asks for: a slug, or a page of a list."""

    number: int
    slug: str
    name: str
    type: str | None
    offset: int
    by_year: bool


def questions(database: Path, shape: str, count: int, seed: int = 1) -> list[Question]:
    """Different questions of one shape about the sources, at random."""
    chance = random.Random(seed)
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT slug, json_extract(card, '$.name') FROM source ORDER BY slug")
        rows = [(number, slug, name) for number, (slug, name) in enumerate(found, 1)]
    types = [str(type) for type in SourceType]
    deepest = max(1, min(500, len(rows) // len(types) - 20))
    by_year = shape == "filter + sort"
    return [
        Question(*row, chance.choice(types if by_year else [*types, None]), chance.randrange(deepest), by_year)
        for row in (chance.choice(rows) for _ in range(count))
    ]


def rest(shape: str, question: Question) -> str:
    """For this API, and for the plain FastAPI app."""
    if shape == "detail":
        return f"/sources/{question.slug}"
    given = {
        "type": question.type,
        "limit": 20,
        "offset": question.offset,
        "sort": "-year" if question.by_year else None,
    }
    return _path("/sources", given)


def drf(shape: str, question: Question) -> str:
    """For Django REST framework."""
    return rest(shape, question).replace("sort=", "ordering=")


def json_server(shape: str, question: Question) -> str:
    """For json-server."""
    if shape == "detail":
        return f"/sources/{question.slug}"
    order = {"_sort": "year", "_order": "desc"} if question.by_year else {"_sort": "name"}
    page = {"_start": question.offset, "_limit": 20}
    return _path("/sources", {"type": question.type, **order, **page})


def datasette(shape: str, question: Question) -> str:
    """For datasette: no counts, no facets; it pages by key, so an offset becomes a name to start from."""
    bare = {"_shape": "objects", "_nocount": 1, "_nofacet": 1, "_nosuggest": 1}
    if shape == "detail":
        return f"/peers/source/{question.number}.json?_shape=objects"
    order = {"_sort_desc": "year"} if question.by_year else {"_sort": "name", "name__gt": question.name}
    return _path("/peers/source.json", {"type": question.type, **order, "_size": 20, **bare})


PATHS: dict[str, Callable[[str, Question], str]] = {
    "plain FastAPI + SQLModel": rest,
    "the same, eager": rest,
    "datasette": datasette,
    "Django REST framework": drf,
    "json-server": json_server,
}


def _path(path: str, given: Mapping[str, object]) -> str:
    return f"{path}?{urlencode({name: value for name, value in given.items() if value is not None})}"
