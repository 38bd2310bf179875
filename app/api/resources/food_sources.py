"""/food-sources: foods, groups of foods, and sunlight."""

import json
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field
from sqlalchemy import and_
from sqlmodel import col

from app.api.conditions import Condition, among, refers, same
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.errors import InvalidParameters, ParameterError
from app.api.parameters import DetailQuery, Flag, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, page, read_detail
from app.api.routing import Router
from app.database import models
from app.schemas.food_source import FoodGroup, FoodSource
from app.schemas.quantity import MICROGRAMS, Unit

router = Router(prefix="/food-sources", tags=["Food sources"])

AMOUNTS = {
    "per_100g": models.Provision.per_100g,
    "per_serving": models.Provision.per_serving,
    "percent_daily_value": models.Provision.percent_daily_value,
}
SORT = {"name": models.FoodSource.sort_name, "group": models.FoodSource.food_group, **AMOUNTS}


class FoodSourceQuery(ListQuery):
    """Filters, order and shape of the list of food sources."""

    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only sources that provide one of these nutrients."
    )
    group: Annotated[tuple[str, ...], OneOf(FoodGroup)] = Field(default=(), description="Food group.")
    is_food: Flag | None = Field(default=None, description="False: only what is not a food, such as sunlight.")
    part_of: Annotated[tuple[str, ...], SlugOf("food_source")] = Field(
        default=(), description="Only sources that belong to one of these wider ones."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("name",),
        description="Order; `-` reverses a key. Ties are broken by name, then slug. The amounts need one `nutrient`, "
        "and sort by the greatest amount on record; sources without one come last.",
    )
    fields: Annotated[tuple[str, ...], fields_of(FoodSource)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "food_sources", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class FoodSourceDetailQuery(DetailQuery):
    """Shape of one food source."""

    sort: Annotated[tuple[str, ...], sort_keys("nutrient", *AMOUNTS)] = Field(
        default=("-percent_daily_value",),
        description="Order of `amounts`; `-` reverses a key. `per_100g` and `per_serving` sort by mass, whatever the "
        "unit. Ties are broken by nutrient.",
    )
    fields: Annotated[tuple[str, ...], fields_of(FoodSource)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "food_sources", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class FoodSourcePage(Page[FoodSource]):
    """A page of the list of food sources."""


class FoodSourceDetail(Envelope, FoodSource):
    """One food source, with what `include` asked for."""


@router.get("", response_model=FoodSourcePage | PartialPage, summary="List food sources")
async def list_food_sources(query: Annotated[FoodSourceQuery, Query()], database: Database) -> Response:
    """Foods, groups of foods and the one source that is no food, with the nutrients each provides.

    Foods that hold magnesium, richest first: `/food-sources?nutrient=magnesium&sort=-per_100g`.
    The same, one row for each food of the food database: `/nutrients/magnesium/food-sources`.
    The leafy greens: `/food-sources?part_of=leafy-greens`.
    """
    return await page(
        database,
        "food_source",
        query,
        [
            _provides(query),
            among(models.FoodSource.food_group, query.group),
            same(models.FoodSource.is_food, query.is_food),
            refers(models.FoodSource, ("part_of",), query.part_of),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=FoodSourceDetail | PartialDetail, summary="Get one food source")
def get_food_source(
    slug: Annotated[str, Path(description="Slug of the food source.", examples=["spinach"])],
    query: Annotated[FoodSourceDetailQuery, Query()],
    database: Database,
) -> Response:
    """One food source, with the nutrients it provides, where the article lists it, and how much it holds.

    Amounts are per 100 g of edible portion, per named serving and in percent of the FDA Daily Value.
    """
    return read_detail(database, "food_source", slug, query, lambda document: _sorted(document, query.sort))


def _provides(query: FoodSourceQuery) -> Condition | None:
    """The source provides one of the nutrients; joined to its amounts of the one nutrient to sort by."""
    keys = [key for key in query.sort if key.removeprefix("-") in AMOUNTS]
    if not keys:
        return refers(models.FoodSource, ("nutrients",), query.nutrient)
    if len(query.nutrient) != 1:
        message = f"Sorting by {keys[0].removeprefix('-')} needs exactly one nutrient, as in nutrient=magnesium."
        raise InvalidParameters([ParameterError(parameter="sort", location="query", message=message)])
    row = models.Provision
    joined = col(row.food_source) == col(models.FoodSource.slug)
    return Condition("joined", query.nutrient, lambda given: and_(joined, col(row.nutrient) == given[0]))


def _sorted(document: str, sort: tuple[str, ...]) -> str:
    """The document with its amounts in this order."""
    record = json.loads(document)
    if not record["amounts"]:
        return document
    amounts = sorted(record["amounts"], key=lambda amount: (amount["nutrient"]["slug"], amount["ndb_no"]))
    for key in reversed(sort):
        name = key.removeprefix("-")
        known = [amount for amount in amounts if _sort_value(amount, name) is not None]
        unknown = [amount for amount in amounts if _sort_value(amount, name) is None]
        known.sort(key=lambda amount: _sort_value(amount, name), reverse=key.startswith("-"))
        amounts = known + unknown
    record["amounts"] = amounts
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _sort_value(amount: dict[str, Any], key: str) -> Any:
    value = amount[key]
    if key == "nutrient":
        return value["name"]
    if isinstance(value, dict):
        return Decimal(str(value["value"])) * MICROGRAMS[Unit(value["unit"])]
    return value
