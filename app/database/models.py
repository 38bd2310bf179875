"""The whole schema. A column is what is filtered, sorted, joined or checked; `record` and `card` are the JSON served.

Every record has a row in `record` (so that a reference to any kind is one foreign key) and one in the table of its
kind. Every reference that a record holds is a row in `link`. See docs/decisions/0001-documents-in-tables.md.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Connection,
    Dialect,
    Executable,
    Float,
    Index,
    Numeric,
    String,
    Table,
    Text,
    exists,
    false,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

metadata = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


Code = String().with_variant(String(collation="C"), "postgresql")
"""Text that is compared and ordered by code point, on every database alike: SQLite compares bytes anyway."""


class Exact(TypeDecorator[Decimal]):
    """A decimal number that comes back as it was written, on every database alike."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # SQLite has no decimal numbers, but its doubles keep 15 digits, and content has no more
        return dialect.type_descriptor(Float() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(str(value))


class Dataset(SQLModel, table=True):
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    version: str
    content_hash: str
    released: date
    loaded_at: datetime
    info: str = Field(sa_type=Text)
    vocabulary: str = Field(default="{}", sa_type=Text, sa_column_kwargs={"server_default": "{}"})


class Release(SQLModel, table=True):
    """A dataset that was loaded once: `archive` holds all of it, so that it can be compared and brought back."""

    id: int = Field(primary_key=True)
    version: str = Field(index=True, sa_type=Code)
    content_hash: str = Field(unique=True, sa_type=Code)
    released: date
    loaded_at: datetime
    replaced: int | None = Field(default=None, foreign_key="release.id", index=True)
    archive: bytes


class Record(SQLModel, table=True):
    """Every record of every kind: what references point at."""

    slug: str = Field(primary_key=True, sa_type=Code)
    kind: str = Field(index=True, sa_type=Code)
    name: str


class Redirect(SQLModel, table=True):
    """Another slug that leads to a record: its former one, or one that an unambiguous alias makes."""

    kind: str = Field(primary_key=True, sa_type=Code)
    slug: str = Field(primary_key=True, sa_type=Code)
    target: str = Field(foreign_key="record.slug", index=True, sa_type=Code)


class Link(SQLModel, table=True):
    """The record `origin` refers to the record `target` in its `field`; `position` keeps the written order."""

    __table_args__ = (Index(None, "target", "field", "origin"),)

    origin: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    field: str = Field(primary_key=True, sa_type=Code)
    target: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    position: int


class Identifier(SQLModel, table=True):
    """A code that another vocabulary has for what a record is about."""

    code: str = Field(primary_key=True, sa_type=Code)
    record: str = Field(primary_key=True, foreign_key="record.slug", index=True, sa_type=Code)
    match: str = Field(sa_type=Code)
    url: str


class RecordRow(SQLModel):
    slug: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    sort_name: str = Field(sa_type=Code)
    from_article: bool
    last_reviewed: date
    record: str = Field(sa_type=Text)
    card: str = Field(sa_type=Text)


def _by(*columns: str, together: Sequence[tuple[str, str]] = ()) -> tuple[Index, ...]:
    """An index for each filter or sort, in the default order, so that a page is a short walk along it.

    `together` holds pairs of a filter and a sort: without such an index, all that the filter selects is sorted.
    """
    filtered = [(column,) for column in ("from_article", "last_reviewed", *columns)]
    return tuple(Index(None, *first, "sort_name", "slug") for first in [(), *filtered, *together])


class Nutrient(RecordRow, table=True):
    __table_args__ = _by("type", "electrolyte", "comparison_position")

    type: str = Field(sa_type=Code)
    electrolyte: bool
    comparison_position: int | None = None


class Mechanism(RecordRow, table=True):
    __table_args__ = _by("trigger_state", "grade_rank", together=[("trigger_state", "grade_rank")])

    trigger_state: str = Field(sa_type=Code)
    grade_rank: int


class FoodSource(RecordRow, table=True):
    __tablename__ = "food_source"
    __table_args__ = _by("food_group", "is_food")

    food_group: str = Field(sa_type=Code)
    is_food: bool


class LifestyleFactor(RecordRow, table=True):
    __tablename__ = "lifestyle_factor"
    __table_args__ = _by("type")

    type: str = Field(sa_type=Code)


class FaqEntry(RecordRow, table=True):
    __tablename__ = "faq_entry"
    __table_args__ = _by("position")

    position: int


class Symptom(RecordRow, table=True):
    __table_args__ = _by("type")

    type: str = Field(sa_type=Code)


class Interaction(RecordRow, table=True):
    __table_args__ = _by("type", "grade_rank", together=[("type", "grade_rank")])

    type: str = Field(sa_type=Code)
    grade_rank: int


class Claim(RecordRow, table=True):
    __table_args__ = _by(
        *("relation", "state", "grade_rank"),
        together=[
            *(("relation", "grade_rank"), ("state", "grade_rank"), ("from_article", "grade_rank")),
            *(("grade_rank", "relation"), ("state", "relation"), ("from_article", "relation")),
        ],
    )

    relation: str = Field(sa_type=Code)
    state: str | None = Field(default=None, sa_type=Code)
    grade_rank: int


class Source(RecordRow, table=True):
    __table_args__ = _by("type", "year", together=[("type", "year"), ("from_article", "year")])

    type: str = Field(sa_type=Code)
    year: int | None = None


class LifeStage(SQLModel, table=True):
    """Life stages of the Dietary Reference Intakes: what intakes and their filter may name."""

    __tablename__ = "life_stage"

    code: str = Field(primary_key=True, sa_type=Code)
    position: int
    label: str
    sex: str = Field(sa_type=Code)
    state: str = Field(sa_type=Code)
    age_min_months: int
    age_max_months: int | None = None


_BY_AGE = ("type", "age_min_months", "sort_name", "slug")


class Intake(RecordRow, table=True):
    """Reference intakes. Ages are completed months, both ends included; an open end is null."""

    __table_args__ = (
        *_by("type", "role_rank", "status", "life_stage", "source", "sex", "for_pregnancy", "for_lactation"),
        Index("ix_intake_by_nutrient", "nutrient", "role_rank", "authority", *_BY_AGE),
        Index("ix_intake_by_authority", "authority", "nutrient", "role_rank", *_BY_AGE),
        Index(None, "age_min_months", "age_max_months", "sex"),
        Index(None, "iu_factor", "nutrient"),
    )

    nutrient: str = Field(foreign_key="record.slug", sa_type=Code)
    authority: str = Field(sa_type=Code)
    type: str = Field(sa_type=Code)
    role_rank: int
    life_stage: str | None = Field(default=None, foreign_key="life_stage.code", sa_type=Code)
    source: str = Field(foreign_key="record.slug", sa_type=Code)
    status: str = Field(sa_type=Code)
    sex: str = Field(sa_type=Code)
    age_min_months: int
    age_max_months: int | None = None
    for_neither: bool
    for_pregnancy: bool
    for_lactation: bool
    value: Decimal | None = Field(default=None, sa_type=Exact)
    value_min: Decimal | None = Field(default=None, sa_type=Exact)
    value_max: Decimal | None = Field(default=None, sa_type=Exact)
    unit: str | None = Field(default=None, sa_type=Code)
    per: str | None = Field(default=None, sa_type=Code)
    iu_factor: Decimal | None = Field(default=None, sa_type=Exact)


class Provision(SQLModel, table=True):
    """A nutrient that a food source provides, with the greatest of the amounts on record; null where there is none."""

    __table_args__ = tuple(
        Index(None, "nutrient", column, "food_source") for column in ("per_100g", "per_serving", "percent_daily_value")
    )

    food_source: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    nutrient: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    standing: str = Field(sa_type=Code)
    per_100g: Decimal | None = Field(default=None, sa_type=Exact)
    per_serving: Decimal | None = Field(default=None, sa_type=Exact)
    percent_daily_value: int | None = None


class Amount(SQLModel, table=True):
    """How much of a nutrient a food of a food database contains; no amount where it was not measured."""

    __table_args__ = (
        *(
            Index(None, "nutrient", column, "sort_name", "slug")
            for column in ("food_group", "from_article", "standing", "per_100g", "per_serving", "percent_daily_value")
        ),
        Index(None, "nutrient", "sort_name", "slug"),
        Index(None, "food_source", "nutrient"),
        Index(None, "source"),
    )

    slug: str = Field(primary_key=True, sa_type=Code)
    sort_name: str = Field(sa_type=Code)
    from_article: bool
    food_source: str = Field(foreign_key="record.slug", sa_type=Code)
    nutrient: str = Field(foreign_key="record.slug", sa_type=Code)
    source: str = Field(foreign_key="record.slug", sa_type=Code)
    food_group: str = Field(sa_type=Code)
    ndb_no: str = Field(sa_type=Code)
    standing: str = Field(sa_type=Code)
    per_100g: Decimal | None = Field(default=None, sa_type=Exact)
    unit: str | None = Field(default=None, sa_type=Code)
    serving: str
    serving_g: Decimal = Field(sa_type=Exact)
    per_serving: Decimal | None = Field(default=None, sa_type=Exact)
    percent_daily_value: int | None = None
    card: str = Field(sa_type=Text)


TABLES: dict[str, Any] = {str(table.__tablename__): table for table in RecordRow.__subclasses__()}
"""The table of each kind of record."""


def table_of(kind: str) -> Table:
    return metadata.tables[kind]


def schema_is_current(connection: Connection) -> bool:
    """Whether every table has every column, so that every route can answer.

    Where the answer is no, the transaction has failed: use the connection no more.
    """
    try:
        connection.execute(_every_column())
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.OperationalError) and "no such" in str(error.orig):
            return False
        if type(error.orig).__name__ in ("UndefinedTable", "UndefinedColumn"):
            return False
        raise
    return True


@cache
def _every_column() -> Executable:
    # one statement, answered without reading a row: it is asked by every probe
    return select(*(exists(select(*table.c).where(false())) for table in metadata.sorted_tables))
