"""/lifestyle-factors: habits, states and medicines."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Choices, RecordFilters, SameAs, Slugs
from app.api.queries import column_in, references
from app.api.resource import Resource
from app.database.models import LifestyleFactor
from app.schemas.lifestyle_factor import LifestyleFactorType


class LifestyleFactorFilters(RecordFilters):
    """Filters of the list of lifestyle factors."""

    type: Annotated[tuple[str, ...], Choices(LifestyleFactorType), column_in("type")] = Field(
        default=(), description="Habits, states or medicines.", examples=["medicine"]
    )
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("disturbs")] = Field(
        default=(), description="Only factors that disturb one of these nutrients.", examples=["magnesium"]
    )
    symptom: Annotated[tuple[str, ...], Slugs("symptom"), references("symptoms")] = Field(
        default=(), description="Only factors linked with one of these symptoms.", examples=["fasciculation"]
    )
    part_of: Annotated[tuple[str, ...], Slugs("lifestyle_factor"), references("part_of")] = Field(
        default=(), description="Only factors that belong to one of these wider ones.", examples=["medications"]
    )
    same_as: SameAs = ()


RESOURCE = Resource(
    kind="lifestyle_factor",
    noun="lifestyle factor",
    plural="lifestyle factors",
    filters=LifestyleFactorFilters,
    sorts={"name": LifestyleFactor.sort_name, "type": LifestyleFactor.type},
    default_sort=("name",),
    include=("nutrients", "symptoms", "mechanisms", "lifestyle_factors", "claims", "faq", "sources"),
    example="diuretics",
    list_doc="""Habits, states and medicines that affect twitching, with the nutrients each disturbs.""",
    detail_doc="""One habit, state or medicine: its effects, what sources say helps, and the nutrients it disturbs.""",
)

router = RESOURCE.router()
