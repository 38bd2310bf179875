"""Bring back the release that was loaded before."""

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlmodel import col

from app.database.models import Release
from app.database.releases import Archive, Change, compare
from seed.archive import current_release, keep, restore
from seed.load import Progress, lock, stored


class NoWayBack(Exception):
    """There is no earlier release, or this code cannot read it; the message says which."""


def rollback(connection: Connection, _progress: Progress) -> list[Change]:
    """Put back the release that the present one replaced; `NoWayBack` where there is none. The caller commits."""
    lock(connection)
    present = current_release(connection)
    replaced = select(col(Release.replaced)).where(col(Release.id) == present)
    row = connection.execute(
        select(col(Release.version), col(Release.archive)).where(col(Release.id) == replaced.scalar_subquery())
    ).one_or_none()
    if row is None:
        raise NoWayBack("There is no earlier release to go back to.")
    archive = Archive.unpack(row.archive)
    try:
        changes = compare(stored(connection, "record"), archive.records)
        restore(connection, archive)
    except (KeyError, StatementError) as error:
        # of the database's own errors, only a violated constraint says that the rows are of another form
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
            raise
        raise NoWayBack(
            f"Release {row.version} is of another form than these tables; go back to the code of its time first."
        ) from None
    keep(connection, present)
    return changes
