"""/sources: the publications that everything cites."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, ListQuery, OneOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.source import Source, SourceType

router = Router(prefix="/sources", tags=["Sources"])

SORT = {"name": models.Source.sort_name, "type": models.Source.type, "year": models.Source.year}


class SourceQuery(ListQuery):
    """Filters, order and shape of the list of sources."""

    type: Annotated[tuple[str, ...], OneOf(SourceType)] = Field(default=(), description="Kind of publication.")
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("name",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Source)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("claims")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class SourceDetailQuery(DetailQuery):
    """Shape of one source."""

    fields: Annotated[tuple[str, ...], fields_of(Source)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("claims")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class SourcePage(Page[Source]):
    """A page of the list of sources."""


class SourceDetail(Envelope, Source):
    """One source, with what `include` asked for."""


@router.get("", response_model=SourcePage | PartialPage, summary="List sources")
async def list_sources(query: Annotated[SourceQuery, Query()], database: Database) -> Response:
    """The publications that every fact cites."""
    return await page(
        database,
        "source",
        query,
        [
            among(models.Source.type, query.type),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=SourceDetail | PartialDetail, summary="Get one source")
async def get_source(
    slug: Annotated[str, Path(description="Slug of the source.", examples=["garrison-2020-cochrane"])],
    query: Annotated[SourceDetailQuery, Query()],
    database: Database,
) -> Response:
    """One publication, with the claims that cite it."""
    return await detail(database, "source", slug, query)
