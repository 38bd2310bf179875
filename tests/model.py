"""What the API must answer, worked out from the content without a database: each list, record and redirect.

Rendered records and cards come from the content's own build; what is compared is what happens to them afterwards:
filters, order, pages, related records, redirects, and that no answer mixes two releases.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.api.resources import modules
from app.database.current_release import release_tag
from app.schemas import COLLECTIONS, KINDS
from app.schemas.common import Grade
from app.schemas.intake import Role
from seed.build import sort_name
from seed.check import check
from seed.load import prepare
from seed.redirects import redirect_rows

Json = dict[str, Any]

AMOUNTS = ("per_100g", "per_serving", "percent_daily_value")
RESOURCES = {module.RESOURCE.kind: module.RESOURCE for module in modules() if hasattr(module, "RESOURCE")}


def refs(value: Any) -> Iterator[tuple[str, str]]:
    """Kind and slug of every reference in a part of a record, in written order."""
    if isinstance(value, dict) and value.keys() == {"slug", "name", "kind", "url"}:
        yield value["kind"], value["slug"]
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from refs(item)


@dataclass
class Row:
    """A record, with what it refers to."""

    record: Json

    @cached_property
    def refs(self) -> list[tuple[str, str]]:
        """Every reference, once."""
        return list(dict.fromkeys(ref for value in self.record.values() for ref in refs(value)))

    @cached_property
    def slugs(self) -> dict[str, set[str]]:
        """What each field refers to; a source that is cited anywhere in the content file is one of the citations."""
        found: dict[str, set[str]] = {name: {slug for _, slug in refs(value)} for name, value in self.record.items()}
        fields = KINDS[self.record["kind"]].file.model_fields
        written = [value for name, value in self.record.items() if name in fields]
        return found | {"citations": {slug for kind, slug in refs(written) if kind == "source"}}

    def at(self, *path: str) -> Any:
        """The value at a path; null where there is none."""
        value: Any = self.record
        for key in path:
            value = value and value.get(key)
        return value

    def amount(self, nutrient: str, key: str) -> Any:
        """The amount of a nutrient in the form of the food that has most of it: its amounts are in that order."""
        found = (amount for amount in self.record["amounts"] if amount["nutrient"]["slug"] == nutrient)
        value = next((amount[key] for amount in found if amount["per_100g"] is not None), None)
        return value["value"] if isinstance(value, dict) else value


Test = Callable[[Row, Sequence[str]], bool]
"""Whether a record passes a filter that has these values."""


def equals(*path: str) -> Test:
    """The value at a path is one of those asked for."""
    return lambda row, values: str(row.at(*path)) in values


def is_true(name: str) -> Test:
    return lambda row, values: str(row.record[name]).lower() in values


def names(*fields: str) -> Test:
    """One of these fields refers to a record that is asked for."""
    return lambda row, values: any(not row.slugs[name].isdisjoint(values) for name in fields)


def coded(row: Row, values: Sequence[str]) -> bool:
    return any(f"{code['vocabulary']}:{code['id']}" in values for code in row.record["same_as"])


CODED: Mapping[str, Test] = {"same_as": coded}
COMMON: Mapping[str, Test] = {
    "slug": equals("slug"),
    "from_article": is_true("from_article"),
    "last_reviewed_after": lambda row, values: row.record["last_reviewed"] >= values[0],
    "last_reviewed_before": lambda row, values: row.record["last_reviewed"] <= values[0],
}
FILTERS: Mapping[str, Mapping[str, Test]] = {
    "nutrient": {"type": equals("type"), "electrolyte": is_true("electrolyte"), **CODED},
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
        **CODED,
    },
    "lifestyle_factor": {
        "type": equals("type"),
        "nutrient": names("disturbs"),
        "symptom": names("symptoms"),
        "part_of": names("part_of"),
        **CODED,
    },
    "faq_entry": {"nutrient": names("related"), "symptom": names("related"), "lifestyle_factor": names("related")},
    "symptom": {"type": equals("type"), **CODED},
    "interaction": {"type": equals("type"), "nutrient": names("nutrients"), "grade": equals("grade")},
    "claim": {
        "about": names("subject", "co_subjects", "object"),
        "subject": names("subject", "co_subjects"),
        "object": names("object"),
        "relation": equals("relation"),
        "state": equals("state"),
        "grade": equals("grade"),
        "source": names("citations"),
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
        "sex": lambda row, values: row.at("population", "sex") in (*values, "any"),
    },
}
REVERSED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "nutrient": {"food_source": ("food_source", "nutrients"), "lifestyle_factor": ("lifestyle_factor", "disturbs")},
    "symptom": {"lifestyle_factor": ("lifestyle_factor", "symptoms"), "mechanism": ("mechanism", "symptoms")},
}
"""Filters by a record that refers, in this field, to those of the list: its kind and the field."""

BY_SLUG: Mapping[str, str] = {
    **{name: name for name in ("nutrient", "symptom", "lifestyle_factor", "mechanism", "food_source", "source")},
    "about": "nutrient",
    "subject": "nutrient",
    "object": "symptom",
    "slug": "",
    "part_of": "",
}
"""Filters of which the values are slugs, and of which kind; of the list's own kind where it is empty."""

KEYS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: sort_name(row.record["name"]),
    "grade": lambda row: list(Grade).index(Grade(row.record["grade"])),
    "nutrient": lambda row: row.at("nutrient", "slug"),
    "role": lambda row: list(Role).index(Role(row.record["role"])),
    "age": lambda row: row.at("population", "age_min_months"),
    **{
        name: lambda row, name=name: row.record[name]  # type: ignore[misc]
        for name in ("type", "relation", "position", "group", "year", "authority", "slug")
    },
}
"""What a sort key orders by."""


@dataclass(frozen=True)
class Question:
    """What is asked for: a list of a kind, or one of its records."""

    kind: str
    slug: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: tuple[str, ...] = ()
    limit: int = 20
    offset: int = 0
    include: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The request's target."""
        query = {name: ",".join(values) for name, values in self.filters.items()}
        query |= {"sort": ",".join(self.sort)} if self.sort else {}
        query |= {"include": ",".join(self.include)} if self.include else {}
        path = f"/{KINDS[self.kind].collection}"
        if self.slug:
            path += f"/{self.slug}"
        else:
            query |= {"limit": str(self.limit), "offset": str(self.offset)}
        return f"{path}?{urlencode(query, safe=',')}" if query else path


class Model:
    """One release of the dataset."""

    def __init__(self, content: Path) -> None:
        checked, problems = check(content)
        assert checked is not None, problems
        self.prepared = prepared = prepare(checked)
        self.tag = release_tag(prepared.dataset["version"], prepared.dataset["content_hash"])
        self.rows = {slug: Row(json.loads(document)) for slug, document in prepared.documents.items()}
        self.cards = {slug: json.loads(card) for slug, card in prepared.cards.items()}
        self.disclaimer = checked.dataset.disclaimer
        redirects = redirect_rows(prepared.records.values(), prepared.redirects)
        self.redirects = {(row["kind"], row["slug"]): row["target"] for row in redirects}
        self.kinds: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        self.ordered: dict[tuple[str, tuple[str, ...], str], list[Row]] = {}
        self.passing: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
        for row in self.rows.values():
            self.kinds[row.record["kind"]].append(row)

    def answer(self, question: Question) -> tuple[int, Any]:
        """Status, and the body of a 200 or the location of a 308."""
        if question.slug:
            return self._record(question)
        filters = question.filters
        if any(slug not in self.rows for name in BY_SLUG for slug in filters.get(name, ())):
            return 422, None
        by_amount = any(key.removeprefix("-") in AMOUNTS for key in question.sort)
        if by_amount and len(filters.get("nutrient", ())) != 1:
            return 422, None
        found = self._ordered(question.kind, question.sort, filters["nutrient"][0] if by_amount else "")
        for name, values in filters.items():
            passing = self._passing(question.kind, name, values)
            found = [row for row in found if row.record["slug"] in passing]
        shown = found[question.offset : question.offset + question.limit]
        body = {
            "items": [self.cards[row.record["slug"]] for row in shown],
            "total": len(found),
            "limit": question.limit,
            "offset": question.offset,
            "included": self._included(shown, question.include),
            "disclaimer": self.disclaimer,
        }
        return 200, body

    def _record(self, question: Question) -> tuple[int, Any]:
        row = self.rows.get(question.slug)
        if row is None or row.record["kind"] != question.kind:
            target = self.redirects.get((question.kind, question.slug))
            return (308, f"/{KINDS[question.kind].collection}/{target}") if target else (404, None)
        included = self._included([row], question.include)
        return 200, {**row.record, "included": included, "disclaimer": self.disclaimer}

    def _ordered(self, kind: str, sort: tuple[str, ...], nutrient: str) -> list[Row]:
        """All records of a kind, in the order of some keys; nulls come last in both directions."""
        if (kind, sort, nutrient) not in self.ordered:
            rows = self.kinds[kind]
            for key in reversed((*(sort or RESOURCES[kind].default_sort), "name", "slug")):
                name = key.removeprefix("-")
                value = KEYS.get(name) or partial(Row.amount, nutrient=nutrient, key=name)
                nulls = [row for row in rows if value(row) is None]
                others = [row for row in rows if value(row) is not None]
                # stable, in both directions
                rows = [*sorted(others, key=value, reverse=key.startswith("-")), *nulls]
            self.ordered[kind, sort, nutrient] = rows
        return self.ordered[kind, sort, nutrient]

    def _passing(self, kind: str, name: str, values: tuple[str, ...]) -> set[str]:
        """The slugs of a kind's records that pass a filter with these values."""
        if (kind, name, values) not in self.passing:
            rows = self.kinds[kind]
            if test := {**COMMON, **FILTERS[kind]}.get(name):
                passing = {row.record["slug"] for row in rows if test(row, values)}
            else:
                origins, referring = REVERSED[kind][name]
                passing = {
                    slug for row in self.kinds[origins] if row.record["slug"] in values for slug in row.slugs[referring]
                }
            if name == "sex":
                # a person who is described, and not as pregnant or breast-feeding, is neither
                passing &= {row.record["slug"] for row in rows if "neither" in row.at("population", "states")}
            self.passing[kind, name, values] = passing
        return self.passing[kind, name, values]

    def _included(self, rows: Sequence[Row], include: Sequence[str]) -> Json:
        found: Json = {}
        named = dict.fromkeys(ref for row in rows for ref in row.refs)
        for name in include:
            kind = COLLECTIONS[name].name
            if kind == "intake":
                shown = tuple(row.record["slug"] for row in rows)
                keys = ("role", "authority", "type", "age")
                asked = Question("intake", filters={"nutrient": shown}, sort=keys, limit=len(self.rows))
                found[name] = self.answer(asked)[1]["items"] if shown else []
            else:
                found[name] = [self.cards[slug] for ref_kind, slug in named if ref_kind == kind]
        return found
