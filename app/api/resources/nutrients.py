"""/nutrients: vitamins and minerals."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among, referred, same
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, Flag, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.nutrient import Nutrient, NutrientType

router = Router(prefix="/nutrients", tags=["Nutrients"])

SORT = {"name": models.Nutrient.sort_name, "type": models.Nutrient.type}


class NutrientQuery(ListQuery):
    """Filters, order and shape of the list of nutrients."""

    type: Annotated[tuple[str, ...], OneOf(NutrientType)] = Field(default=(), description="Vitamins or minerals.")
    electrolyte: Flag | None = Field(default=None, description="True: only electrolytes.")
    food_source: Annotated[tuple[str, ...], SlugOf("food_source")] = Field(
        default=(), description="Only nutrients that one of these sources provides."
    )
    lifestyle_factor: Annotated[tuple[str, ...], SlugOf("lifestyle_factor")] = Field(
        default=(), description="Only nutrients that one of these factors disturbs."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("name",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Nutrient)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf("mechanisms", "food_sources", "lifestyle_factors", "interactions", "intakes", "claims", "faq", "sources"),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class NutrientDetailQuery(DetailQuery):
    """Shape of one nutrient."""

    fields: Annotated[tuple[str, ...], fields_of(Nutrient)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf("mechanisms", "food_sources", "lifestyle_factors", "interactions", "intakes", "claims", "faq", "sources"),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class NutrientPage(Page[Nutrient]):
    """A page of the list of nutrients."""


class NutrientDetail(Envelope, Nutrient):
    """One nutrient, with what `include` asked for."""


@router.get("", response_model=NutrientPage | PartialPage, summary="List nutrients")
async def list_nutrients(query: Annotated[NutrientQuery, Query()], database: Database) -> Response:
    """Vitamins and minerals: what each does in muscle and nerve, and what too little and too much of it does.

    All minerals by name: `/nutrients?type=mineral`. What spinach provides: `/nutrients?food_source=spinach`.
    """
    return await page(
        database,
        "nutrient",
        query,
        [
            among(models.Nutrient.type, query.type),
            same(models.Nutrient.electrolyte, query.electrolyte),
            referred(models.Nutrient, "nutrients", query.food_source),
            referred(models.Nutrient, "disturbs", query.lifestyle_factor),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=NutrientDetail | PartialDetail, summary="Get one nutrient")
async def get_nutrient(
    slug: Annotated[str, Path(description="Slug of the nutrient.", examples=["magnesium"])],
    query: Annotated[NutrientDetailQuery, Query()],
    database: Database,
) -> Response:
    """One vitamin or mineral, with everything that refers to it.

    With its chains, sources, interactions and graded claims in full:
    `/nutrients/magnesium?include=mechanisms,food_sources,interactions,intakes,claims`.
    """
    return await detail(database, "nutrient", slug, query)
