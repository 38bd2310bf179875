"""/faq: questions people ask, with short answers."""

from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from app.api.conditions import refers
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.parameters import AnyListQuery, DetailQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.reading import Database, detail, page
from app.api.routing import Router
from app.database import models
from app.schemas.faq_entry import FaqEntry

router = Router(prefix="/faq", tags=["FAQ"])

FaqFormat = Literal["json", "csv", "ndjson", "jsonld"]

SORT = {"position": models.FaqEntry.position, "name": models.FaqEntry.sort_name}


class FaqEntryQuery(AnyListQuery):
    """Filters, order and shape of the list of FAQ entries."""

    format: FaqFormat = Field(
        default="json",
        description="JSON in pages; or the whole filtered list as CSV, NDJSON or, for search engines, a schema.org "
        "`FAQPage` in JSON-LD. `Accept` can ask for the same.",
    )
    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only questions about one of these nutrients."
    )
    symptom: Annotated[tuple[str, ...], SlugOf("symptom")] = Field(
        default=(), description="Only questions about one of these symptoms."
    )
    lifestyle_factor: Annotated[tuple[str, ...], SlugOf("lifestyle_factor")] = Field(
        default=(), description="Only questions about one of these factors."
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("position",), description="Order; `-` reverses a key. Ties are broken by name, then slug."
    )
    fields: Annotated[tuple[str, ...], fields_of(FaqEntry)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf(
            "nutrients",
            "symptoms",
            "mechanisms",
            "food_sources",
            "lifestyle_factors",
            "interactions",
            "claims",
            "sources",
        ),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class FaqEntryDetailQuery(DetailQuery):
    """Shape of one FAQ entry."""

    format: Literal["json", "jsonld"] = Field(
        default="json", description="JSON, or a schema.org `FAQPage` in JSON-LD. `Accept` can ask for the same."
    )

    fields: Annotated[tuple[str, ...], fields_of(FaqEntry)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[
        tuple[str, ...],
        OneOf(
            "nutrients",
            "symptoms",
            "mechanisms",
            "food_sources",
            "lifestyle_factors",
            "interactions",
            "claims",
            "sources",
        ),
    ] = Field(default=(), description="Add these collections' related records in full, under `included`.")


class FaqEntryPage(Page[FaqEntry]):
    """A page of the list of FAQ entries."""


class FaqEntryDetail(Envelope, FaqEntry):
    """One FAQ entry, with what `include` asked for."""


@router.get("", response_model=FaqEntryPage | PartialPage, summary="List FAQ entries")
async def list_faq(query: Annotated[FaqEntryQuery, Query()], database: Database) -> Response:
    """Frequently asked questions in their order, each with a short answer, the facts behind it and warnings.

    The questions about one nutrient: `/faq?nutrient=magnesium`.
    """
    return await page(
        database,
        "faq_entry",
        query,
        [
            refers(models.FaqEntry, ("related",), query.nutrient),
            refers(models.FaqEntry, ("related",), query.symptom),
            refers(models.FaqEntry, ("related",), query.lifestyle_factor),
        ],
        SORT,
    )


@router.get("/{slug}", response_model=FaqEntryDetail | PartialDetail, summary="Get one FAQ entry")
async def get_faq_entry(
    slug: Annotated[str, Path(description="Slug of the FAQ entry.", examples=["when-to-see-a-doctor"])],
    query: Annotated[FaqEntryDetailQuery, Query()],
    database: Database,
) -> Response:
    """One question with its answer, the graded facts behind it, and what must be seen beside it."""
    return await detail(database, "faq_entry", slug, query)
