"""Exports: everything of a filtered list, whole, as CSV, NDJSON or (FAQ) schema.org JSON-LD."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from app.schemas.common import Ref

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "jsonld": "application/ld+json",
}

SEPARATOR = " | "
"""Between the values of a list in one cell of a CSV file; no value may hold it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A column of a CSV file: the keys that lead to its value, and whether it holds decimal numbers."""

    path: tuple[str, ...]
    decimal: bool

    @property
    def name(self) -> str:
        """Keys joined by dots: `daily_value.unit`."""
        return ".".join(self.path)


@cache
def columns(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of a record: its keys, and below an object or a list of objects theirs; a reference is its slug."""
    return tuple(dict.fromkeys(_columns(model, ())))


def csv_lines(records: Iterable[str], model: type[BaseModel], fields: Sequence[str], *, bom: bool) -> Iterator[str]:
    """A CSV file (RFC 4180) of records, in pieces.

    The values of a list are separated by `SEPARATOR`; a list inside a list is a JSON array. Decimal numbers always
    have a fraction, so that a reader that infers types from the first rows takes them for what they are. A text that
    a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    shown = [column for column in columns(model) if not fields or column.path[0] in fields]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if bom:
        buffer.write("\ufeff")
    writer.writerow([column.name for column in shown])
    for record in records:
        parsed = json.loads(record)
        writer.writerow([cell(_value(parsed, column.path), decimal=column.decimal) for column in shown])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def ndjson_lines(records: Iterable[str], fields: Sequence[str]) -> Iterator[str]:
    """A line of JSON for each record, cut down to these keys if there are any."""
    for record in records:
        if fields:
            kept = {key: value for key, value in json.loads(record).items() if key in fields}
            yield json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n"
        else:
            yield record + "\n"


def faq_page(
    entries: Iterable[dict[str, Any]], release: dict[str, Any], addresses: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """A schema.org `FAQPage` of FAQ entries; `addresses` are, by slug, those of a record's exact codes elsewhere."""
    questions = [
        {
            "@type": "Question",
            "@id": entry["url"],
            "name": entry["name"],
            "about": [
                {
                    "@type": "Thing",
                    "@id": ref["url"],
                    "name": ref["name"],
                    "sameAs": addresses.get(ref["slug"], ()),
                }
                for ref in entry["related"]
            ],
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
        "name": release["title"],
        "inLanguage": release["language"],
        "license": release["licence_url"],
        "version": release["version"],
        "disambiguatingDescription": release["disclaimer"],
        "mainEntity": questions,
    }


def _columns(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Column]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        models = list(_models_in(field.annotation))
        if not models or issubclass(models[0], Ref):
            yield Column((*prefix, name), _is_decimal(field.annotation))
        else:
            # alternatives, such as a value or a range, share the columns that they have in common
            for nested in models:
                yield from _columns(nested, (*prefix, name))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field holds: itself, in a list, or as alternatives."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (list, Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from _models_in(part)


def _is_decimal(annotation: Any) -> bool:
    return annotation is Decimal or any(_is_decimal(part) for part in get_args(annotation))


def _value(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path; of a list, what stands there in each of its items."""
    if isinstance(value, list):
        return [_value(item, path) for item in value]
    if path and value is not None:
        return _value(value.get(path[0]), path[1:])
    # a reference is its slug
    return value["slug"] if isinstance(value, dict) else value


def cell(value: Any, *, decimal: bool) -> str:
    """A value as it stands in a cell of a CSV file; `decimal` numbers always have a fraction."""
    if isinstance(value, list):
        cells = (json.dumps(v, ensure_ascii=False) if isinstance(v, list) else _scalar(v, decimal) for v in value)
        text = SEPARATOR.join(cells)
    else:
        text = _scalar(value, decimal)
    return f"'{text}" if isinstance(value, str | list) and text.startswith(_FORMULA) else text


def _scalar(value: Any, decimal: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(float(value)) if decimal else str(value)
