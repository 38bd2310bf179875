"""From authored files to the records that are served: every record gains the references that point at it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from app.schemas.common import Backlink, Grade, Kind, Ref
from app.schemas.food_source import FoodSourceFile
from app.schemas.lifestyle_factor import effect_field
from seed.amounts import DailyValues, amounts_of, with_provisions
from seed.names import Names


@dataclass(frozen=True)
class Authored:
    """One checked content file."""

    kind: Kind
    slug: str
    path: str
    content: Any


def links(content: Any, fields: Iterable[str]) -> list[tuple[str, str]]:
    """The references that a record holds in these fields, as field and slug, each once a field, in written order."""
    # a citation below any field is a citation of the record
    found = [
        ("citations" if ref.kind == "source" else f, ref.slug) for f in fields for ref in _refs(getattr(content, f))
    ]
    # a field of its own for each effect, so that a list can be filtered by both at once
    found += [(effect_field(item.effect), item.nutrient.slug) for item in getattr(content, "disturbs", ())]
    return list(dict.fromkeys(found))


def build(authored: list[Authored], names: Names, daily_values: DailyValues) -> list[Any]:
    """The records as they are served, ordered by kind and slug."""
    authored = [
        replace(item, content=with_provisions(item.content, names, daily_values))
        if isinstance(item.content, FoodSourceFile)
        else item
        for item in authored
    ]
    backlinks: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    by_slug = {item.slug: item for item in authored}
    for item in authored:
        for field, target in links(item.content, type(item.content).model_fields):
            backlinks[target, item.kind.name, field].append(item.slug)
    records: list[Any] = []
    for item in sorted(authored, key=lambda item: (item.kind.name, item.slug)):
        derived: dict[str, Any] = {}
        for field, info in item.kind.record.model_fields.items():
            for backlink in (m for m in info.metadata if isinstance(m, Backlink)):
                keys = [(item.slug, kind, name) for kind in backlink.kinds for name in backlink.fields]
                found = {slug for key in keys for slug in backlinks[key]}
                derived[field] = [names.refs[slug] for slug in sorted(found, key=lambda slug: _order(by_slug[slug]))]
        if isinstance(item.content, FoodSourceFile):
            derived["amounts"] = amounts_of(item.content, names, daily_values)
        if item.kind.name == "nutrient":
            derived |= _of_nutrient(item.slug, authored, daily_values)
        written = {field: getattr(item.content, field) for field in type(item.content).model_fields}
        own = names.refs[item.slug]
        records.append(item.kind.record(**{**written, **derived, **dict(own)}))
    return records


def _of_nutrient(slug: str, authored: list[Authored], daily_values: DailyValues) -> dict[str, Any]:
    """What a nutrient's record gains from records that name it."""
    daily = daily_values.get(slug)
    chains = [item.content for item in authored if item.kind.name == "mechanism"]
    symptoms = {ref.slug: ref for chain in chains if chain.trigger.record.slug == slug for ref in chain.symptoms}
    return {
        "unit": daily and daily.unit,
        "daily_value": daily,
        "intakes_url": f"/intakes?nutrient={slug}",
        "symptoms": sorted(symptoms.values(), key=lambda ref: sort_name(ref.name)),
    }


def sort_name(name: str) -> str:
    """The key by which names are ordered: the same on every database."""
    return " ".join(name.casefold().split())


def _order(item: Authored) -> tuple[int, int, str, str]:
    """Best supported first, then FAQ position, then name."""
    grade = getattr(item.content, "grade", None)
    rank = grade.rank if isinstance(grade, Grade) else 0
    position = getattr(item.content, "position", 0)
    return rank, position, sort_name(getattr(item.content, "name", item.slug)), item.slug


def _refs(value: Any) -> Iterator[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _refs(getattr(value, field))
    elif isinstance(value, list):
        for item in value:
            yield from _refs(item)
