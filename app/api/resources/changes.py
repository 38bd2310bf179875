"""/changes and /changes.atom: what changed between releases of the dataset."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Query as QueryParameters
from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.envelopes import Included, Page
from app.api.errors import InvalidParameters, nearest, wrong
from app.api.links import page_links, page_position
from app.api.parameters import PageQuery
from app.api.records import ReleaseInfo, release_info
from app.api.responses import from_dataset, json_response, read
from app.api.routing import Router
from app.database.models import Release
from app.database.releases import Change, compare, known_versions, records_of
from app.pages.feed import MEDIA_TYPE, ReleaseChanges, atom_feed
from app.schemas.common import VERSION_PATTERN, Card

router = Router(prefix="/changes", tags=["Dataset"])

NOTHING = "0.0.0"
"""The version before the first release: since then, every record was added."""

IN_FEED = 5
"""Releases that the feed shows: each is read whole to be compared, in a tenth of a second for 1,900 records."""


class ChangesQuery(PageQuery):
    """Since when, and how much to show."""

    since: str | None = Field(
        default=None,
        description="Version that is known already; `0.0.0`: none. Left out: the last but one.",
        examples=[NOTHING],
        json_schema_extra={"pattern": VERSION_PATTERN},
    )


class RecordChange(Card):
    """What happened to one record."""

    action: Literal["added", "changed", "removed"] = Field(description="What happened.")
    fields: tuple[str, ...] = Field(description="Keys that differ; empty unless `changed`.")


class ChangePage(Page):
    """A page of the list of changes."""

    items: list[RecordChange] = Field(description="The changes of this page.")
    since: str = Field(description="Version that is compared with.")
    version: str = Field(description="Version that is being served.")
    versions: list[str] = Field(description="What `since` may be, newest first.")


@router.get("", response_model=ChangePage, summary="List what changed since a version")
async def list_changes(request: Request, query: Annotated[ChangesQuery, QueryParameters()]) -> Response:
    """Records that were added, changed or removed since a version, ordered by path."""

    def run(connection: Connection) -> Response:
        release = release_info(connection)
        since = query.since or _version_before(connection, release)
        before = {} if since == NOTHING else records_of(connection, _hash_of(connection, since))
        changes = compare(before, records_of(connection, release["content_hash"]))
        return _page(query, release, since, _known(connection), changes)

    # to compare two releases takes longer than the event loop may be blocked
    return await read(request, run, is_long=True)


async def get_feed(request: Request) -> Response:
    """The last releases as an Atom feed, each with the records that changed."""
    base = request.app.state.settings.public_url

    def feed(connection: Connection, release: ReleaseInfo) -> bytes:
        return atom_feed(_history(connection, release), release, base)

    return await from_dataset(request, feed, MEDIA_TYPE)


router.add_route("/changes.atom", get_feed)


def _history(connection: Connection, release: ReleaseInfo) -> list[ReleaseChanges]:
    """The release that is served and those that led to it, newest first."""
    columns = (col(Release.id), col(Release.version), col(Release.content_hash), col(Release.loaded_at))
    rows = {row.id: row for row in connection.execute(select(*columns, col(Release.replaced)))}
    current = next((row for row in rows.values() if row.content_hash == release["content_hash"]), None)
    history: list[ReleaseChanges] = []
    after = records_of(connection, release["content_hash"])
    while current and len(history) < IN_FEED:
        replaced = rows.get(current.replaced)
        before = records_of(connection, replaced.content_hash) if replaced else {}
        since = replaced.version if replaced else NOTHING
        changes = compare(before, after)
        history.append(ReleaseChanges(current.version, since, current.content_hash, current.loaded_at, changes))
        current, after = replaced, before
    return history


def _page(
    query: ChangesQuery, release: ReleaseInfo, since: str, versions: list[str], changes: list[Change]
) -> Response:
    links = page_links("/changes", query, len(changes))
    page = ChangePage(
        items=[RecordChange(**asdict(change)) for change in changes[query.offset : query.offset + query.limit]],
        **page_position(query, len(changes), links),
        included=Included(),
        disclaimer=release["disclaimer"],
        since=since,
        version=release["version"],
        versions=versions,
    )
    return json_response(page.model_dump_json(exclude_unset=True), release, links)


def _known(connection: Connection) -> list[str]:
    return [*known_versions(connection), NOTHING]


def _version_before(connection: Connection, release: ReleaseInfo) -> str:
    """The version that the present release replaced; `NOTHING` for the first."""
    replaced = select(col(Release.replaced)).where(col(Release.content_hash) == release["content_hash"])
    version = select(col(Release.version)).where(col(Release.id) == replaced.scalar_subquery())
    return connection.scalar(version) or NOTHING


def _hash_of(connection: Connection, version: str) -> str:
    """Content hash of the latest release with this version."""
    selected = select(col(Release.content_hash)).where(col(Release.version) == version)
    found = connection.scalar(selected.order_by(col(Release.id).desc()).limit(1))
    if found is not None:
        return found
    known = _known(connection)
    raise InvalidParameters([wrong("since", f"There is no version '{version}'.", known, nearest(version, known))])
