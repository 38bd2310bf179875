"""What records and lists come in: pages, related records in full, the disclaimer."""

from typing import Generic, TypeVar

from pydantic import ConfigDict, Field

from app.schemas import (
    Claim,
    FaqEntry,
    FoodSource,
    Intake,
    Interaction,
    LifestyleFactor,
    Mechanism,
    Nutrient,
    Source,
    Symptom,
)
from app.schemas.common import Model

T = TypeVar("T")


class Included(Model):
    """Related records in full, by collection; a collection is there when `include` asks for it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    nutrients: list[Nutrient] = Field(default=[], description="Vitamins and minerals.")
    mechanisms: list[Mechanism] = Field(default=[], description="Chains of cause and effect.")
    food_sources: list[FoodSource] = Field(default=[], description="Food sources.")
    lifestyle_factors: list[LifestyleFactor] = Field(default=[], description="Habits, states and medicines.")
    faq: list[FaqEntry] = Field(default=[], description="Questions and answers.")
    symptoms: list[Symptom] = Field(default=[], description="Symptoms, signs and conditions.")
    interactions: list[Interaction] = Field(default=[], description="Interactions between nutrients.")
    intakes: list[Intake] = Field(default=[], description="Reference intakes.")
    claims: list[Claim] = Field(default=[], description="Graded statements.")
    sources: list[Source] = Field(default=[], description="Publications.")


class Envelope(Model):
    """What comes with every record and every list."""

    included: Included = Field(description="Related records in full, as `include` asked for; else empty.")
    disclaimer: str = Field(description="What this information is and is not.")


class PageBase(Model):
    """Where a page stands in its list."""

    total: int = Field(ge=0, description="How many items the filters select.")
    limit: int = Field(ge=1, le=100, description="How many items a page holds at most.")
    offset: int = Field(ge=0, description="How many items come before this page.")
    next: str | None = Field(description="Path of the next page; null on the last.")
    previous: str | None = Field(description="Path of the page before; null on the first.")


class Items(Model, Generic[T]):
    """The items of a page."""

    items: list[T] = Field(description="The items of this page.")


class Page(Envelope, PageBase, Items[T], Generic[T]):
    """One page of a list."""


class PartialRecord(Model):
    """A record cut down by `fields`: `slug` and `url`, and the keys that were asked for."""

    model_config = ConfigDict(extra="allow")

    slug: str = Field(description="Permanent identifier of the record.")
    url: str = Field(description="Path of the record in this API.")


class PartialPage(Page[PartialRecord]):
    """A page of records cut down by `fields`."""


class PartialDetail(Envelope, PartialRecord):
    """A record cut down by `fields`."""

    model_config = ConfigDict(extra="allow")
