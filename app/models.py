"""The whole schema. A column is what is filtered, sorted, joined or checked; `document` is the JSON that is served.

Every record has a row in `record` (so that a reference to any kind is one foreign key) and one in the table of its
kind. Every reference that a document holds is a row in `link`. See docs/decisions/0001-documents-in-tables.md.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Dialect, Index, String, Table, Text
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


class Code(TypeDecorator[str]):
    """Text that is compared and ordered by code point, on every database alike."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Byte order in PostgreSQL; SQLite compares bytes anyway."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(collation=collation))


class Dataset(SQLModel, table=True):
    """The dataset that is being served: one row."""

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    version: str
    content_hash: str
    released: date
    loaded_at: datetime
    document: str = Field(sa_type=Text)


class Record(SQLModel, table=True):
    """Every record of every kind: what references point at."""

    slug: str = Field(primary_key=True, sa_type=Code)
    kind: str = Field(index=True, sa_type=Code)
    name: str


class Redirect(SQLModel, table=True):
    """The former slug of a renamed record."""

    slug: str = Field(primary_key=True, sa_type=Code)
    target: str = Field(foreign_key="record.slug", index=True, sa_type=Code)


class Link(SQLModel, table=True):
    """The record `origin` refers to the record `target` in its `field`; `position` keeps the written order."""

    __table_args__ = (Index(None, "target", "field", "origin"),)

    origin: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    field: str = Field(primary_key=True, sa_type=Code)
    target: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    position: int


class RecordRow(SQLModel):
    """Columns that every kind has."""

    slug: str = Field(primary_key=True, foreign_key="record.slug", sa_type=Code)
    sort_name: str = Field(sa_type=Code)
    from_article: bool
    document: str = Field(sa_type=Text)


def _by(*columns: str, together: Sequence[tuple[str, str]] = ()) -> tuple[Index, ...]:
    """An index for each filter or sort, in the default order, so that a page is a short walk along it.

    `together` holds pairs of a filter and a sort: without such an index, all that the filter selects is sorted.
    """
    by_name = (Index(None, "sort_name", "slug"), Index(None, "from_article", "sort_name", "slug"))
    pairs = tuple(Index(None, *pair, "sort_name", "slug") for pair in together)
    return by_name + tuple(Index(None, column, "sort_name", "slug") for column in columns) + pairs


class Nutrient(RecordRow, table=True):
    """Vitamins and minerals."""

    __table_args__ = _by("kind", "electrolyte", "comparison_position")

    kind: str = Field(sa_type=Code)
    electrolyte: bool
    comparison_position: int | None = None


class Mechanism(RecordRow, table=True):
    """Chains of cause and effect."""

    __table_args__ = _by("trigger_state", "grade_rank", together=[("trigger_state", "grade_rank")])

    trigger_state: str = Field(sa_type=Code)
    grade_rank: int


class FoodSource(RecordRow, table=True):
    """Foods, groups of foods and sunlight."""

    __tablename__ = "food_source"
    __table_args__ = _by("food_group", "is_food")

    food_group: str = Field(sa_type=Code)
    is_food: bool


class LifestyleFactor(RecordRow, table=True):
    """Habits, states and medicines."""

    __tablename__ = "lifestyle_factor"
    __table_args__ = _by("kind")

    kind: str = Field(sa_type=Code)


class FaqEntry(RecordRow, table=True):
    """Questions and answers."""

    __tablename__ = "faq_entry"
    __table_args__ = _by("position")

    position: int


class Symptom(RecordRow, table=True):
    """Symptoms, signs and conditions."""

    __table_args__ = _by("kind")

    kind: str = Field(sa_type=Code)


class Interaction(RecordRow, table=True):
    """How nutrients act on one another."""

    __table_args__ = _by("kind", "grade_rank", together=[("kind", "grade_rank")])

    kind: str = Field(sa_type=Code)
    grade_rank: int


class Claim(RecordRow, table=True):
    """Graded statements."""

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
    """Publications."""

    __table_args__ = _by("kind", "year", together=[("kind", "year"), ("from_article", "year")])

    kind: str = Field(sa_type=Code)
    year: int | None = None


TABLES: dict[str, type[RecordRow]] = {
    "nutrient": Nutrient,
    "mechanism": Mechanism,
    "food_source": FoodSource,
    "lifestyle_factor": LifestyleFactor,
    "faq_entry": FaqEntry,
    "symptom": Symptom,
    "interaction": Interaction,
    "claim": Claim,
    "source": Source,
}


def table_of(kind: str) -> Table:
    """The table of a kind of record."""
    return metadata.tables[kind]
