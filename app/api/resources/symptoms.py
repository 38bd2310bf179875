"""/symptoms: symptoms, signs and conditions."""

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import among, referred
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import DetailQuery, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.symptom import Symptom, SymptomType

router = Router(prefix="/symptoms", tags=["Symptoms"])

SORT = {"name": models.Symptom.sort_name, "type": models.Symptom.type}


class SymptomQuery(ListQuery):
    """Filters, order and shape of the list of symptoms."""

    type: Annotated[tuple[str, ...], OneOf(SymptomType)] = Field(
        default=(), description="Symptoms, signs or conditions."
    )
    lifestyle_factor: Annotated[tuple[str, ...], SlugOf("lifestyle_factor")] = Field(
        default=(), description="Only symptoms linked with one of these factors."
    )
    mechanism: Annotated[tuple[str, ...], SlugOf("mechanism")] = Field(
        default=(), description="Only symptoms in which one of these chains ends."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("name",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(Symptom)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("mechanisms", "lifestyle_factors", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class SymptomDetailQuery(DetailQuery):
    """Shape of one symptom."""

    fields: Annotated[tuple[str, ...], fields_of(Symptom)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("mechanisms", "lifestyle_factors", "claims", "faq", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class SymptomPage(Page[Symptom]):
    """A page of the list of symptoms."""


class SymptomDetail(Envelope, Symptom):
    """One symptom, with what `include` asked for."""


@router.get("", response_model=SymptomPage | PartialPage, summary="List symptoms")
async def list_symptoms(query: Annotated[SymptomQuery, Query()], database: Database) -> Response:
    """Symptoms, signs and conditions, with when to see a doctor."""
    return await page(
        database,
        "symptom",
        query,
        [
            among(models.Symptom.type, query.type),
            referred(models.Symptom, "symptoms", query.lifestyle_factor),
            referred(models.Symptom, "symptoms", query.mechanism),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=SymptomDetail | PartialDetail, summary="Get one symptom")
async def get_symptom(
    slug: Annotated[str, Path(description="Slug of the symptom.", examples=["fasciculation"])],
    query: Annotated[SymptomDetailQuery, Query()],
    database: Database,
) -> Response:
    """One symptom, sign or condition, with what bears on it, best supported first.

    What bears on twitching, with the chains and the red flags: `/symptoms/fasciculation?include=claims,mechanisms`.
    """
    return await detail(database, "symptom", slug, query)
