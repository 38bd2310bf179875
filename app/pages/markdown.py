"""A record as Markdown, for assistants and readers of plain text: every key of its JSON, by one rule for all kinds."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from app.schemas.common import REFERENCE

Json = Any
"""A value of parsed JSON."""

SHOWN_APART = (*REFERENCE, "summary", "disclaimer")

LAST = ("notes", "same_as", "citations")
"""What is read after all else."""

SHORT = 3
"""Keys of an object that fits on a line."""

_MARKUP = re.compile(r"([\\`*\[\]<]|(?<!\w)_|_(?!\w))")


def record_markdown(record: Mapping[str, Json], model: type[BaseModel], footer: str) -> str:
    """The record of this model: heading, summary, short facts, a section for each longer key with its description."""
    facts = [f"- Address: [{record['url']}]({record['url']})"]
    sections: list[str] = []
    related: list[str] = []
    for key, value in sorted(record.items(), key=lambda item: LAST.index(item[0]) if item[0] in LAST else -1):
        if key in SHOWN_APART or value in (None, [], {}):
            continue
        if (short := _inline(value)) is not None:
            is_related = isinstance(value, list) and isinstance(value[0], dict)
            (related if is_related else facts).append(f"- {_label(key)}: {short}")
            continue
        field = model.model_fields.get(key)
        sections += ["", f"## {_label(key)}", ""]
        if field and field.description:
            sections += [_text(field.description), ""]
        sections += _items(value, 0) if isinstance(value, list) else _fields(value, 0)
    summary = [_text(record["summary"]), ""] if "summary" in record else []
    if related:
        sections += ["", "## Related", "", *related]
    lines = [f"# {_text(record['name'])}", "", *summary, *facts, *sections, "", "---", "", _text(footer), ""]
    return "\n".join(lines)


def _items(values: list[Json], depth: int) -> Iterator[str]:
    """A bullet for each item of a list: its text, its short facts in brackets, and below it what is longer."""
    for value in values:
        if (short := _inline(value)) is not None:
            yield f"{'  ' * depth}- {short}"
            continue
        rest = {key: each for key, each in value.items() if each not in (None, [], {})}
        lead = next((_inline(rest.pop(key)) for key in ("text", "name") if key in rest), "")
        short_facts = {key: short for key, each in rest.items() if (short := _inline(each)) is not None}
        facts = "; ".join(f"{_label(key).lower()}: {short}" for key, short in short_facts.items())
        yield f"{'  ' * depth}- " + (f"{lead} ({facts})" if lead and facts else lead or facts)
        yield from _fields({key: each for key, each in rest.items() if key not in short_facts}, depth + 1)


def _fields(values: Mapping[str, Json], depth: int) -> Iterator[str]:
    for key, value in values.items():
        if value in (None, [], {}):
            continue
        if (short := _inline(value)) is not None:
            yield f"{'  ' * depth}- {_label(key)}: {short}"
        else:
            yield f"{'  ' * depth}- {_label(key)}:"
            yield from _items(value, depth + 1) if isinstance(value, list) else _fields(value, depth + 1)


def _inline(value: Json) -> str | None:
    """What fits on a line: a scalar, a reference, a list of these, a short object; else null."""
    if isinstance(value, dict):
        return _short_object(value)
    if isinstance(value, list):
        if any(isinstance(each, list) or (isinstance(each, dict) and each.keys() != REFERENCE) for each in value):
            return None
        return ", ".join(filter(None, map(_inline, value)))
    return _scalar(value)


def _short_object(value: Mapping[str, Json]) -> str | None:
    """A reference as a link, a quantity with its unit, another object of few scalars with its keys; else null."""
    if value.keys() == REFERENCE:
        return f"[{_text(value['name'])}]({value['url']})"
    if {"value", "unit"} <= value.keys() <= {"value", "unit", "per"}:
        return f"{value['value']} {value['unit']}" + (f" per {_text(value['per'])}" if "per" in value else "")
    if len(value) > SHORT:
        return None
    parts = {key: _scalar(each) for key, each in value.items() if each is not None}
    return None if None in parts.values() else ", ".join(f"{_label(key).lower()} {parts[key]}" for key in parts)


def _scalar(value: Json) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        if value.startswith("/"):
            return f"[{value}]({value})"
        return f"<{value}>" if value.startswith("http") else _text(value)
    return None if isinstance(value, dict | list) else str(value)


def _label(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _text(text: str) -> str:
    """A text in which no character is taken for markup."""
    return _MARKUP.sub(r"\\\1", text)
