"""Cards; `type` for the classification of a record, so that `kind` is the kind of record alone.

Cards are rendered by `python -m seed load`, not by SQL: the dataset has to be loaded after this revision, in either
direction, and the API is not ready until then. Archived releases stay comparable (`/changes?since=`).
"""

import json

import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
KINDS = [
    *("nutrient", "mechanism", "food_source", "lifestyle_factor", "faq_entry"),
    *("symptom", "interaction", "intake", "claim", "source"),
]
TYPED = ["nutrient", "lifestyle_factor", "symptom", "interaction", "intake", "source"]
INDEXES = [(f"ix_{table}_{{}}_sort_name_slug", table, ["{}", "sort_name", "slug"]) for table in TYPED]
INDEXES += [
    ("ix_interaction_{}_grade_rank_sort_name_slug", "interaction", ["{}", "grade_rank", "sort_name", "slug"]),
    ("ix_source_{}_year_sort_name_slug", "source", ["{}", "year", "sort_name", "slug"]),
    (
        "ix_intake_by_authority",
        "intake",
        ["authority", "nutrient", "role_rank", "{}", "age_min_months", "sort_name", "slug"],
    ),
    (
        "ix_intake_by_nutrient",
        "intake",
        ["nutrient", "role_rank", "authority", "{}", "age_min_months", "sort_name", "slug"],
    ),
]


def upgrade() -> None:
    _rename("kind", "type", {"document": "record"}, {"document": "info"}, {"document": "card"})
    for table in KINDS:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("card", sa.Text(), nullable=False, server_default="{}"))
    for table in KINDS:
        # the default is for the rows that are there; new ones bring a card
        with op.batch_alter_table(table) as batch:
            batch.alter_column("card", server_default=None)
    # filled anew by each load
    op.drop_table("redirect")
    _create_redirect(sa.Column("kind", CODE, nullable=False))


def downgrade() -> None:
    for table in KINDS:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("card")
    op.drop_table("redirect")
    _create_redirect()
    _rename("type", "kind", {"record": "document"}, {"info": "document"}, {"card": "document"})


def _rename(
    before: str, after: str, of_kinds: dict[str, str], of_dataset: dict[str, str], of_amount: dict[str, str]
) -> None:
    op.execute("DELETE FROM dataset")
    for name, table, _ in INDEXES:
        op.drop_index(name.format(before), table)
    renamed = {table: of_kinds | ({before: after} if table in TYPED else {}) for table in KINDS}
    renamed |= {"dataset": of_dataset, "amount": of_amount}
    for table, columns in renamed.items():
        with op.batch_alter_table(table) as batch:
            for old, new in columns.items():
                batch.alter_column(old, new_column_name=new)
    for name, table, columns in INDEXES:
        op.create_index(name.format(after), table, [column.format(after) for column in columns])
    _rename_in_archives(renamed)


def _create_redirect(*columns: sa.Column[str]) -> None:
    op.create_table(
        "redirect",
        *columns,
        sa.Column("slug", CODE, nullable=False),
        sa.Column("target", CODE, nullable=False),
        sa.ForeignKeyConstraint(["target"], ["record.slug"], name="fk_redirect_target_record"),
        sa.PrimaryKeyConstraint(*(column.name for column in columns), "slug", name="pk_redirect"),
    )
    op.create_index("ix_redirect_target", "redirect", ["target"])


def _rename_in_archives(renamed: dict[str, dict[str, str]]) -> None:
    release = sa.table("release", sa.column("id"), sa.column("archive"))
    connection = op.get_bind()
    if connection is None or op.get_context().as_sql:
        return
    for number, packed in connection.execute(sa.select(release.c.id, release.c.archive)).all():
        tables = json.loads(zstandard.decompress(packed))
        for table, columns in renamed.items():
            tables[table] = [{columns.get(key, key): value for key, value in row.items()} for row in tables[table]]
        archive = zstandard.compress(json.dumps(tables, ensure_ascii=False).encode())
        connection.execute(sa.update(release).where(release.c.id == number).values(archive=archive))
