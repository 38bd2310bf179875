"""Symptoms, signs and conditions: what a shortage, an excess or a habit may end in."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Backlink, Card, RedFlags, Ref, Statement
from app.schemas.identifier import IdentifiedFile


class SymptomType(StrEnum):
    """A symptom is felt, a sign is seen or measured, a condition is a diagnosis or a measured state."""

    symptom = "symptom"
    sign = "sign"
    condition = "condition"


class SymptomFile(IdentifiedFile):
    """A symptom, as a contributor writes it."""

    type: SymptomType
    facts: list[Statement] = Field(default=[], description="What it is, how common, how it comes about.")
    red_flags: RedFlags = Field(default=[], description="Signs that call for medical help, most urgent first.")
    self_care: list[Statement] = Field(default=[], description="What may ease or prevent it.")


class Symptom(SymptomFile, Ref):
    """A symptom, sign or condition, with everything that refers to it."""

    kind: Literal["symptom"] = Field(default="symptom", description="Kind.")
    mechanisms: Annotated[list[Ref], Backlink("mechanism", "symptoms")] = Field(
        default=[], description="Chains that end in it, best supported first."
    )
    lifestyle_factors: Annotated[list[Ref], Backlink("lifestyle_factor", "symptoms")] = Field(
        default=[], description="Habits, states and medicines linked with it."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")


class SymptomCard(Card):
    """A symptom, sign or condition in a list."""

    kind: Literal["symptom"] = Field(default="symptom", description="Kind.")
    type: SymptomType
