"""Codes of other vocabularies.

They, and the forms of nutrients, follow from the content and are written by `python -m seed load`: the dataset has to
be loaded after this revision, in either direction, and the API is not ready until then.
"""

import json
from typing import Any

import sqlalchemy as sa
import sqlmodel
import zstandard
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.execute("DELETE FROM dataset")
    op.create_table(
        "identifier",
        sa.Column("code", CODE, nullable=False),
        sa.Column("record", CODE, nullable=False),
        sa.Column("match", CODE, nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["record.slug"], name="fk_identifier_record_record"),
        sa.PrimaryKeyConstraint("code", "record", name="pk_identifier"),
    )
    op.create_index("ix_identifier_record", "identifier", ["record"])
    _change_archives({"identifier": []})


def downgrade() -> None:
    op.execute("DELETE FROM dataset")
    op.drop_table("identifier")
    _change_archives({})


def _change_archives(added: dict[str, list[Any]]) -> None:
    release = sa.table("release", sa.column("id"), sa.column("archive"))
    connection = op.get_bind()
    if connection is None or op.get_context().as_sql:
        return
    for number, packed in connection.execute(sa.select(release.c.id, release.c.archive)).all():
        tables = json.loads(zstandard.decompress(packed))
        tables.pop("identifier", None)
        archive = zstandard.compress(json.dumps({**tables, **added}, ensure_ascii=False).encode())
        connection.execute(sa.update(release).where(release.c.id == number).values(archive=archive))
