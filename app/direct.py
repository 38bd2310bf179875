"""Statements that are asked again and again: SQLAlchemy knows them, SQLite's driver is asked itself."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite


class Direct:
    """A statement that, from its second use on, goes to SQLite's driver as text: that takes a fifth of the time.

    What fails there SQLAlchemy asks again: it says what is wrong, and leaves a connection that is of no more use.
    Values come from the driver as they are: text is text, but a moment is text, too.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]], by_driver: bool = True) -> None:
        """`by_driver` is false for a statement whose text depends on how many values a parameter is given."""
        self._statement = statement
        self._by_driver = by_driver
        self._used = False

    def rows(self, connection: Connection, values: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """Every row, by the values of its open parameters."""
        driver = connection.connection.driver_connection
        # to compile takes longer than to ask once
        if self._by_driver and self._used and isinstance(driver, sqlite3.Connection):
            if not connection.in_transaction():
                connection.begin()
            text, given = self._compiled
            with suppress(sqlite3.Error):
                return driver.execute(text, given | dict(values or {})).fetchall()
        self._used = True
        return connection.execute(self._statement, dict(values or {})).all()

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        dialect = sqlite.dialect(paramstyle="named")
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), dict(compiled.params)
