"""releases

Revision: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("content_hash", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("released", sa.Date(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced", sa.Integer(), nullable=True),
        sa.Column("archive", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["replaced"], ["release.id"], name=op.f("fk_release_replaced_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_release_content_hash")),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_replaced"), ["replaced"], unique=False)
        batch_op.create_index(batch_op.f("ix_release_version"), ["version"], unique=False)


def downgrade() -> None:
    op.drop_table("release")
