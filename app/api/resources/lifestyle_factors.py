"""/lifestyle-factors: habits, states and medicines."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among, refers
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.lifestyle_factor import LifestyleFactor, LifestyleFactorType

router = Router(prefix="/lifestyle-factors", tags=["Lifestyle factors"])

SORT = {"name": models.LifestyleFactor.sort_name, "type": models.LifestyleFactor.type}


class LifestyleFactorQuery(ListQuery):
    """Filters, order and shape of the list of lifestyle factors."""

    type: Annotated[tuple[str, ...], OneOf(LifestyleFactorType)] = Field(
        default=(), description="Habits, states or medicines."
    )
    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only factors that disturb one of these nutrients."
    )
    symptom: Annotated[tuple[str, ...], SlugOf("symptom")] = Field(
        default=(), description="Only factors linked with one of these symptoms."
    )
    part_of: Annotated[tuple[str, ...], SlugOf("lifestyle_factor")] = Field(
        default=(), description="Only factors that belong to one of these wider ones."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("name",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(LifestyleFactor)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...], OneOf("nutrients", "symptoms", "mechanisms", "lifestyle_factors", "claims", "faq", "sources")
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class LifestyleFactorDetailQuery(DetailQuery):
    """Shape of one lifestyle factor."""

    fields: Annotated[tuple[str, ...], fields_of(LifestyleFactor)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...], OneOf("nutrients", "symptoms", "mechanisms", "lifestyle_factors", "claims", "faq", "sources")
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class LifestyleFactorPage(Page[LifestyleFactor]):
    """A page of the list of lifestyle factors."""


class LifestyleFactorDetail(Envelope, LifestyleFactor):
    """One lifestyle factor, with what `include` asked for."""


@router.get("", response_model=LifestyleFactorPage | PartialPage, summary="List lifestyle factors")
async def list_lifestyle_factors(query: Annotated[LifestyleFactorQuery, Query()], database: Database) -> Response:
    """Habits, states and medicines that bear on twitching, with the nutrients each disturbs.

    What disturbs which nutrient: the `disturbs` key of each item.
    What lowers magnesium: `/lifestyle-factors?nutrient=magnesium`.
    """
    return await page(
        database,
        "lifestyle_factor",
        query,
        [
            among(models.LifestyleFactor.type, query.type),
            refers(models.LifestyleFactor, ("disturbs",), query.nutrient),
            refers(models.LifestyleFactor, ("symptoms",), query.symptom),
            refers(models.LifestyleFactor, ("part_of",), query.part_of),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=LifestyleFactorDetail | PartialDetail, summary="Get one lifestyle factor")
async def get_lifestyle_factor(
    slug: Annotated[str, Path(description="Slug of the lifestyle factor.", examples=["caffeine"])],
    query: Annotated[LifestyleFactorDetailQuery, Query()],
    database: Database,
) -> Response:
    """One habit, state or medicine: its effects, what sources say helps, and the nutrients it disturbs."""
    return await detail(database, "lifestyle_factor", slug, query)
