"""Migrations: there and back on both databases, in step with the models, every filter and foreign key indexed."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, Inspector, inspect, text
from sqlalchemy.exc import IntegrityError

from app.commands import ALEMBIC, migrate
from app.database.engines import writing_engine
from app.database.models import TABLES, metadata, table_of
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support import TINY, make_database


@pytest.fixture(scope="module")
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    """An engine for a migrated database."""
    url = new_database("migrated")
    assert migrate(Settings(database_url=url)) == 0
    made = writing_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection to a migrated database; what is written is rolled back."""
    with engine.connect() as opened:
        yield opened


def config(connection: Connection) -> Config:
    made = Config(ALEMBIC)
    made.attributes["connection"] = connection
    return made


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_up_and_down_and_up_again(new_database: NewDatabase) -> None:
    url = new_database("up")
    assert migrate(Settings(database_url=url)) == 0
    with writing_engine(url).connect() as opened:
        assert tables(opened) == set(metadata.tables)
        command.downgrade(config(opened), "base")
        assert tables(opened) == set()
        command.upgrade(config(opened), "head")
        assert tables(opened) == set(metadata.tables)


def test_a_database_with_content_goes_down_too(new_database: NewDatabase) -> None:
    url = new_database("full", TINY)
    with writing_engine(url).begin() as opened:
        command.downgrade(config(opened), "base")
        assert tables(opened) == set()


def test_a_database_with_content_goes_up_and_is_loaded_again(new_database: NewDatabase) -> None:
    url = new_database("older", TINY)
    with writing_engine(url).begin() as opened:
        command.downgrade(config(opened), "0006")
        command.upgrade(config(opened), "head")
        assert opened.scalar(text("SELECT count(*) FROM dataset")) == 0
    make_database(url, TINY)
    with writing_engine(url).connect() as opened:
        later = text("SELECT slug FROM nutrient WHERE last_reviewed > '2026-01-01'")
        assert opened.scalars(later).all() == ["sodium"]
        assert opened.scalar(text("SELECT count(*) FROM dataset")) == 1


def test_a_second_migration_changes_nothing(new_database: NewDatabase) -> None:
    settings = Settings(database_url=new_database("twice"))
    assert migrate(settings) == migrate(settings) == 0


def test_models_and_migrations_agree(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    inspector = inspect(connection)
    for name, table in metadata.tables.items():
        # which Alembic does not compare
        key = inspector.get_pk_constraint(name)["constrained_columns"]
        assert sorted(key) == sorted(table.primary_key.columns.keys()), name


def leading(inspector: Inspector, table: str) -> set[str | None]:
    """The columns by which an index or the primary key of a table finds rows."""
    found = {index["column_names"][0] for index in inspector.get_indexes(table)}
    return found | {inspector.get_pk_constraint(table)["constrained_columns"][0]}


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_foreign_key_has_an_index(connection: Connection, table: str) -> None:
    inspector = inspect(connection)
    for key in inspector.get_foreign_keys(table):
        assert key["constrained_columns"][0] in leading(inspector, table), key


UNFILTERED = {
    "intake": {"value", "value_min", "value_max", "unit", "per"}  # shown, not asked for
    | {"age_max_months", "for_neither"},  # only asked for beside the lowest age, and true of nearly every row
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_filter_and_sort_column_has_an_index(connection: Connection, kind: str) -> None:
    columns = set(table_of(kind).c.keys()) - {"record", "card"} - UNFILTERED.get(kind, set())
    assert columns <= leading(inspect(connection), kind)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_constraint_has_a_name(connection: Connection, table: str) -> None:
    inspector = inspect(connection)
    found = [inspector.get_pk_constraint(table), *inspector.get_foreign_keys(table), *inspector.get_indexes(table)]
    assert all(constraint["name"] for constraint in found)


ORPHANS = {
    "link from nowhere": "INSERT INTO link (origin, field, target, position) VALUES ('nowhere', 'x', 'a', 0)",
    "link to nowhere": "INSERT INTO link (origin, field, target, position) VALUES ('a', 'x', 'nowhere', 0)",
    "redirect to nowhere": "INSERT INTO redirect (kind, slug, target) VALUES ('nutrient', 'old', 'nowhere')",
    "nutrient without record": "INSERT INTO nutrient (slug, sort_name, from_article, last_reviewed, record, card, "
    "type, electrolyte) VALUES ('nowhere', 'x', true, '2026-01-01', '{}', '{}', 'mineral', false)",
    "record taken away from its nutrient": "DELETE FROM record WHERE slug = 'a'",
    "second dataset": "INSERT INTO dataset (id, version, content_hash, released, loaded_at, info) "
    "VALUES (2, '1.0.0', '', '2026-01-01', '2026-01-01 00:00:00+00:00', '{}')",
}


@pytest.mark.parametrize("orphan", ORPHANS)
def test_the_database_refuses_what_leads_nowhere(connection: Connection, orphan: str) -> None:
    connection.execute(text("INSERT INTO record (slug, kind, name) VALUES ('a', 'nutrient', 'A')"))
    connection.execute(
        text(
            "INSERT INTO nutrient (slug, sort_name, from_article, last_reviewed, record, card, type, electrolyte) "
            "VALUES ('a', 'a', true, '2026-01-01', '{}', '{}', 'mineral', false)"
        )
    )
    with pytest.raises(IntegrityError):
        connection.execute(text(ORPHANS[orphan]))
