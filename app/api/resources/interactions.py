"""/interactions: how nutrients act on one another."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Choices, RecordFilters, Slugs
from app.api.queries import column_in, grade_in, references
from app.api.resource import Resource
from app.database.models import Interaction
from app.schemas.common import Grade
from app.schemas.interaction import InteractionType


class InteractionFilters(RecordFilters):
    type: Annotated[tuple[str, ...], Choices(InteractionType), column_in("type")] = Field(
        default=(), description="Type of interaction.", examples=["antagonist"]
    )
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("nutrients")] = Field(
        default=(), description="Only interactions of one of these nutrients.", examples=["magnesium"]
    )
    grade: Annotated[tuple[str, ...], Choices(Grade), grade_in()] = Field(
        default=(), description="Evidence grade.", examples=["established"]
    )


RESOURCE = Resource(
    kind="interaction",
    filters=InteractionFilters,
    sorts={"name": Interaction.sort_name, "type": Interaction.type, "grade": Interaction.grade_rank},
    default_sort=("grade",),
    include=("nutrients", "claims", "faq", "sources"),
    example="magnesium-and-calcium",
    list_doc="""How nutrients oppose, enable or need one another, best supported first.""",
    detail_doc="""One interaction between nutrients, with what they do to each other.""",
)

router = RESOURCE.router()
