"""The SQL of a list, built once for each choice of filters and order: that takes longer than to run it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.sql.elements import UnaryExpression

from app.direct import Direct

Conditions = Callable[[], Iterable[ColumnElement[bool] | None]]
"""Makes the conditions of a list; those of filters that are not given are None."""

Key = tuple[str, tuple[object, ...], tuple[str, ...]]
"""The path of a list, what its filters are given, and its order."""

NOT_FILTERS = {"limit", "offset", "sort", "fields", "include", "format"}
"""Parameters of a list that do not change which records it selects."""

MAX_KEPT = 500


class Statements(NamedTuple):
    """What can be asked of a list: all its documents, those of a page by `limit` and `offset`, how many there are."""

    whole: Select[Any]
    page: Direct
    total: Select[Any]


_kept: dict[Key, Statements] = {}


def key_of(path: str, query: Any) -> Key:
    """What the statements of a list depend on. `path` may select too, as in `/nutrients/magnesium/food-sources`."""
    return path, tuple(getattr(query, name) for name in type(query).model_fields if name not in NOT_FILTERS), query.sort


def statements(key: Key, table: Any, conditions: Conditions, columns: dict[str, Any]) -> Statements:
    """The statements of a list, whose `columns` are those to sort by."""
    found = _kept.get(key)
    if found is None:
        found = _build(table, [condition for condition in conditions() if condition is not None], key[-1], columns)
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _build(
    table: Any, where: Sequence[ColumnElement[bool]], sort: Sequence[str], columns: dict[str, Any]
) -> Statements:
    order = _order(sort, columns)
    ordered = [_directed(key, column) for key, column in order.items()]
    # the inner select walks an index alone: what is skipped is never read
    keys = [column.label(f"key_{number}") for number, column in enumerate(order.values())]
    inner = select(table.slug, *keys).where(*where).order_by(*ordered)
    shown = inner.limit(bindparam("limit", 0)).offset(bindparam("offset", 0)).subquery("shown")
    again = [_directed(key, shown.c[label.name]) for key, label in zip(order, keys, strict=True)]
    return Statements(
        whole=select(table.document).where(*where).order_by(*ordered),
        page=Direct(select(table.document).join(shown, shown.c.slug == table.slug).order_by(*again)),
        total=select(func.count()).select_from(table).where(*where),
    )


def _order(sort: Sequence[str], columns: dict[str, Any]) -> dict[str, Any]:
    """The columns to sort by, by key; all of them make a total order."""
    # a column that is named twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    return {key: columns[key.removeprefix("-")] for key in (*sort, *by_name, "slug")}


def _directed(key: str, column: Any) -> UnaryExpression[Any]:
    ordered: UnaryExpression[Any] = column.desc() if key.startswith("-") else column.asc()
    return ordered.nulls_last() if column.nullable else ordered
