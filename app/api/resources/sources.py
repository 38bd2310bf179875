"""/sources: the publications that everything cites."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Boolean, Choices, RecordFilters
from app.api.queries import column_in, column_is
from app.api.resource import Resource
from app.database.models import Source
from app.schemas.source import SourceType


class SourceFilters(RecordFilters):
    type: Annotated[tuple[str, ...], Choices(SourceType), column_in("type")] = Field(
        default=(), description="Type of publication.", examples=["systematic-review"]
    )
    from_article: Annotated[Boolean | None, column_is("from_article")] = Field(
        default=None, description="True: only the article on muscle twitching and what it names.", examples=[False]
    )


RESOURCE = Resource(
    kind="source",
    filters=SourceFilters,
    sorts={"name": Source.sort_name, "type": Source.type, "year": Source.year},
    default_sort=("name",),
    include=("claims",),
    example="garrison-2020-cochrane",
    list_doc="""The publications that every fact cites.""",
    detail_doc="""One publication, with what cites it.""",
)

router = RESOURCE.router()
