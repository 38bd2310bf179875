"""Lists: declared filters and sort keys become one plain select; a page and its count.

A filter is an annotation on a query model's parameter; it makes a SQL condition of the table and the values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlmodel import col

from app.database.models import Identifier, Link
from app.schemas.common import Grade
from app.schemas.identifier import code_of


@dataclass(frozen=True)
class Filter:
    """Annotates a parameter that filters: `condition` makes SQL of the list's table and the parameter's value."""

    condition: Callable[[Any, Any], ColumnElement[bool]]


def column_in(column: str) -> Filter:
    """The column holds one of the values."""
    return Filter(lambda table, values: getattr(table, column).in_(values))


def column_is(column: str) -> Filter:
    """The column holds the truth value."""
    return Filter(lambda table, value: getattr(table, column).is_(value))


def column_from(column: str) -> Filter:
    """The column holds the value or a greater one."""
    return Filter(lambda table, value: getattr(table, column) >= value)


def column_to(column: str) -> Filter:
    """The column holds the value or a smaller one."""
    return Filter(lambda table, value: getattr(table, column) <= value)


def rank_in(column: str, ranked: type[Any]) -> Filter:
    """The column holds the rank of one of the values of an ordered enumeration, such as grades."""
    return Filter(lambda table, values: getattr(table, column).in_([ranked(value).rank for value in values]))


def grade_in() -> Filter:
    """The record has one of these grades."""
    return rank_in("grade_rank", Grade)


def references(*fields: str) -> Filter:
    """The record refers, in one of these fields, to one of the values."""

    def condition(table: Any, targets: Sequence[str]) -> ColumnElement[bool]:
        origins = select(col(Link.origin)).where(col(Link.target).in_(targets), col(Link.field).in_(fields))
        found: ColumnElement[bool] = table.slug.in_(origins)
        return found

    return Filter(condition)


def referenced_by(field: str) -> Filter:
    """One of the values refers, in this field, to the record."""

    def condition(table: Any, origins: Sequence[str]) -> ColumnElement[bool]:
        targets = select(col(Link.target)).where(col(Link.origin).in_(origins), col(Link.field) == field)
        found: ColumnElement[bool] = table.slug.in_(targets)
        return found

    return Filter(condition)


def identified_by() -> Filter:
    """Another vocabulary has one of these codes for the record."""

    def condition(table: Any, codes: Sequence[str]) -> ColumnElement[bool]:
        found = select(col(Identifier.record)).where(col(Identifier.code).in_([code_of(code) for code in codes]))
        selected: ColumnElement[bool] = table.slug.in_(found)
        return selected

    return Filter(condition)


def conditions(table: Any, query: Any) -> Iterator[ColumnElement[bool]]:
    """The conditions of the filters that a request gives."""
    for name, field in type(query).model_fields.items():
        for rule in field.metadata:
            value = getattr(query, name)
            if isinstance(rule, Filter) and value not in (None, ()):
                yield rule.condition(table, value)


def order(table: Any, sort: Sequence[str], columns: Mapping[str, Any]) -> list[Any]:
    """The order by these keys, then by name and slug, so that it is total; nulls come last."""
    named = {"name": table.sort_name, **columns, "slug": table.slug}
    # a column that stands twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    ordered = []
    for key in (*sort, *by_name, "slug"):
        column = named[key.removeprefix("-")]
        directed = column.desc() if key.startswith("-") else column.asc()
        ordered.append(directed.nulls_last() if column.nullable else directed)
    return ordered


def count(connection: Connection, table: Any, where: Sequence[ColumnElement[bool]]) -> int:
    """How many rows the conditions select."""
    return connection.scalar(select(func.count()).select_from(table).where(*where)) or 0


def page_of(selected: Select[Any], query: Any) -> Select[Any]:
    """The part of a list that `limit` and `offset` ask for."""
    return selected.limit(query.limit).offset(query.offset)
