"""Formats of a list beside JSON: CSV for spreadsheets, NDJSON for programs, JSON-LD for search engines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from app.schemas.common import Ref

ListFormat = Literal["json", "csv", "ndjson"]

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "jsonld": "application/ld+json",
    "html": "text/html; charset=utf-8",
}

SEPARATOR = " | "
"""Between the values of a list in one cell of a CSV file."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@cache
def columns(model: type[BaseModel]) -> tuple[str, ...]:
    """Names of a record's columns: keys, with a dot below an object or a list of objects; a reference is its slug."""
    return tuple(_columns(model, ""))


def csv_lines(documents: Iterable[str], model: type[BaseModel], fields: Sequence[str]) -> Iterator[str]:
    """A CSV file (RFC 4180) of records, in pieces: one row a record, nested values flattened.

    Begins with a byte order mark, without which spreadsheets take UTF-8 for something else. A text that a
    spreadsheet would take for a formula is preceded by an apostrophe.
    """
    names = [name for name in columns(model) if not fields or name.partition(".")[0] in fields]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(names)
    for document in documents:
        record = json.loads(document)
        writer.writerow([_cell(record, name.split(".")) for name in names])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def faq_page(entries: Iterable[dict[str, Any]], about: dict[str, Any]) -> dict[str, Any]:
    """A schema.org `FAQPage` of FAQ entries; `about` is the dataset's description of itself."""
    questions = [
        {
            "@type": "Question",
            "@id": entry["url"],
            "name": entry["name"],
            "acceptedAnswer": {
                "@type": "Answer",
                "text": " ".join([entry["answer"], *(warning["text"] for warning in entry["warnings"])]),
            },
        }
        for entry in entries
    ]
    return {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "inLanguage": about["language"],
        "license": about["licence_url"],
        "usageInfo": about["disclaimer"],
        "mainEntity": questions,
    }


def _columns(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        if info.exclude:
            continue
        nested = list(_models_in(info.annotation))
        if not nested or issubclass(nested[0], Ref):
            yield prefix + name
        else:
            # alternatives, such as a value or a range, share the columns that they have in common
            yield from dict.fromkeys(column for model in nested for column in _columns(model, f"{prefix}{name}."))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field holds: itself, in a list, or as alternatives."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (list, Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from _models_in(part)


def _cell(value: Any, path: list[str]) -> str:
    if isinstance(value, list):
        return SEPARATOR.join(_cell(item, path) for item in value)
    if path:
        return _cell(value.get(path[0]), path[1:]) if value is not None else ""
    if isinstance(value, dict):
        return _text(value["slug"])
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
