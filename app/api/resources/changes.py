"""/changes: what changed between releases of the dataset."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import Query as QueryParameters
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import Connection, Engine, select
from sqlmodel import col

from app.api.envelopes import Included, Page
from app.api.errors import InvalidParameters, ParameterError, nearest
from app.api.links import page_links
from app.api.parameters import PageQuery
from app.api.records import ReleaseInfo, release_info
from app.api.responses import json_response
from app.api.routing import Router
from app.database.models import Release
from app.database.releases import Change, compare, known_versions, records_of
from app.schemas.common import VERSION_PATTERN, Ref

router = Router(prefix="/changes", tags=["Dataset"])

NOTHING = "0.0.0"
"""The version before the first release: since then, every record was added."""


class ChangesQuery(PageQuery):
    """Since when, and how much to show."""

    since: str | None = Field(
        default=None,
        description="Version of the dataset that is known already; `0.0.0` for none. Left out: the last but one.",
        examples=[NOTHING],
        json_schema_extra={"pattern": VERSION_PATTERN},
    )


class RecordChange(Ref):
    """What happened to one record."""

    action: Literal["added", "changed", "removed"] = Field(description="What happened.")
    fields: tuple[str, ...] = Field(description="Keys whose value changed, appeared or went; empty unless `changed`.")


class ChangePage(Page):
    """A page of the list of changes."""

    items: list[RecordChange] = Field(description="The changes of this page.")
    since: str = Field(description="Version that is compared with.")
    version: str = Field(description="Version that is being served.")


@router.get("", response_model=ChangePage, summary="List what changed since a version")
async def list_changes(request: Request, query: Annotated[ChangesQuery, QueryParameters()]) -> Response:
    """Records that were added, changed (and which keys) or removed since a version of the dataset, ordered by path."""
    engine: Engine = request.app.state.engine

    def run() -> Response:
        with engine.connect() as connection:
            release = release_info(connection)
            since = query.since or _version_before(connection, release)
            return _page(query, release, since, _changes(connection, since, release))

    # in a thread whatever the database: to compare two releases takes longer than the event loop may be blocked
    return await run_in_threadpool(run)


def _page(query: ChangesQuery, release: ReleaseInfo, since: str, changes: list[Change]) -> Response:
    links = page_links("/changes", query, len(changes))
    page = ChangePage(
        items=[RecordChange(**asdict(change)) for change in changes[query.offset : query.offset + query.limit]],
        total=len(changes),
        limit=query.limit,
        offset=query.offset,
        next=links.get("next"),
        previous=links.get("prev"),
        included=Included(),
        disclaimer=release["disclaimer"],
        since=since,
        version=release["version"],
    )
    return json_response(page.model_dump_json(exclude_unset=True), release, links)


def _changes(connection: Connection, since: str, release: ReleaseInfo) -> list[Change]:
    before = {} if since == NOTHING else records_of(connection, _hash_of(connection, since))
    return compare(before, records_of(connection, release["content_hash"]))


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
    known = [*known_versions(connection), NOTHING]
    message = f"There is no version '{version}'."
    near = nearest(version, known)
    error = ParameterError(parameter="since", location="query", message=message, allowed=known, suggestion=near)
    raise InvalidParameters([error])
