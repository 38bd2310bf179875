"""Conditions in SQL for the filters of a list; None where a filter is not given."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from app.kinds.common import Grade
from app.models import Link


def among(column: Any, values: Sequence[str | int]) -> ColumnElement[bool] | None:
    """The column holds one of the values; no condition where none is given."""
    return column.in_(values) if values else None


def among_grades(rank: Any, grades: Sequence[str]) -> ColumnElement[bool] | None:
    """The record has one of these evidence grades; `rank` is its column of grade ranks."""
    return rank.in_([Grade(grade).rank for grade in grades]) if grades else None


def same(column: Any, value: bool | None) -> ColumnElement[bool] | None:
    """The column holds the value; no condition where it is null."""
    return None if value is None else column.is_(value)


def refers(table: Any, fields: Sequence[str], targets: Sequence[str]) -> ColumnElement[bool] | None:
    """The record refers, in one of these fields, to one of the targets."""
    if not targets:
        return None
    origins = select(col(Link.origin)).where(col(Link.target).in_(targets), col(Link.field).in_(fields))
    condition: ColumnElement[bool] = table.slug.in_(origins)
    return condition


def referred(table: Any, field: str, origins: Sequence[str]) -> ColumnElement[bool] | None:
    """One of the origins refers, in this field, to the record."""
    if not origins:
        return None
    targets = select(col(Link.target)).where(col(Link.origin).in_(origins), col(Link.field) == field)
    condition: ColumnElement[bool] = table.slug.in_(targets)
    return condition
