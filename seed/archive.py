"""Keep every release that is loaded, so that it can be compared with and brought back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from app.models import Dataset, Redirect, Release
from app.releases import Archive


def current_release(connection: Connection) -> int | None:
    """The number of the release that is being served; none where it was not kept."""
    same = col(Release.content_hash) == col(Dataset.content_hash)
    return connection.scalar(select(col(Release.id)).join(Dataset, same))


def keep(
    connection: Connection,
    dataset: Mapping[str, Any],
    documents: dict[str, str],
    redirects: dict[str, str],
    replaced: int | None,
) -> None:
    """Keep a release, and which one it replaced; one that is kept already learns what it replaces now.

    A return to the release that was replaced is no new step forward: from there the way back leads further back.
    """
    known = connection.scalar(select(col(Release.id)).where(col(Release.content_hash) == dataset["content_hash"]))
    if known is not None:
        if connection.scalar(select(col(Release.replaced)).where(col(Release.id) == replaced)) != known:
            connection.execute(update(Release).where(col(Release.id) == known).values(replaced=replaced))
        return
    row = {name: dataset[name] for name in ("version", "content_hash", "released")}
    archive = Archive(dataset["document"], documents, redirects).pack()
    row |= {"loaded_at": datetime.now(UTC), "replaced": replaced, "archive": archive}
    connection.execute(insert(Release), [row])


def keep_stored(connection: Connection, documents: dict[str, str]) -> int | None:
    """The number of the release that is being served, kept now if it was not (it is older than the archive)."""
    known = current_release(connection)
    stored = connection.execute(select(Dataset.__table__)).mappings().one_or_none()  # type: ignore[attr-defined]
    if known is not None or stored is None:
        return known
    redirects = dict(connection.execute(select(col(Redirect.slug), col(Redirect.target))).tuples().all())
    keep(connection, dict(stored), documents, redirects, None)
    return current_release(connection)
