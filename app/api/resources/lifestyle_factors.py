"""/lifestyle-factors: habits, states and medicines."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement, select
from sqlmodel import col

from app.api.parameters import Choices, RecordFilters, SameAs, Slugs
from app.api.queries import column_in, references
from app.api.resource import Resource
from app.database.models import LifestyleFactor, Link, Nutrient
from app.schemas.lifestyle_factor import Disturbance, LifestyleFactorType, effect_field


def _with_effect(query: Any) -> Sequence[ColumnElement[bool]]:
    """Factors with one of the effects on one of the nutrients that are asked for, else on any."""
    if not query.effect:
        return ()
    nutrients = query.nutrient or select(col(Nutrient.slug))
    fields = [effect_field(effect) for effect in query.effect]
    factors = select(col(Link.origin)).where(col(Link.target).in_(nutrients), col(Link.field).in_(fields))
    return (col(LifestyleFactor.slug).in_(factors),)


class LifestyleFactorFilters(RecordFilters):
    type: Annotated[tuple[str, ...], Choices(LifestyleFactorType), column_in("type")] = Field(
        default=(), description="Habits, states or medicines.", examples=["medicine"]
    )
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("disturbs")] = Field(
        default=(), description="Only factors that disturb one of these nutrients.", examples=["magnesium"]
    )
    effect: Annotated[tuple[str, ...], Choices(Disturbance)] = Field(
        default=(),
        description="Only factors with one of these effects on a nutrient (on those in `nutrient`, if given).",
        examples=["lowers"],
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
    filters=LifestyleFactorFilters,
    sorts={"name": LifestyleFactor.sort_name, "type": LifestyleFactor.type},
    default_sort=("name",),
    include=("nutrients", "symptoms", "mechanisms", "lifestyle_factors", "claims", "faq", "sources"),
    example="diuretics",
    list_doc="""Habits, states and medicines that affect twitching, with the nutrients each disturbs.

What lowers magnesium: `/lifestyle-factors?nutrient=magnesium&effect=lowers`.""",
    detail_doc="""One habit, state or medicine: its effects, what helps, and the nutrients it disturbs.""",
    where=_with_effect,
)

router = RESOURCE.router()
