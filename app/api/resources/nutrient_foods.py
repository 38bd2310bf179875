"""/nutrients/{slug}/food-sources: how much of a nutrient foods hold."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import ConfigDict, Field

from app.api.conditions import among
from app.api.envelopes import Page
from app.api.exports import ListFormat
from app.api.parameters import Flag, OneOf, PageQuery, fields_of, sort_keys
from app.api.reading import Database, Listing, elsewhere, read_page
from app.api.routing import Router
from app.database import models
from app.schemas.common import Model, Ref
from app.schemas.food_source import FoodAmount, FoodGroup

router = Router(prefix="/nutrients", tags=["Nutrients"])

ALWAYS = ("food_source", "ndb_no")

SORT = {
    "percent_daily_value": models.Amount.percent_daily_value,
    "per_serving": models.Amount.per_serving,
    "per_100g": models.Amount.per_100g,
    "name": models.Amount.sort_name,
    "group": models.Amount.food_group,
}


class NutrientFoodQuery(PageQuery):
    """Filters, order and shape of the list of a nutrient's amounts in foods."""

    format: ListFormat = Field(
        default="json", description="JSON in pages; or the whole filtered list as CSV or NDJSON, as in other lists."
    )

    group: Annotated[tuple[str, ...], OneOf(FoodGroup)] = Field(default=(), description="Food group.")
    from_article: Flag | None = Field(
        default=None, description="True: only foods that the article on muscle twitching names; false: only the others."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("-percent_daily_value",), description="Order; `-` reverses a key. Ties are broken by name."
    )
    fields: Annotated[tuple[str, ...], fields_of(FoodAmount)] = Field(
        default=(), description="Show only these keys of each item (and always `food_source` and `ndb_no`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "food_sources", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class FoodAmountPage(Page[FoodAmount]):
    """A page of the list of a nutrient's amounts in foods."""


class PartialFoodAmount(Model):
    """An amount cut down by `fields`: the food, and the keys that were asked for."""

    model_config = ConfigDict(extra="allow")

    food_source: Ref = Field(description="The food source.")
    ndb_no: str = Field(description="NDB number of the food in the food database.", examples=["11458"])


class PartialFoodAmountPage(Page[PartialFoodAmount]):
    """A page of amounts cut down by `fields`."""


@router.get(
    "/{slug}/food-sources",
    response_model=FoodAmountPage | PartialFoodAmountPage,
    summary="List how much foods hold of a nutrient",
)
def list_nutrient_food_sources(
    slug: Annotated[str, Path(description="Slug of the nutrient.", examples=["magnesium"])],
    query: Annotated[NutrientFoodQuery, Query()],
    database: Database,
) -> Response:
    """Foods that hold the nutrient, richest first: per 100 g, per named serving and in percent of the Daily Value.

    One item for each food of the food database, so raw and boiled spinach are two. Sources without an amount on
    record, such as sunlight, are in `/food-sources?nutrient=vitamin-d`.
    Most calcium per serving: `/nutrients/calcium/food-sources?sort=-per_serving`.
    """
    below = "/food-sources"
    return read_page(
        database,
        "nutrient",
        query,
        [among(models.Amount.nutrient, [slug]), among(models.Amount.food_group, query.group)],
        SORT,
        listing=Listing(f"/nutrients/{slug}{below}", f"food-sources-of-{slug}", models.Amount, FoodAmount, ALWAYS),
        check=lambda connection: elsewhere(connection, "nutrient", slug, query, below),
    )
