"""/food-sources: foods, groups of foods, and sunlight."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel import col

from app.api.errors import InvalidParameters, wrong
from app.api.parameters import Boolean, Choices, RecordFilters, SameAs, Slugs
from app.api.queries import column_in, column_is, references
from app.api.resource import Resource
from app.database.models import FoodSource, Provision
from app.schemas.food_source import FoodGroup

AMOUNTS = {
    "per_100g": Provision.per_100g,
    "per_serving": Provision.per_serving,
    "percent_daily_value": Provision.percent_daily_value,
}


def _amounts_of_the_nutrient(query: Any) -> Sequence[ColumnElement[bool]]:
    """The join to the amounts of the one nutrient that the list is sorted by."""
    keys = [key.removeprefix("-") for key in query.sort if key.removeprefix("-") in AMOUNTS]
    if not keys:
        return ()
    if len(query.nutrient) != 1:
        message = f"Sorting by {keys[0]} needs exactly one nutrient, as in nutrient=magnesium."
        raise InvalidParameters([wrong("sort", message)])
    return col(Provision.food_source) == col(FoodSource.slug), col(Provision.nutrient) == query.nutrient[0]


class FoodSourceFilters(RecordFilters):
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("nutrients")] = Field(
        default=(),
        description="Only good sources of one of these nutrients, or those named with it.",
        examples=["magnesium"],
    )
    group: Annotated[tuple[str, ...], Choices(FoodGroup), column_in("food_group")] = Field(
        default=(), description="Food group.", examples=["leafy-greens"]
    )
    is_food: Annotated[Boolean | None, column_is("is_food")] = Field(
        default=None, description="False: only what is not a food, such as sunlight.", examples=[True]
    )
    part_of: Annotated[tuple[str, ...], Slugs("food_source"), references("part_of")] = Field(
        default=(), description="Only sources that belong to one of these wider ones.", examples=["leafy-greens"]
    )
    same_as: SameAs = ()


RESOURCE = Resource(
    kind="food_source",
    filters=FoodSourceFilters,
    sorts={"name": FoodSource.sort_name, "group": FoodSource.food_group, **AMOUNTS},
    default_sort=("name",),
    include=("nutrients", "food_sources", "claims", "faq", "sources"),
    example="spinach",
    list_doc="""Foods, groups of foods and the one source that is not a food, with the nutrients each provides.

Good sources of magnesium, richest first:
`/food-sources?nutrient=magnesium&sort=-per_100g` (sorting by an amount needs one `nutrient`). Every food:
`/nutrients/magnesium/food-sources`.""",
    detail_doc="""One food source, and how much it contains of each nutrient.""",
    where=_amounts_of_the_nutrient,
)

router = RESOURCE.router()
