"""Bring back the release that was loaded before."""

import json
from datetime import date

from pydantic import ValidationError
from sqlalchemy import Connection, select
from sqlmodel import col

from app.kinds import KINDS, AnyRecord
from app.models import Release
from app.releases import Archive
from seed.archive import current_release
from seed.load import Prepared, lock

BY_COLLECTION = {kind.collection: kind for kind in KINDS.values()}


class NoWayBack(Exception):
    """There is no earlier release, or this code cannot read it; the message says which."""


def previous(connection: Connection) -> Prepared:
    """The release that the present one replaced, ready to be loaded; `NoWayBack` where there is none."""
    lock(connection)
    replaced = select(col(Release.replaced)).where(col(Release.id) == current_release(connection))
    row = connection.execute(
        select(col(Release.version), col(Release.archive)).where(col(Release.id) == replaced.scalar_subquery())
    ).one_or_none()
    if row is None:
        raise NoWayBack("There is no earlier release to go back to.")
    try:
        return _prepared(Archive.unpack(row.archive))
    except (ValidationError, KeyError):
        raise NoWayBack(
            f"Release {row.version} is of another form than this code writes; load it with the code of its time."
        ) from None


def _prepared(archive: Archive) -> Prepared:
    about = json.loads(archive.dataset)
    row = {
        "id": 1,
        "version": about["version"],
        "content_hash": about["content_hash"],
        "released": date.fromisoformat(about["released"]),
        "document": archive.dataset,
    }
    records = {slug: _record(document) for slug, document in archive.documents.items()}
    return Prepared(row, records, archive.documents, archive.redirects)


def _record(document: str) -> AnyRecord:
    collection = json.loads(document)["url"].split("/")[1]
    return BY_COLLECTION[collection].record.model_validate_json(document)
