"""The day of the last review as a column, to filter by.

Records say the day already, but for reference intakes, which `python -m seed load` writes anew: the dataset has to be
loaded after this revision, and the API is not ready until then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = [
    *("nutrient", "mechanism", "food_source", "lifestyle_factor", "faq_entry"),
    *("symptom", "interaction", "intake", "claim", "source"),
]


def upgrade() -> None:
    op.execute("DELETE FROM dataset")
    in_record = "json_extract(record, '$.last_reviewed')"
    if op.get_context().dialect.name == "postgresql":
        in_record = "CAST(CAST(record AS json) ->> 'last_reviewed' AS date)"
    for table in KINDS:
        op.add_column(table, sa.Column("last_reviewed", sa.Date(), nullable=False, server_default="1970-01-01"))
        # the default is for the rows that are there; new ones bring a day
        with op.batch_alter_table(table) as batch:
            batch.alter_column("last_reviewed", server_default=None)
        # a load leaves rows alone whose record is the same
        op.execute(f"UPDATE {table} SET last_reviewed = coalesce({in_record}, last_reviewed)")  # noqa: S608 - our names
        op.create_index(op.f(f"ix_{table}_last_reviewed_sort_name_slug"), table, ["last_reviewed", "sort_name", "slug"])


def downgrade() -> None:
    for table in KINDS:
        op.drop_index(op.f(f"ix_{table}_last_reviewed_sort_name_slug"), table)
        with op.batch_alter_table(table) as batch:
            batch.drop_column("last_reviewed")
