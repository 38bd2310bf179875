"""/nutrients: vitamins and minerals."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Boolean, Choices, RecordFilters, SameAs, Slugs
from app.api.queries import column_in, column_is, referenced_by
from app.api.resource import Resource
from app.database.models import Nutrient
from app.schemas.nutrient import NutrientType


class NutrientFilters(RecordFilters):
    type: Annotated[tuple[str, ...], Choices(NutrientType), column_in("type")] = Field(
        default=(), description="Vitamins or minerals.", examples=["mineral"]
    )
    electrolyte: Annotated[Boolean | None, column_is("electrolyte")] = Field(
        default=None, description="True: only electrolytes.", examples=[True]
    )
    food_source: Annotated[tuple[str, ...], Slugs("food_source"), referenced_by("nutrients")] = Field(
        default=(), description="Only nutrients that one of these sources provides.", examples=["spinach"]
    )
    lifestyle_factor: Annotated[tuple[str, ...], Slugs("lifestyle_factor"), referenced_by("disturbs")] = Field(
        default=(), description="Only nutrients that one of these factors disturbs.", examples=["diuretics"]
    )
    same_as: SameAs = ()


RESOURCE = Resource(
    kind="nutrient",
    filters=NutrientFilters,
    sorts={"name": Nutrient.sort_name, "type": Nutrient.type},
    default_sort=("name",),
    include=(
        *("mechanisms", "food_sources", "lifestyle_factors", "symptoms", "interactions"),
        *("intakes", "claims", "faq", "sources"),
    ),
    example="magnesium",
    list_doc="""Vitamins and minerals, each with its unit, Daily Value and a summary.

All minerals by name: `/nutrients?type=mineral`. What spinach provides: `/nutrients?food_source=spinach`.""",
    detail_doc="""One vitamin or mineral: what it does, what too little and too much of it does, and what refers to it.

With related records as cards: `?include=mechanisms,interactions,claims`.""",
)

router = RESOURCE.router()
