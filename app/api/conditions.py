"""Conditions in SQL for the filters of a list; None where a filter is not given.

What a filter is given is an open parameter of its SQL, so that the SQL of a list can be kept (`app/api/statements.py`).
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, select
from sqlmodel import col

from app.database.models import Link
from app.schemas.common import Grade

Parameters = Sequence[BindParameter[Any]]
Value = str | int | tuple[str | int, ...]

FEW = 4
"""Up to so many values are a parameter each; more are one parameter, so that there are not a hundred statements."""


class Condition(NamedTuple):
    """A filter: `sql` makes its SQL of one open parameter for each of the `values`.

    Two conditions of the same place in a list with the same `variant` have the same SQL.
    """

    variant: Hashable
    values: Sequence[Value]
    sql: Callable[[Parameters], ColumnElement[bool]]


def among(column: Any, values: Sequence[str | int]) -> Condition | None:
    """The column holds one of the values; no condition where none is given."""
    return _one_of(values, lambda given: _in(column, given))


def among_grades(rank: Any, grades: Sequence[str]) -> Condition | None:
    """The record has one of these evidence grades; `rank` is its column of grade ranks."""
    return among(rank, [Grade(grade).rank for grade in grades])


def same(column: Any, value: bool | None) -> Condition | None:
    """The column holds the value; no condition where it is null."""
    return None if value is None else Condition(value, (), lambda _: column.is_(value))


def refers(table: Any, fields: Sequence[str], targets: Sequence[str]) -> Condition | None:
    """The record refers, in one of these fields, to one of the targets."""

    def sql(given: Parameters) -> ColumnElement[bool]:
        origins = select(col(Link.origin)).where(_in(col(Link.target), given), col(Link.field).in_(fields))
        condition: ColumnElement[bool] = table.slug.in_(origins)
        return condition

    return _one_of(targets, sql)


def referred(table: Any, field: str, origins: Sequence[str]) -> Condition | None:
    """One of the origins refers, in this field, to the record."""

    def sql(given: Parameters) -> ColumnElement[bool]:
        targets = select(col(Link.target)).where(_in(col(Link.origin), given), col(Link.field) == field)
        condition: ColumnElement[bool] = table.slug.in_(targets)
        return condition

    return _one_of(origins, sql)


def _one_of(values: Sequence[str | int], sql: Callable[[Parameters], ColumnElement[bool]]) -> Condition | None:
    if len(values) > FEW:
        return Condition("many", (tuple(values),), sql)
    return Condition(len(values), values, sql) if values else None


def _in(column: Any, given: Parameters) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.in_(given[0] if given[0].expanding else given)
    return condition
