"""What the API must answer, worked out from the content without a database: each list, record and redirect.

Rendered records and cards come from the content's own build; what is compared is what happens to them afterwards:
filters, order, pages, related records, redirects, and that no answer mixes two releases.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.database.current_release import release_tag
from app.schemas import COLLECTIONS, KINDS
from app.schemas.common import Grade
from app.schemas.intake import Role
from seed.build import sort_name
from seed.check import check
from seed.load import prepare
from seed.redirects import redirect_rows

Json = dict[str, Any]
Test = Callable[[Json, Sequence[str]], bool]
"""Whether a record passes a filter that has these values."""

BY_SLUG = ("nutrient", "symptom", "lifestyle_factor", "mechanism", "food_source", "source", "part_of", "slug")
BY_SLUG += ("about", "subject", "object")
"""Filters of which the values are slugs of records."""


def refs(value: Any) -> Iterator[tuple[str, str]]:
    """Kind and slug of every reference in a part of a record."""
    if isinstance(value, dict) and value.keys() == {"slug", "name", "kind", "url"}:
        yield value["kind"], value["slug"]
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from refs(item)


def equals(*path: str) -> Test:
    """The value at a path is one of those asked for."""

    def test(record: Json, values: Sequence[str]) -> bool:
        return str(at(record, path)) in values

    return test


def at(record: Json, path: Sequence[str]) -> Any:
    """The value at a path; null where there is none."""
    value: Any = record
    for key in path:
        value = value and value.get(key)
    return value


def is_true(name: str) -> Test:
    return lambda record, values: str(record[name]).lower() in values


def names(*fields: str) -> Test:
    """One of these fields refers to a record that is asked for."""
    return lambda record, values: any(slug in values for name in fields for _, slug in refs(record[name]))


def cites(record: Json, values: Sequence[str]) -> bool:
    """A citation anywhere in the record is of a source that is asked for."""
    own = {name: value for name, value in record.items() if name not in KINDS[record["kind"]].file.model_fields}
    written = {name: value for name, value in record.items() if name not in own}
    return any(kind == "source" and slug in values for kind, slug in refs(list(written.values())))


FILTERS: Mapping[str, Mapping[str, Test]] = {
    "nutrient": {"type": equals("type"), "electrolyte": is_true("electrolyte")},
    "mechanism": {
        "nutrient": names("trigger", "involves"),
        "lifestyle_factor": names("trigger"),
        "symptom": names("symptoms"),
        "state": equals("trigger", "state"),
        "grade": equals("grade"),
    },
    "food_source": {
        "nutrient": names("nutrients"),
        "group": equals("group"),
        "is_food": is_true("is_food"),
        "part_of": names("part_of"),
    },
    "lifestyle_factor": {
        "type": equals("type"),
        "nutrient": names("disturbs"),
        "symptom": names("symptoms"),
        "part_of": names("part_of"),
    },
    "faq_entry": {"nutrient": names("related"), "symptom": names("related"), "lifestyle_factor": names("related")},
    "symptom": {"type": equals("type")},
    "interaction": {"type": equals("type"), "nutrient": names("nutrients"), "grade": equals("grade")},
    "claim": {
        "about": names("subject", "co_subjects", "object"),
        "subject": names("subject", "co_subjects"),
        "object": names("object"),
        "relation": equals("relation"),
        "state": equals("state"),
        "grade": equals("grade"),
        "source": cites,
    },
    "source": {"type": equals("type")},
    "intake": {
        "nutrient": equals("nutrient", "slug"),
        "authority": equals("authority"),
        "type": equals("type"),
        "role": equals("role"),
        "source": equals("source", "slug"),
        "status": equals("status"),
        "life_stage": equals("life_stage", "code"),
    },
}
COMMON: Mapping[str, Test] = {
    "slug": equals("slug"),
    "from_article": is_true("from_article"),
    "last_reviewed_after": lambda record, values: record["last_reviewed"] >= values[0],
    "last_reviewed_before": lambda record, values: record["last_reviewed"] <= values[0],
}

REVERSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "nutrient": {"food_source": ("food_source", "nutrients"), "lifestyle_factor": ("lifestyle_factor", "disturbs")},
    "symptom": {"lifestyle_factor": ("lifestyle_factor", "symptoms"), "mechanism": ("mechanism", "symptoms")},
}
"""Filters by a record that refers, in this field, to those of the list: its kind and the field."""

SORTS: Mapping[str, Mapping[str, Callable[[Json], Any]]] = {
    "type": {"type": lambda record: record["type"]},
    "grade": {"grade": lambda record: list(Grade).index(Grade(record["grade"]))},
    "relation": {"relation": lambda record: record["relation"]},
    "position": {"position": lambda record: record["position"]},
    "group": {"group": lambda record: record["group"]},
    "year": {"year": lambda record: record["year"]},
}
OF_INTAKES: Mapping[str, Callable[[Json], Any]] = {
    "nutrient": lambda record: record["nutrient"]["slug"],
    "role": lambda record: list(Role).index(Role(record["role"])),
    "authority": lambda record: record["authority"],
    "type": lambda record: record["type"],
    "age": lambda record: record["population"]["age_min_months"],
}
KEYS: Mapping[str, tuple[str, ...]] = {
    "nutrient": ("type",),
    "mechanism": ("grade",),
    "food_source": ("group",),
    "lifestyle_factor": ("type",),
    "faq_entry": ("position",),
    "symptom": ("type",),
    "interaction": ("type", "grade"),
    "claim": ("grade", "relation"),
    "source": ("type", "year"),
    "intake": tuple(OF_INTAKES),
}
DEFAULT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("mechanism", "interaction", "claim"), ("grade",)),
    "faq_entry": ("position",),
    "intake": tuple(OF_INTAKES),
}


@dataclass(frozen=True)
class Question:
    """A path with its query, and what is asked for: a list of a kind or one of its records."""

    kind: str
    slug: str = ""
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: tuple[str, ...] = ()
    limit: int = 20
    offset: int = 0
    include: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The request's target."""
        query = {name: ",".join(values) for name, values in self.given.items()}
        query |= {"sort": ",".join(self.sort)} if self.sort else {}
        query |= {"include": ",".join(self.include)} if self.include else {}
        if self.slug:
            path = f"/{KINDS[self.kind].collection}/{self.slug}"
        else:
            path = f"/{KINDS[self.kind].collection}"
            query |= {"limit": str(self.limit), "offset": str(self.offset)}
        return f"{path}?{urlencode(query, safe=',')}" if query else path


class Model:
    """One release of the dataset."""

    def __init__(self, content: Path) -> None:
        checked, problems = check(content)
        assert checked is not None, problems
        prepared = prepare(checked)
        self.tag = release_tag(prepared.dataset["version"], prepared.dataset["content_hash"])
        self.records = {slug: json.loads(document) for slug, document in prepared.documents.items()}
        self.cards = {slug: json.loads(card) for slug, card in prepared.cards.items()}
        self.disclaimer = checked.dataset.disclaimer
        rows = redirect_rows(prepared.records.values(), prepared.redirects)
        self.redirects = {(row["kind"], row["slug"]): row["target"] for row in rows}
        self.kinds: dict[str, list[Json]] = {kind: [] for kind in KINDS}
        for record in self.records.values():
            self.kinds[record["kind"]].append(record)

    def answer(self, question: Question) -> tuple[int, Any]:
        """Status, and the body of a 200 or the location of a 308."""
        if question.slug:
            return self._record(question)
        if any(slug not in self.records for name in BY_SLUG for slug in question.given.get(name, ())):
            return 422, None
        found = [record for record in self.kinds[question.kind] if self._passes(record, question)]
        for key in reversed((*(question.sort or DEFAULT.get(question.kind, ())), "name")):
            found = _sorted(found, question.kind, key)
        shown = found[question.offset : question.offset + question.limit]
        body = {
            "items": [self.cards[record["slug"]] for record in shown],
            "total": len(found),
            "limit": question.limit,
            "offset": question.offset,
            "included": self._included(shown, question.include),
            "disclaimer": self.disclaimer,
        }
        return 200, body

    def _record(self, question: Question) -> tuple[int, Any]:
        record = self.records.get(question.slug)
        if record is None or record["kind"] != question.kind:
            target = self.redirects.get((question.kind, question.slug))
            return (308, f"/{KINDS[question.kind].collection}/{target}") if target else (404, None)
        included = self._included([record], question.include)
        return 200, {**record, "included": included, "disclaimer": self.disclaimer}

    def _passes(self, record: Json, question: Question) -> bool:
        tests = {**COMMON, **FILTERS[question.kind]}
        for name, values in question.given.items():
            if name in tests:
                if not tests[name](record, values):
                    return False
                continue
            kind, referring = REVERSED[question.kind][name]
            origins = [origin for origin in self.kinds[kind] if origin["slug"] in values]
            if (record["kind"], record["slug"]) not in {ref for origin in origins for ref in refs(origin[referring])}:
                return False
        return True

    def _included(self, records: Sequence[Json], include: Sequence[str]) -> Json:
        found: Json = {}
        named = dict.fromkeys(ref for record in records for value in record.values() for ref in refs(value))
        for name in include:
            kind = COLLECTIONS[name].name
            found[name] = [self.cards[slug] for ref_kind, slug in named if ref_kind == kind]
        return found


def _sorted(records: list[Json], kind: str, key: str) -> list[Json]:
    """In the order of one key; nulls come last, and equal ones keep their order unless the slugs decide."""
    name = key.removeprefix("-")
    if name == "name":
        # the last key: the slug makes the order total
        records = sorted(records, key=lambda record: record["slug"])
        value: Callable[[Json], Any] = lambda record: sort_name(record["name"])  # noqa: E731
    else:
        value = OF_INTAKES[name] if kind == "intake" else SORTS[name][name]
    nulls = [record for record in records if value(record) is None]
    others = [record for record in records if value(record) is not None]
    # `reverse` keeps equal ones in their order
    return [*sorted(others, key=value, reverse=key.startswith("-")), *nulls]


def questions(models: Sequence[Model], seed: int) -> Iterator[Question]:
    """Questions without end, about what is in one of the releases."""
    chance = random.Random(seed)
    while True:
        yield question(chance, chance.choice(models))


def question(chance: random.Random, model: Model) -> Question:
    """One question; most filters are given values that occur."""
    kind = chance.choice(list(KINDS))
    include = tuple(chance.sample(_related(kind), chance.randint(1, 2))) if chance.random() < 0.2 else ()
    if chance.random() < 0.3:
        slugs = [record["slug"] for record in model.kinds[kind]]
        former = [slug for of_kind, slug in model.redirects if of_kind == kind]
        return Question(kind, slug=chance.choice([*slugs, *former, "no-such-thing"]), include=include)
    given = {}
    for name in chance.sample([*COMMON, *FILTERS[kind], *REVERSED.get(kind, ())], chance.randint(0, 2)):
        values = _values(model, kind, name)
        if values:
            several = 1 if name.startswith(("last", "from", "is_", "electro")) else chance.randint(1, 2)
            given[name] = tuple(chance.sample(values, min(several, len(values))))
    keys = chance.sample([*KEYS[kind], "name"], chance.choice((0, 1, 2)) if len(KEYS[kind]) else 0)
    sort = tuple(chance.choice(("", "-")) + key for key in keys)
    limit, offset = chance.choice((1, 3, 20, 100)), chance.choice((0, 0, 1, 7, 40, 2000))
    return Question(kind, given=given, sort=sort, limit=limit, offset=offset, include=include)


def _related(kind: str) -> tuple[str, ...]:
    return {"source": ("claims",), "intake": ("nutrients", "sources")}.get(kind, ("sources", "claims"))


def _values(model: Model, kind: str, name: str) -> list[str]:
    """Values of a filter that occur, or that records of the right kind have as slugs."""
    if name in REVERSED.get(kind, {}):
        return [record["slug"] for record in model.kinds[REVERSED[kind][name][0]]]
    if name == "slug":
        return [record["slug"] for record in model.kinds[kind]]
    if name in ("from_article", "electrolyte", "is_food"):
        return ["true", "false"]
    if name.startswith("last_reviewed"):
        return sorted({record["last_reviewed"] for record in model.kinds[kind]})
    if name in BY_SLUG:
        own = {"about": "nutrient", "subject": "nutrient", "object": "symptom", "part_of": kind}.get(name, name)
        return [record["slug"] for record in model.kinds[own]]
    path = {"state": ("trigger", "state") if kind == "mechanism" else ("state",), "life_stage": ("life_stage", "code")}
    found = {at(record, path.get(name, (name,))) for record in model.kinds[kind]}
    return sorted(value for value in found if value)
