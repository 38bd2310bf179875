"""Lists: declared filters and sort keys become one plain select; a page and its count.

A filter is an annotation on a query model's parameter; it makes a SQL condition of the table. The values that a request
gives are bound when the statement is executed, so that requests of one shape share a statement.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    column,
    func,
    select,
    true,
)
from sqlmodel import col

from app.database.models import Dataset, Identifier, Link
from app.schemas.common import Grade, Ranked
from app.schemas.identifier import code_of


@dataclass(frozen=True)
class Filter:
    """Annotates a parameter that filters: `condition` makes SQL of the list's table and the parameter's name; `value`
    turns the given value into the one that is bound to it.
    """

    condition: Callable[[Any, str], ColumnElement[bool]]
    value: Callable[[Any], Any] = lambda given: given


def any_of(name: str) -> BindParameter[Any]:
    """The values of a parameter that takes several."""
    return bindparam(name, expanding=True)


def column_in(column: str) -> Filter:
    """The column holds one of the values."""
    return Filter(lambda table, name: getattr(table, column).in_(any_of(name)))


def column_is(column: str) -> Filter:
    """The column holds the truth value."""
    return Filter(lambda table, name: getattr(table, column) == bindparam(name))


def column_from(column: str) -> Filter:
    """The column holds the value or a greater one."""
    return Filter(lambda table, name: getattr(table, column) >= bindparam(name))


def column_to(column: str) -> Filter:
    """The column holds the value or a smaller one."""
    return Filter(lambda table, name: getattr(table, column) <= bindparam(name))


def rank_in(column: str, ranked: type[Ranked]) -> Filter:
    """The column holds the rank of one of the values of an ordered enumeration, such as grades."""
    return Filter(column_in(column).condition, lambda values: [ranked(value).rank for value in values])


def grade_in() -> Filter:
    """The record has one of these grades."""
    return rank_in("grade_rank", Grade)


def references(*fields: str) -> Filter:
    """The record refers, in one of these fields, to one of the values."""
    origins = select(col(Link.origin)).where(col(Link.field).in_(fields))
    return Filter(lambda table, name: table.slug.in_(origins.where(col(Link.target).in_(any_of(name)))))


def referenced_by(field: str) -> Filter:
    """One of the values refers, in this field, to the record."""
    targets = select(col(Link.target)).where(col(Link.field) == field)
    return Filter(lambda table, name: table.slug.in_(targets.where(col(Link.origin).in_(any_of(name)))))


def identified_by() -> Filter:
    """Another vocabulary has one of these codes for the record."""
    records = select(col(Identifier.record))
    return Filter(
        lambda table, name: table.slug.in_(records.where(col(Identifier.code).in_(any_of(name)))),
        lambda codes: [code_of(code) for code in codes],
    )


@lru_cache(1000)
def annotations(model: type[BaseModel], kind: type[Any]) -> Mapping[str, Any]:
    """The annotations of this class that a query model's parameters have, by parameter."""
    fields = model.model_fields.items()
    return {name: rule for name, field in fields for rule in field.metadata if isinstance(rule, kind)}


def conditions(table: Any, model: type[BaseModel], given: Container[str]) -> Iterator[ColumnElement[bool]]:
    """The conditions of those filters of a query model that are given."""
    return (rule.condition(table, name) for name, rule in annotations(model, Filter).items() if name in given)


def values(query: BaseModel) -> dict[str, Any]:
    """What a request gives to filter by, as it is bound to a statement."""
    given = ((name, rule, getattr(query, name)) for name, rule in annotations(type(query), Filter).items())
    return {name: rule.value(value) for name, rule, value in given if value not in (None, ())}


def order(table: Any, sort: Sequence[str], columns: Mapping[str, Any]) -> list[tuple[Any, bool]]:
    """The columns of this order, and whether each descends: then by name and slug, so that it is total."""
    named = {"name": table.sort_name, **columns, "slug": table.slug}
    # a column that stands twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    return [(named[key.removeprefix("-")], key.startswith("-")) for key in (*sort, *by_name, "slug")]


def directed(keys: Sequence[tuple[Any, bool]], columns: Sequence[Any] = ()) -> list[Any]:
    """An order as SQL, by these columns in place of its own; nulls come last."""
    ordered = []
    for (own, descends), ordering in zip(keys, columns or [own for own, _ in keys], strict=True):
        towards = ordering.desc() if descends else ordering.asc()
        ordered.append(towards.nulls_last() if own.nullable else towards)
    return ordered


def count(connection: Connection, table: Any, where: Sequence[ColumnElement[bool]], values: Mapping[str, Any]) -> int:
    """How many rows the conditions select with these values."""
    return connection.scalar(select(func.count()).select_from(table).where(*where), values) or 0


def page(
    table: Any,
    columns: Sequence[Any],
    where: Sequence[ColumnElement[bool]],
    keys: Sequence[tuple[Any, bool]],
    known_slugs: ColumnElement[int],
) -> Select[Any]:
    """The release, the count and the part of a list that the parameters `limit` and `offset` ask for: one statement, so
    one snapshot. `known_total` is the count in the dataset that was loaded at `counted_in`; in another, it counts.

    Each row holds the release's `info` and `loaded_at`, the `total`, `known_slugs`, and the columns; one row of nulls
    stands for an empty page. The last key is the slug: by it a row of the page is looked up.
    """
    # else SQLAlchemy would take it for a part of the select around it, which reads the same table
    counted = select(func.count()).select_from(table).where(*where).correlate(None).scalar_subquery()
    is_known = col(Dataset.loaded_at) == bindparam("counted_in")
    total = case((is_known, _whole("known_total")), else_=counted)
    labelled = [own.label(f"key_{number}") for number, (own, _) in enumerate(keys)]
    # the keys alone, which the index holds: to skip or to sort a row, the row itself is not read
    selected = select(*labelled).where(*where).order_by(*directed(keys))
    shown = selected.limit(_whole("limit")).offset(_whole("offset")).subquery()
    # by name: SQLAlchemy takes longer to make the columns of a subquery than SQLite to read the page
    names: list[ColumnElement[Any]] = [column(label.name) for label in labelled]
    about = col(Dataset.info), col(Dataset.loaded_at), total.label("total"), known_slugs.label("known_slugs")
    rows = select(*about, *columns).select_from(Dataset).outerjoin(shown, true())
    return rows.outerjoin(table, table.slug == names[-1]).order_by(*directed(keys, names))


def _whole(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)
