"""/claims: single statements with an evidence grade."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among, among_grades, refers
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.claim import Claim, Relation, SubjectState
from app.schemas.common import Grade

router = Router(prefix="/claims", tags=["Claims"])

SORT = {"name": models.Claim.sort_name, "grade": models.Claim.grade_rank, "relation": models.Claim.relation}


class ClaimQuery(ListQuery):
    """Filters, order and shape of the list of claims."""

    about: Annotated[tuple[str, ...], SlugOf("nutrient", "symptom", "food_source", "lifestyle_factor")] = Field(
        default=(), description="Only claims in which one of these records is subject or object."
    )
    subject: Annotated[tuple[str, ...], SlugOf("nutrient", "symptom", "food_source", "lifestyle_factor")] = Field(
        default=(), description="Only claims about what one of these records does."
    )
    object: Annotated[tuple[str, ...], SlugOf("nutrient", "symptom", "food_source", "lifestyle_factor")] = Field(
        default=(), description="Only claims about what is done to one of these records."
    )
    relation: Annotated[tuple[str, ...], OneOf(Relation)] = Field(
        default=(), description="How the subject bears on the object."
    )
    state: Annotated[tuple[str, ...], OneOf(SubjectState)] = Field(default=(), description="State of the subject.")
    grade: Annotated[tuple[str, ...], OneOf(Grade)] = Field(default=(), description="Evidence grade.")
    source: Annotated[tuple[str, ...], SlugOf("source")] = Field(
        default=(), description="Only claims that cite one of these sources."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("grade",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Claim)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf("nutrients", "symptoms", "food_sources", "lifestyle_factors", "mechanisms", "interactions", "sources"),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class ClaimDetailQuery(DetailQuery):
    """Shape of one claim."""

    fields: Annotated[tuple[str, ...], fields_of(Claim)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf("nutrients", "symptoms", "food_sources", "lifestyle_factors", "mechanisms", "interactions", "sources"),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class ClaimPage(Page[Claim]):
    """A page of the list of claims."""


class ClaimDetail(Envelope, Claim):
    """One claim, with what `include` asked for."""


@router.get("", response_model=ClaimPage | PartialPage, summary="List claims")
async def list_claims(query: Annotated[ClaimQuery, Query()], database: Database) -> Response:
    """Single statements, each with an evidence grade and the sources for and against it, best supported first.

    What is claimed about caffeine: `/claims?about=caffeine`.
    What the evidence contradicts: `/claims?grade=contradicted`.
    """
    return await page(
        database,
        "claim",
        query,
        [
            refers(models.Claim, ("subject", "co_subjects", "object"), query.about),
            refers(models.Claim, ("subject", "co_subjects"), query.subject),
            refers(models.Claim, ("object",), query.object),
            among(models.Claim.relation, query.relation),
            among(models.Claim.state, query.state),
            among_grades(models.Claim.grade_rank, query.grade),
            refers(models.Claim, ("citations",), query.source),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=ClaimDetail | PartialDetail, summary="Get one claim")
async def get_claim(
    slug: Annotated[str, Path(description="Slug of the claim.", examples=["low-magnesium-causes-twitching"])],
    query: Annotated[ClaimDetailQuery, Query()],
    database: Database,
) -> Response:
    """One statement, its grade, and the citations that support, qualify or refute it: why believe it.

    With the publications in full: `?include=sources`.
    """
    return await detail(database, "claim", slug, query)
