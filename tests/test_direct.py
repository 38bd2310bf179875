"""Statements that go to SQLite's driver: the same rows, the same errors, the same snapshot."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import bindparam, column, select, table, text
from sqlalchemy.exc import DatabaseError

from app.api.conditions import FEW, among
from app.api.direct import Direct
from app.api.statements import MAX_KEPT, _kept, statements
from app.database.engines import reading_engine
from app.database.models import Source

NUMBERS = table("number", column("value"), column("name"))


def statement() -> Direct:
    chosen = select(NUMBERS.c.value, NUMBERS.c.name).where(NUMBERS.c.name.in_(["a", "b"]))
    return Direct(chosen.order_by(NUMBERS.c.value).limit(bindparam("limit", 0)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE number (value INTEGER, name TEXT)")
        connection.executemany("INSERT INTO number VALUES (?, ?)", [(1, "a"), (2, "c"), (3, "b"), (4, None)])
    return path


def test_the_first_and_every_further_use_give_the_same_rows(file: Path) -> None:
    direct = statement()
    with reading_engine(f"sqlite:///{file}").connect() as connection:
        first, second = direct.rows(connection, {"limit": 5}), direct.rows(connection, {"limit": 5})
        assert [tuple(row) for row in first] == second == [(1, "a"), (3, "b")]
        assert direct.rows(connection, {"limit": 1}) == [(1, "a")]


def test_all_of_a_connections_statements_see_one_snapshot(file: Path) -> None:
    direct = statement()
    engine = reading_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        direct.rows(connection, {"limit": 5})
    with sqlite3.connect(file) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
    with engine.connect() as connection:
        assert direct.rows(connection, {"limit": 5}) == [(1, "a"), (3, "b")]
        with sqlite3.connect(file) as writer:
            writer.execute("DELETE FROM number")
        assert direct.rows(connection, {"limit": 5}) == [(1, "a"), (3, "b")]
        assert connection.scalar(text("SELECT count(*) FROM number")) == 4
    with engine.connect() as connection:
        assert direct.rows(connection, {"limit": 5}) == []


def test_an_error_is_sqlalchemys_and_the_connection_is_left(file: Path) -> None:
    direct = statement()
    engine = reading_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        direct.rows(connection, {"limit": 5})
    with sqlite3.connect(file) as writer:
        writer.execute("DROP TABLE number")
    with engine.connect() as connection:
        with pytest.raises(DatabaseError, match="no such table"):
            direct.rows(connection, {"limit": 5})
        assert connection.invalidated


def test_kept_statements_are_few_whatever_is_asked_for() -> None:
    columns = {"name": Source.sort_name, "slug": Source.slug}

    def made(*counts: int) -> object:
        asked = [among(Source.kind, [str(value) for value in range(count)]) for count in counts]
        return statements(Source, asked, columns, ("name",))

    assert made(FEW + 1, 100) is made(100, FEW + 1)
    different = {id(made(one, other)) for one in range(101) for other in range(0, 101, 7)}
    # none, one to FEW, and many
    assert len(different) <= (FEW + 2) ** 2
    assert len(_kept) <= MAX_KEPT
