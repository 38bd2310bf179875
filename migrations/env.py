"""Runs migrations against DATABASE_URL, or against the connection that a caller hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel import AutoString, UTCDateTime

from app.database.engines import writing_engine
from app.database.models import Exact, metadata
from app.settings import Settings


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our types in SQLAlchemy's own words: a revision must not change when the models do."""
    if kind == "type" and isinstance(item, Exact):
        return 'sa.Numeric().with_variant(sa.Float(), "sqlite")'
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    """Run the migrations that were asked for in one transaction."""
    # batch mode: SQLite cannot alter a table in place
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        url=Settings().database_url, target_metadata=metadata, literal_binds=True, dialect_opts={"paramstyle": "named"}
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    handed_over = context.config.attributes.get("connection")
    if handed_over is not None:
        run(handed_over)
    else:
        with writing_engine(Settings().database_url).connect() as opened:
            run(opened)
            opened.commit()
