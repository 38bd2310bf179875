"""Indexes for a filter with a sort."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PAIRS = [
    ("mechanism", "trigger_state", "grade_rank"),
    ("interaction", "kind", "grade_rank"),
    ("claim", "relation", "grade_rank"),
    ("claim", "state", "grade_rank"),
    ("claim", "from_article", "grade_rank"),
    ("claim", "grade_rank", "relation"),
    ("claim", "state", "relation"),
    ("claim", "from_article", "relation"),
    ("source", "kind", "year"),
    ("source", "from_article", "year"),
]


def upgrade() -> None:
    for table, *columns in PAIRS:
        named = [*columns, "sort_name", "slug"]
        op.create_index(op.f(f"ix_{table}_{'_'.join(named)}"), table, named)


def downgrade() -> None:
    for table, *columns in PAIRS:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}_sort_name_slug"), table)
