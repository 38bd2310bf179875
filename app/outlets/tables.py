"""The records as tidy tables, made from their JSON Schemas: a row for each record, and for each item of their lists.

The table of a collection has a column for each key of a record that holds one value; keys of inner objects are joined
by underscores, a reference is its slug. The items of lists stand in a table for each sort of item, whatever the kind of
record: `citations`, `statements`, `amounts`. `record` and `path` (a JSON Pointer into the record) are their key, and
`parent` is the path of the item that holds them, empty for the record itself.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.outlets.json_schemas import JSON, json_schema
from app.schemas import KINDS
from app.schemas.common import Ref

SLUG = json_schema("", Ref)["properties"]["slug"]
TEXT = {"type": "string"}


class Column(NamedTuple):
    """A column: `keys` lead to its value, `schema` is the JSON Schema of a value."""

    name: str
    schema: JSON
    keys: tuple[str, ...] = ()
    required: bool = True
    is_reference: bool = False


class Items(NamedTuple):
    """A list inside a row's object: `keys` lead to it, its items are rows of a table."""

    keys: tuple[str, ...]
    table: str


@dataclass
class Table:
    """A table; `key` names the columns that identify a row."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: list[Column]
    lists: list[Items] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)


OF_ITEM = (
    Column("record", SLUG | {"description": "The record that holds it."}, is_reference=True),
    Column("field", TEXT | {"description": "The keys that lead to its list, joined by dots."}),
    Column("parent", TEXT | {"description": "Path of the item that holds it; null for the record."}, required=False),
    Column("path", TEXT | {"description": "Where it stands in the record, as a JSON Pointer."}),
    Column("position", {"type": "integer", "description": "Place in its list, from 1."}),
)
"""The first columns of every table of items."""

TARGET = Column("target", SLUG | {"description": "The record that it points at."}, ("slug",), is_reference=True)


def tables(records: Iterable[str]) -> list[Table]:
    """The tables of these records, each given as JSON."""
    names = [Column(key, json_schema("", Ref)["properties"][key], (key,)) for key in Ref.model_fields]
    everything = Table("records", "Every record of every kind: what references point at.", ("slug",), names)
    made = {"records": everything}
    for kind in KINDS.values():
        schema = json_schema("", kind.record)
        made[kind.key] = Table(kind.key, kind.description, ("slug",), [])
        _declare(made, kind.key, schema, schema["$defs"])
    for text in records:
        record = json.loads(text)
        everything.rows.append([record[column.name] for column in names])
        _fill(made, KINDS[record["kind"]].key, record, record["slug"])
    return list(made.values())


def _declare(made: dict[str, Table], name: str, schema: JSON, definitions: JSON) -> None:
    """Give a table the columns and lists of an object, and add the tables of the lists' items."""
    table = made[name]
    known = {column.name for column in table.columns}
    for part, item in _parts(schema, definitions):
        if isinstance(part, Column):
            if part.name not in known:
                table.columns.append(part)
                known.add(part.name)
            continue
        table.lists.append(part)
        if part.table not in made:
            made[part.table] = Table(part.table, item.get("description", ""), ("record", "path"), list(OF_ITEM))
            if "properties" in item and part.table != "links":
                _declare(made, part.table, item, definitions)
            else:
                made[part.table].columns.append(TARGET if part.table == "links" else Column("text", TEXT))


def _parts(
    schema: JSON, definitions: JSON, keys: tuple[str, ...] = (), *, required: bool = True
) -> Iterator[tuple[Column | Items, JSON]]:
    """The columns and the lists that an object makes, each with the schema of its value or item."""
    for key, declared in schema["properties"].items():
        path = (*keys, key)
        options = declared.get("anyOf", [declared])
        present = [_definition(option, definitions) for option in options if option.get("type") != "null"]
        is_required = required and len(options) == 1
        for name, option in present:
            if option.get("type") == "array":
                item_name, item = _definition(option["items"], definitions)
                yield Items(path, _table_name(item_name, item)), item
            elif name == "Ref":
                described = SLUG | {"description": declared.get("description") or "A reference."}
                yield Column("_".join(path), described, (*path, "slug"), is_required, is_reference=True), option
            elif "properties" in option:
                yield from _parts(option, definitions, path, required=is_required)
            else:
                described = option | ({"description": declared["description"]} if "description" in declared else {})
                yield Column("_".join(path), described, path, is_required), option


def _definition(schema: JSON, definitions: JSON) -> tuple[str, JSON]:
    """The name of what a schema refers to, if it does, and the schema itself."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, definitions[name] if name else schema


def _table_name(model: str, item: JSON) -> str:
    if model == "Ref":
        return "links"
    if "properties" not in item:
        return "texts"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model).lower()
    return words if words.endswith("s") else f"{words}s"


def _fill(made: dict[str, Table], name: str, value: Any, record: str, own: Sequence[Any] = (), path: str = "") -> None:
    """Add the row of an object, and below it those of its lists' items."""
    table = made[name]
    table.rows.append([*own, *(_at(value, column.keys) for column in table.columns[len(own) :])])
    for keys, items in table.lists:
        for position, item in enumerate(_at(value, keys) or ()):
            below = f"{path}/{'/'.join(keys)}/{position}"
            field_name = ".".join(part for part in below.split("/") if part and not part.isdigit())
            _fill(made, items, item, record, (record, field_name, path or None, below, position + 1), below)


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        # of alternatives, such as a value or a range, an object has but one's keys
        value = None if value is None else value.get(key)
    return value
