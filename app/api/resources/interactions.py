"""/interactions: how nutrients act on one another."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among, among_grades, refers
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.common import Grade
from app.schemas.interaction import Interaction, InteractionType

router = Router(prefix="/interactions", tags=["Interactions"])

SORT = {"name": models.Interaction.sort_name, "type": models.Interaction.type, "grade": models.Interaction.grade_rank}


class InteractionQuery(ListQuery):
    """Filters, order and shape of the list of interactions."""

    type: Annotated[tuple[str, ...], OneOf(InteractionType)] = Field(default=(), description="Kind of interaction.")
    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only interactions of one of these nutrients."
    )
    grade: Annotated[tuple[str, ...], OneOf(Grade)] = Field(default=(), description="Evidence grade.")
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("grade",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Interaction)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class InteractionDetailQuery(DetailQuery):
    """Shape of one interaction."""

    fields: Annotated[tuple[str, ...], fields_of(Interaction)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class InteractionPage(Page[Interaction]):
    """A page of the list of interactions."""


class InteractionDetail(Envelope, Interaction):
    """One interaction, with what `include` asked for."""


@router.get("", response_model=InteractionPage | PartialPage, summary="List interactions")
async def list_interactions(query: Annotated[InteractionQuery, Query()], database: Database) -> Response:
    """How nutrients oppose, enable or need one another, best supported first."""
    return await page(
        database,
        "interaction",
        query,
        [
            among(models.Interaction.type, query.type),
            refers(models.Interaction, ("nutrients",), query.nutrient),
            among_grades(models.Interaction.grade_rank, query.grade),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=InteractionDetail | PartialDetail, summary="Get one interaction")
async def get_interaction(
    slug: Annotated[str, Path(description="Slug of the interaction.", examples=["magnesium-and-calcium"])],
    query: Annotated[InteractionDetailQuery, Query()],
    database: Database,
) -> Response:
    """One interaction between nutrients, with what they do to each other."""
    return await detail(database, "interaction", slug, query)
