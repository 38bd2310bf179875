"""Statements that are asked again and again: SQLAlchemy knows them, SQLite's driver is asked itself."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Direct:
    """A statement that, from its second use on, goes to SQLite's driver as text: that takes a fifth of the time.

    What fails there SQLAlchemy asks again: it says what is wrong, and leaves a connection that is of no more use.
    Values come from the driver as they are: text is text, but a moment is text, too.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._used = False

    def rows(self, connection: Connection, values: Mapping[str, Any] = NOTHING) -> Sequence[Sequence[Any]]:
        """Every row, by the values of its open parameters."""
        driver = connection.connection.driver_connection
        # the text depends on how many there are
        several = any(isinstance(value, tuple) for value in values.values())
        # to compile takes longer than to ask once
        if self._used and not several and isinstance(driver, sqlite3.Connection):
            if not connection.in_transaction():
                connection.begin()
            text, given = self._compiled
            with suppress(sqlite3.Error):
                return driver.execute(text, {**given, **values}).fetchall()
        self._used = True
        return connection.execute(self._statement, values).all()

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Any]]:
        dialect = sqlite.dialect(paramstyle="named")
        compiled = self._statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), dict(compiled.params)
