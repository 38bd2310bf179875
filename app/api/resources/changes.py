"""/changes: what changed between releases of the dataset."""

from collections import OrderedDict
from dataclasses import asdict
from threading import Lock
from typing import Annotated, Literal

from fastapi import Query as Parameters
from fastapi import Response
from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.envelopes import Envelope, Included, Items, PageBase
from app.api.errors import InvalidParameters, ParameterError, nearest
from app.api.links import offset_before, page_url
from app.api.parameters import PageQuery
from app.api.reading import Database
from app.api.routing import Router
from app.api.snapshot import dataset
from app.database.models import Release
from app.database.releases import Change, compare, documents_of, known_versions
from app.schemas.common import VERSION_PATTERN, Model

router = Router(prefix="/changes", tags=["Dataset"])


class ChangesQuery(PageQuery):
    """Since when, and how much to show."""

    since: str = Field(
        description="Version of the dataset that is known already, as `/dataset` showed it.",
        examples=["1.0.0"],
        json_schema_extra={"pattern": VERSION_PATTERN, "x-code-of": "release"},
    )


class RecordChange(Model):
    """What happened to one record."""

    slug: str = Field(description="Permanent identifier of the record.", examples=["magnesium"])
    name: str = Field(description="Display name of the record.", examples=["Magnesium"])
    url: str = Field(description="Path of the record in this API; a removed one leads nowhere, or is redirected.")
    action: Literal["added", "changed", "removed"] = Field(description="What happened.")
    fields: tuple[str, ...] = Field(description="Keys whose value changed, appeared or went; empty unless `changed`.")


class ChangePage(Envelope, PageBase, Items[RecordChange]):
    """A page of the list of changes."""

    since: str = Field(description="Version that is compared with.")
    version: str = Field(description="Version that is being served.")


@router.get("", response_model=ChangePage, summary="List what changed since a version")
def list_changes(query: Annotated[ChangesQuery, Parameters()], database: Database) -> Response:
    """Records that were added, changed (and which keys) or removed since a version of the dataset, ordered by path.

    Ask `/dataset` for the present version, keep it, and ask here later: `/changes?since=1.0.0`.
    """
    with database.connect() as connection:
        about = dataset(connection)
        changes = _changes(connection, _hash_of(connection, query.since), about["content_hash"])
    following = query.offset + query.limit
    before = offset_before(query.offset, query.limit, len(changes))
    page = ChangePage(
        items=[RecordChange(**asdict(change)) for change in changes[query.offset : following]],
        total=len(changes),
        limit=query.limit,
        offset=query.offset,
        next=page_url("/changes", query, following) if following < len(changes) else None,
        previous=page_url("/changes", query, before) if before is not None else None,
        included=Included(),
        disclaimer=about["disclaimer"],
        since=query.since,
        version=about["version"],
    )
    return Response(page.model_dump_json(), media_type="application/json")


_KEPT = 32
_compared: OrderedDict[tuple[str, str], list[Change]] = OrderedDict()
_comparing = Lock()


def _changes(connection: Connection, before: str, now: str) -> list[Change]:
    """What changed between two releases, by content hash; the comparison is made once, not for each page."""
    with _comparing:
        if (before, now) not in _compared:
            _compared[before, now] = compare(documents_of(connection, before), documents_of(connection, now))
        _compared.move_to_end((before, now))
        if len(_compared) > _KEPT:
            _compared.popitem(last=False)
        return _compared[before, now]


def _hash_of(connection: Connection, version: str) -> str:
    """Content hash of the latest release with this version."""
    wanted = select(col(Release.content_hash)).where(col(Release.version) == version)
    found = connection.scalar(wanted.order_by(col(Release.id).desc()).limit(1))
    if found is not None:
        return found
    known = known_versions(connection)
    message = f"There is no version '{version}'."
    near = nearest(version, known)
    error = ParameterError(parameter="since", location="query", message=message, allowed=known, suggestion=near)
    raise InvalidParameters([error])
