"""/food-sources: foods, groups of foods, and sunlight."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app import models
from app.kinds.food_source import FoodGroup, FoodSource
from app.parameters import Flag, OneOf, SlugOf, fields_of, sort_keys
from app.reading import (
    Database,
    DetailQuery,
    Envelope,
    ListQuery,
    Page,
    PartialDetail,
    PartialPage,
    among,
    detail,
    page,
    refers,
    same,
)

router = APIRouter(prefix="/food-sources", tags=["Food sources"])

SORT = {"name": models.FoodSource.sort_name, "group": models.FoodSource.food_group}


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
        default=("name",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(FoodSource)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "food_sources", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class FoodSourceDetailQuery(DetailQuery):
    """Shape of one food source."""

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

    Foods that hold magnesium: `/food-sources?nutrient=magnesium`.
    The leafy greens: `/food-sources?part_of=leafy-greens`.
    """
    return await page(
        database,
        "food_source",
        query,
        [
            refers(models.FoodSource, ("nutrients",), query.nutrient),
            among(models.FoodSource.food_group, query.group),
            same(models.FoodSource.is_food, query.is_food),
            refers(models.FoodSource, ("part_of",), query.part_of),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=FoodSourceDetail | PartialDetail, summary="Get one food source")
async def get_food_source(
    slug: Annotated[str, Path(description="Slug of the food source.", examples=["spinach"])],
    query: Annotated[FoodSourceDetailQuery, Query()],
    database: Database,
) -> Response:
    """One food source, with the nutrients it provides and where the article lists it."""
    return await detail(database, "food_source", slug, query)
