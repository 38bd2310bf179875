"""The SQL of a list, built once for each choice of filters and order: that takes longer than to run it."""

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.sql.elements import UnaryExpression

from app.api.conditions import Condition, Value
from app.api.direct import Direct

Conditions = Sequence[Condition | None]
"""What selects the items of a list, always in the same order; None for a filter that is not given."""

Values = dict[str, Value]

MAX_KEPT = 200


class Statements(NamedTuple):
    """What can be asked of a list: all its documents, how many there are, those of a page.

    A page is counted by `limit` and `offset`, from the start of the list or from its end. What has the same `filters`
    and values has the same total.
    """

    filters: Hashable
    whole: Select[Any]
    total: Select[Any]
    from_start: Direct
    from_end: Direct


_kept: dict[Hashable, Statements] = {}


def statements(table: Any, conditions: Conditions, columns: dict[str, Any], sort: tuple[str, ...]) -> Statements:
    """The statements of a list, whose `columns` are those to sort by; what they ask for is in `values_of`."""
    filters = table, *(condition and condition.variant for condition in conditions)
    key = filters, sort
    found = _kept.get(key)
    if found is None:
        given = [condition for condition in conditions if condition]
        found = Statements(filters, *_build(table, given, columns, sort))
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def values_of(conditions: Conditions) -> Values:
    """The values of the open parameters of a list's statements."""
    given = chain.from_iterable(condition.values for condition in conditions if condition)
    return {f"value_{number}": value for number, value in enumerate(given)}


def _build(
    table: Any, conditions: Sequence[Condition], columns: dict[str, Any], sort: Sequence[str]
) -> tuple[Select[Any], Select[Any], Direct, Direct]:
    opened = values_of(conditions)
    made: list[BindParameter[Any]] = [
        bindparam(name, None, expanding=isinstance(value, tuple)) for name, value in opened.items()
    ]
    parameters = iter(made)
    where = [condition.sql([next(parameters) for _ in condition.values]) for condition in conditions]
    order = _order(sort, columns)
    ordered = [_directed(key, column) for key, column in order.items()]
    # the inner select walks an index alone: what is skipped is never read
    keys = [column.label(f"key_{number}") for number, column in enumerate(order.values())]
    inner = select(table.slug, *keys).where(*where).limit(bindparam("limit", 0)).offset(bindparam("offset", 0))

    def page(walked: Sequence[UnaryExpression[Any]]) -> Direct:
        shown = inner.order_by(*walked).subquery("shown")
        again = [_directed(key, shown.c[label.name]) for key, label in zip(order, keys, strict=True)]
        return Direct(select(table.document).join(shown, shown.c.slug == table.slug).order_by(*again))

    return (
        select(table.document).where(*where).order_by(*ordered),
        select(func.count()).select_from(table).where(*where),
        page(ordered),
        page([_directed(key, column, reverse=True) for key, column in order.items()]),
    )


def _order(sort: Sequence[str], columns: dict[str, Any]) -> dict[str, Any]:
    """The columns to sort by, by key; all of them make a total order."""
    # a column that is named twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    return {key: columns[key.removeprefix("-")] for key in (*sort, *by_name, "slug")}


def _directed(key: str, column: Any, *, reverse: bool = False) -> UnaryExpression[Any]:
    ordered: UnaryExpression[Any] = column.desc() if key.startswith("-") != reverse else column.asc()
    if not column.nullable:
        return ordered
    return ordered.nulls_first() if reverse else ordered.nulls_last()
