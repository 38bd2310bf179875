"""The schemas of the API description: flat, without `anyOf`, each thing described once.

One plain schema for each shape is what client generators, language models and people read best. A nullable reference
and a choice of two objects are therefore components of their own, and records do not compose a base.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from app.api.envelopes import Page
from app.api.errors import ProblemDetails
from app.api.parameters import MAX_VALUES
from app.schemas import KINDS
from app.schemas.common import MAX_SLUG, SLUG_PATTERN, Json
from app.schemas.food_source import Amount
from app.schemas.identifier import CODE_PATTERN
from app.schemas.intake import Intake

REFERENCE = "#/components/schemas/"

BASES = (Page, Amount, Intake)
"""Models that others extend by a few keys: these compose them."""

IN_FULL = ("Ref", *(kind.card.__name__ for kind in KINDS.values()))
"""Components that describe all their keys in place: what a reader meets first, and what every answer can hold."""

OFTEN = 4
"""A key that so many other components describe alike is described once."""

SHARED: Json = {
    "Code": {"type": "string", "pattern": CODE_PATTERN, "description": "A vocabulary and a code."},
    "Codes": {
        "type": "array",
        "items": {"$ref": f"{REFERENCE}Code"},
        "minItems": 1,
        "maxItems": MAX_VALUES,
        "description": "Codes of vocabularies, in any case.",
    },
    "Kind": {"type": "string", "enum": list(KINDS), "description": "Kind."},
    "Refs": {"type": "array", "items": {"$ref": f"{REFERENCE}Ref"}, "description": "References to records."},
    "Slug": {
        "type": "string",
        "pattern": SLUG_PATTERN,
        "maxLength": MAX_SLUG,
        "description": "Permanent ID.",
    },
    "Slugs": {
        "type": "array",
        "items": {"$ref": f"{REFERENCE}Slug"},
        "minItems": 1,
        "maxItems": MAX_VALUES,
        "description": "Slugs of records, or names that lead to them.",
    },
}
"""Components for what many properties and parameters are."""


def schemas(found: Json) -> Json:
    """The components: what FastAPI found, with the problem's in place of its own, and no more said than is needed."""
    for model in (ProblemDetails, *BASES):
        described = model.model_json_schema(mode="serialization", ref_template=REFERENCE + "{model}")
        found |= described.pop("$defs", {}) | {model.__name__: described}
    for component in found.values():
        component.pop("title", None)
        for property_ in component.get("properties", {}).values():
            # every key is always sent
            property_.pop("default", None)
    _compose(found)
    for name, component in found.items():
        for properties in _properties(component):
            properties |= {key: _property(property_, in_full=name in IN_FULL) for key, property_ in properties.items()}
            if "const" not in properties.get("kind", {"const": ""}):
                properties["kind"] = {"$ref": f"{REFERENCE}Kind"}
    found |= SHARED
    for name in list(found):
        for properties in _properties(found[name]):
            properties |= {key: _joined(property_, found) for key, property_ in properties.items()}
            if name != "Ref":
                _drop_repeated_examples(properties, found["Ref"]["properties"])
    _share_properties(found)
    return dict(sorted(found.items()))


def _properties(component: Json) -> Iterator[Json]:
    """The properties that a component describes, also where it composes another."""
    for part in (component, *component.get("allOf", ())):
        # keys may be added within a major version: clients must not refuse them
        if part.get("additionalProperties") is False:
            del part["additionalProperties"]
        if "properties" in part:
            yield part["properties"]


def _compose(found: Json) -> None:
    """Components that have all that a base has become the base and what they add."""
    for base in (model.__name__ for model in BASES):
        shared = found[base]["properties"]
        for name, component in found.items():
            properties = component.get("properties", {})
            if name != base and all(properties.get(key) == value for key, value in shared.items()):
                own = {key: value for key, value in properties.items() if key not in shared}
                added = {"type": "object", "properties": own, "required": list(own)}
                found[name] = {"allOf": [{"$ref": REFERENCE + base}, added]}
                if component["description"] != found[base]["description"]:
                    found[name]["description"] = component["description"]


def _property(schema: Json, *, in_full: bool) -> Json:
    """A property of a response; a nullable scalar in the form of OpenAPI 3.1."""
    kept = {key: value for key, value in sorted(schema.items()) if key != "title"}
    if "items" in kept:
        kept["items"] = _property(kept["items"], in_full=in_full)
    for name, component in SHARED.items():
        if _shape(kept) == _shape(component) and not (in_full and name == "Slug"):
            return {"$ref": REFERENCE + name} | {key: kept[key] for key in kept if kept[key] != component.get(key)}
    parts = [part for part in kept.get("anyOf", ()) if part != {"type": "null"}]
    if parts and "$ref" not in parts[0]:
        del kept["anyOf"]
        kept = {**parts[0], **kept, "type": [parts[0]["type"], "null"]}
    return kept


def _shape(schema: Mapping[str, Any]) -> Json:
    return {key: value for key, value in schema.items() if key not in ("description", "examples")}


def _joined(schema: Json, found: Json) -> Json:
    """A property that may be null or one of several components, as a reference to one component that is all of them."""
    if "anyOf" not in schema:
        return schema
    names = [part["$ref"].removeprefix(REFERENCE) for part in schema["anyOf"] if "$ref" in part]
    name = "Or".join([*names, "Null"])
    if name not in found:
        parts = [found[each] for each in names]
        summaries = [part["description"].partition("\n\n")[0] for part in parts]
        found[name] = {
            **parts[0],
            "type": [parts[0]["type"], "null"],
            "description": " Or: ".join(summaries) + " Or null.",
        }
        if "enum" in parts[0]:
            found[name]["enum"] = [*parts[0]["enum"], None]
        else:
            found[name]["properties"] = {key: value for part in parts for key, value in part["properties"].items()}
            found[name]["required"] = [
                key for key in parts[0]["required"] if all(key in part["required"] for part in parts)
            ]
            _drop_repeated_examples(found[name]["properties"], found["Ref"]["properties"])
    return {"$ref": REFERENCE + name} | {key: value for key, value in schema.items() if key != "anyOf"}


def _drop_repeated_examples(properties: Json, said: Json) -> None:
    """The examples of a reference's keys stand there alone."""
    for key, property_ in said.items():
        if key in properties and properties[key].get("examples") == property_.get("examples"):
            properties[key] = {name: value for name, value in properties[key].items() if name != "examples"}


def _share_properties(found: Json) -> None:
    """Components for the keys that many components describe alike; each of them then refers to one."""
    places: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for name, component in found.items():
        for properties in () if name in IN_FULL else _properties(component):
            for key, property_ in properties.items():
                if "$ref" not in property_:
                    places[key, json.dumps(property_)].append(properties)
    for (key, text), sites in places.items():
        if len(sites) >= OFTEN:
            name = "".join(word.capitalize() for word in key.split("_"))
            found[name] = json.loads(text)
            for properties in sites:
                properties[key] = {"$ref": REFERENCE + name}
