"""/mechanisms: chains of cause and effect."""

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
from app.schemas.mechanism import Mechanism, TriggerState

router = Router(prefix="/mechanisms", tags=["Mechanisms"])

SORT = {"name": models.Mechanism.sort_name, "grade": models.Mechanism.grade_rank}


class MechanismQuery(ListQuery):
    """Filters, order and shape of the list of mechanisms."""

    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only chains that start with or run through one of these nutrients."
    )
    lifestyle_factor: Annotated[tuple[str, ...], SlugOf("lifestyle_factor")] = Field(
        default=(), description="Only chains that one of these factors starts."
    )
    symptom: Annotated[tuple[str, ...], SlugOf("symptom")] = Field(
        default=(), description="Only chains that end in one of these symptoms."
    )
    state: Annotated[tuple[str, ...], OneOf(TriggerState)] = Field(default=(), description="State of the trigger.")
    grade: Annotated[tuple[str, ...], OneOf(Grade)] = Field(default=(), description="Evidence grade.")
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("grade",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Mechanism)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...], OneOf("nutrients", "lifestyle_factors", "symptoms", "claims", "faq", "sources")
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class MechanismDetailQuery(DetailQuery):
    """Shape of one mechanism."""

    fields: Annotated[tuple[str, ...], fields_of(Mechanism)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...], OneOf("nutrients", "lifestyle_factors", "symptoms", "claims", "faq", "sources")
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class MechanismPage(Page[Mechanism]):
    """A page of the list of mechanisms."""


class MechanismDetail(Envelope, Mechanism):
    """One mechanism, with what `include` asked for."""


@router.get("", response_model=MechanismPage | PartialPage, summary="List mechanisms")
async def list_mechanisms(query: Annotated[MechanismQuery, Query()], database: Database) -> Response:
    """Chains of cause and effect as ordered steps, from a trigger to the symptoms it ends in, best supported first.

    What too little magnesium does, step by step: `/mechanisms?nutrient=magnesium&state=deficiency`.
    """
    return await page(
        database,
        "mechanism",
        query,
        [
            refers(models.Mechanism, ("trigger", "involves"), query.nutrient),
            refers(models.Mechanism, ("trigger",), query.lifestyle_factor),
            refers(models.Mechanism, ("symptoms",), query.symptom),
            among(models.Mechanism.trigger_state, query.state),
            among_grades(models.Mechanism.grade_rank, query.grade),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=MechanismDetail | PartialDetail, summary="Get one mechanism")
async def get_mechanism(
    slug: Annotated[str, Path(description="Slug of the mechanism.", examples=["low-vitamin-d-low-blood-calcium"])],
    query: Annotated[MechanismDetailQuery, Query()],
    database: Database,
) -> Response:
    """One chain of cause and effect, each step with its sources."""
    return await detail(database, "mechanism", slug, query)
