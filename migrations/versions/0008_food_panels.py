"""Whole panels of foods: a standing for each amount, and amounts that were not measured.

Standings follow from the content and are written by `python -m seed load`: the dataset has to be loaded after this
revision, in either direction, and the API is not ready until then.
"""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
EXACT = sa.Numeric().with_variant(sa.Float(), "sqlite")
NULLABLE = {"per_100g": EXACT, "unit": CODE, "per_serving": EXACT}
INDEX = "ix_amount_nutrient_standing_sort_name_slug"


def upgrade() -> None:
    op.execute("DELETE FROM dataset")
    with op.batch_alter_table("amount") as batch:
        batch.add_column(sa.Column("standing", CODE, nullable=False, server_default="unrated"))
        for column, type_ in NULLABLE.items():
            batch.alter_column(column, existing_type=type_, nullable=True)
    # the default is for the rows that are there; new ones bring a standing
    with op.batch_alter_table("amount") as batch:
        batch.alter_column("standing", existing_type=CODE, server_default=None)
    op.create_index(INDEX, "amount", ["nutrient", "standing", "sort_name", "slug"])
    _change_archives(lambda rows: [{"standing": "unrated", **row} for row in rows])


def downgrade() -> None:
    op.execute("DELETE FROM dataset")
    op.execute("DELETE FROM amount WHERE per_100g IS NULL")
    op.drop_index(INDEX, "amount")
    with op.batch_alter_table("amount") as batch:
        batch.drop_column("standing")
        for column, type_ in NULLABLE.items():
            batch.alter_column(column, existing_type=type_, nullable=False)
    _change_archives(
        lambda rows: [
            {key: value for key, value in row.items() if key != "standing"}
            for row in rows
            if row["per_100g"] is not None
        ]
    )


def _change_archives(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    release = sa.table("release", sa.column("id"), sa.column("archive"))
    connection = op.get_bind()
    if connection is None or op.get_context().as_sql:
        return
    for number, packed in connection.execute(sa.select(release.c.id, release.c.archive)).all():
        tables = json.loads(zstandard.decompress(packed))
        tables["amount"] = change(tables["amount"])
        archive = zstandard.compress(json.dumps(tables, ensure_ascii=False).encode())
        connection.execute(sa.update(release).where(release.c.id == number).values(archive=archive))
