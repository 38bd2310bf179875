"""The records as tidy tables, made from their JSON Schemas: a row for each record, and for each item of their lists.

The table of a collection has a column for each key of a record that holds one value; keys of inner objects are joined
by underscores, a reference is its slug. The items of lists stand in a table for each sort of item, whatever the kind of
record: `citations`, `statements`, `amounts`. `record` and `path` (a JSON Pointer into the record) are their key, and
`parent` is the path of the item that holds them, null for the record itself.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.outlets.json_schemas import json_schema
from app.schemas import KINDS
from app.schemas.common import Json, Ref


class Column(NamedTuple):
    """A column: `keys` lead to its value in a row's object, `type` is that of JSON or `date`."""

    name: str
    description: str
    keys: tuple[str, ...] = ()
    type: str = "string"
    enum: tuple[str, ...] = ()
    required: bool = True
    is_reference: bool = False


class Items(NamedTuple):
    """A list inside a row's object: `keys` lead to it, its items are rows of `table`."""

    keys: tuple[str, ...]
    table: str
    schema: Json


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
    Column("record", "The record that holds it.", is_reference=True),
    Column("field", "The keys that lead to its list, joined by dots."),
    Column("parent", "Path of the item that holds its list; null for the record.", required=False),
    Column("path", "Where it stands in the record, as a JSON Pointer."),
    Column("position", "Place in its list, from 1.", type="integer"),
)
"""The first columns of every table of items."""

SIMPLE = {
    "links": Column("target", "The record that it points at.", ("slug",), is_reference=True),
    "texts": Column("text", "The text."),
}
"""The column of the items that are no objects of their own."""


def tables(records: Iterable[str]) -> list[Table]:
    """The tables of these records, each given as JSON."""
    names = [Column(key, info.description or key, (key,)) for key, info in Ref.model_fields.items()]
    made = {"records": Table("records", "Every record of every kind: what references point at.", ("slug",), names)}
    for kind in KINDS.values():
        schema = json_schema("", kind.record)
        made[kind.key] = Table(kind.key, kind.description, ("slug",), [])
        _declare(made, kind.key, schema, schema["$defs"])
    for text in records:
        record = json.loads(text)
        _fill(made, "records", record, record["slug"])
        _fill(made, KINDS[record["kind"]].key, record, record["slug"])
    return list(made.values())


def _declare(made: dict[str, Table], name: str, schema: Json, definitions: Json) -> None:
    """Give a table the columns and lists of an object, and add the tables of the lists' items."""
    parts = list(_parts(schema, definitions))
    # alternatives, such as a value or a range, share columns
    made[name].columns += {part.name: part for part in parts if isinstance(part, Column)}.values()
    made[name].lists += [part for part in parts if isinstance(part, Items)]
    for _, table, item in made[name].lists:
        if table not in made:
            made[table] = Table(table, item.get("description", ""), ("record", "path"), list(OF_ITEM))
            if table in SIMPLE:
                made[table].columns.append(SIMPLE[table])
            else:
                _declare(made, table, item, definitions)


def _parts(schema: Json, definitions: Json, above: Sequence[str] = (), *, required: bool = True) -> Iterator[Any]:
    for key, declared in schema["properties"].items():
        keys = (*above, key)
        options = declared.get("anyOf", [declared])
        is_required = required and len(options) == 1
        for option in options:
            name, one = _definition(option, definitions)
            described = declared.get("description") or one.get("description", "")
            if name == "Ref":
                yield Column("_".join(keys), described, (*keys, "slug"), required=is_required, is_reference=True)
            elif "properties" in one:
                yield from _parts(one, definitions, keys, required=is_required)
            elif one["type"] == "array":
                yield Items(keys, *_items(*_definition(one["items"], definitions)))
            elif one["type"] != "null":
                kind = "date" if one.get("format") == "date" else one["type"]
                yield Column("_".join(keys), described, keys, kind, tuple(one.get("enum", ())), is_required)


def _definition(schema: Json, definitions: Json) -> tuple[str, Json]:
    """The name of what a schema refers to, empty if it does not, and the schema itself."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, definitions[name] if name else schema


def _items(model: str, schema: Json) -> tuple[str, Json]:
    """The table of a list's items, with the schema of one."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model).lower()
    table = "links" if model == "Ref" else f"{words.removesuffix('s')}s" if "properties" in schema else "texts"
    return table, schema


def _fill(made: dict[str, Table], name: str, value: Any, record: str, own: Sequence[Any] = (), path: str = "") -> None:
    """Add the row of an object, and below it those of its lists' items."""
    table = made[name]
    table.rows.append([*own, *(_at(value, column.keys) for column in table.columns[len(own) :])])
    for keys, items, _ in table.lists:
        for position, item in enumerate(_at(value, keys) or ()):
            below = f"{path}/{'/'.join(keys)}/{position}"
            fields = ".".join(part for part in below.split("/") if part and not part.isdigit())
            _fill(made, items, item, record, (record, fields, path or None, below, position + 1), below)


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        # of alternatives, such as a value or a range, an object has but one's keys
        value = None if value is None else value.get(key)
    return value
