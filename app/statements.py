"""The SQL of a list, built once for each choice of filters and order: that takes longer than to run it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, column, func, select
from sqlalchemy.sql.elements import UnaryExpression

from app.direct import Direct

Conditions = Callable[[], Iterable[ColumnElement[bool] | None]]
"""Makes the conditions of a list; those of filters that are not given are None."""

Key = tuple[str, tuple[object, ...], tuple[str, ...]]
"""The path of a list, what its filters are given, and its order."""

NOT_FILTERS = {"limit", "offset", "sort", "fields", "include", "format"}
"""Parameters of a list that do not change which records it selects."""

MAX_KEPT = 500


class Statements:
    """What can be asked of a list, each made when it is first wanted."""

    def __init__(
        self, table: Any, where: Sequence[ColumnElement[bool]], sort: Sequence[str], columns: dict[str, Any]
    ) -> None:
        self._table, self._where = table, where
        self._order = _order(sort, columns)
        self._ordered = [_directed(key, column) for key, column in self._order.items()]

    @cached_property
    def whole(self) -> Select[Any]:
        """All its documents."""
        return select(self._table.document).where(*self._where).order_by(*self._ordered)

    @cached_property
    def page(self) -> Direct:
        """The documents of a page, by `limit` and `offset`."""
        # the inner select walks an index alone: what is skipped is never read
        keys = [each.label(f"key_{number}") for number, each in enumerate(self._order.values())]
        inner = select(self._table.slug.label("shown_slug"), *keys).where(*self._where).order_by(*self._ordered)
        shown = inner.limit(bindparam("limit", 0)).offset(bindparam("offset", 0)).subquery("shown")
        # by name: to make columns of the subquery takes as long as all the rest
        again = [_directed(key, each, column(f"key_{n}")) for n, (key, each) in enumerate(self._order.items())]
        joined = self._table.__table__.join(shown, column("shown_slug") == self._table.slug)
        return Direct(select(self._table.document).select_from(joined).order_by(*again))

    @cached_property
    def total(self) -> Select[Any]:
        """How many there are."""
        return select(func.count()).select_from(self._table).where(*self._where)


_kept: dict[Key, Statements] = {}


def key_of(path: str, query: Any) -> Key:
    """What the statements of a list depend on. `path` may select too, as in `/nutrients/magnesium/food-sources`."""
    return path, tuple(getattr(query, name) for name in type(query).model_fields if name not in NOT_FILTERS), query.sort


def statements(key: Key, table: Any, conditions: Conditions, columns: dict[str, Any]) -> Statements:
    """The statements of a list, whose `columns` are those to sort by."""
    found = _kept.get(key)
    if found is None:
        found = Statements(table, [each for each in conditions() if each is not None], key[-1], columns)
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _order(sort: Sequence[str], columns: dict[str, Any]) -> dict[str, Any]:
    """The columns to sort by, by key; all of them make a total order."""
    # a column that is named twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    return {key: columns[key.removeprefix("-")] for key in (*sort, *by_name, "slug")}


def _directed(key: str, of: Any, shown: Any = None) -> UnaryExpression[Any]:
    """The column `of` a key in its direction, or what is `shown` of it."""
    named = of if shown is None else shown
    ordered: UnaryExpression[Any] = named.desc() if key.startswith("-") else named.asc()
    return ordered.nulls_last() if of.nullable else ordered
