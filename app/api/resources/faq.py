"""/faq: questions people ask, with short answers."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import RecordFilters, Slugs
from app.api.queries import references
from app.api.resource import Resource
from app.database.models import FaqEntry


class FaqEntryFilters(RecordFilters):
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("related")] = Field(
        default=(), description="Only questions about one of these nutrients.", examples=["magnesium"]
    )
    symptom: Annotated[tuple[str, ...], Slugs("symptom"), references("related")] = Field(
        default=(), description="Only questions about one of these symptoms.", examples=["fasciculation"]
    )
    lifestyle_factor: Annotated[tuple[str, ...], Slugs("lifestyle_factor"), references("related")] = Field(
        default=(), description="Only questions about one of these factors.", examples=["caffeine"]
    )


RESOURCE = Resource(
    kind="faq_entry",
    noun="FAQ entry",
    plural="FAQ entries",
    filters=FaqEntryFilters,
    sorts={"position": FaqEntry.position, "name": FaqEntry.sort_name},
    default_sort=("position",),
    include=(
        "nutrients",
        "symptoms",
        "mechanisms",
        "food_sources",
        "lifestyle_factors",
        "interactions",
        "claims",
        "sources",
    ),
    example="when-to-see-a-doctor",
    list_doc="""Questions in their order, each with a short answer and what must be seen with it.""",
    detail_doc="""One question: its answer, the graded facts behind it and its warnings.""",
    formats=("csv", "ndjson", "jsonld"),
)

router = RESOURCE.router()
