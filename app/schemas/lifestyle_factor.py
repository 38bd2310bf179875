"""Lifestyle factors: habits, states and medicines that affect twitching or disturb nutrients."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import (
    Backlink,
    Card,
    Grade,
    Graded,
    LifestyleFactorRef,
    Model,
    NutrientRef,
    RedFlags,
    Ref,
    Statement,
    SymptomRef,
    Text,
)
from app.schemas.identifier import IdentifiedFile


class LifestyleFactorType(StrEnum):
    """A habit is done, a state is suffered, a medicine is taken."""

    habit = "habit"
    state = "state"
    medicine = "medicine"


class Disturbance(StrEnum):
    """What a factor does to a nutrient; `impairs-absorption`: less of it is absorbed."""

    lowers = "lowers"
    raises = "raises"
    unbalances = "unbalances"
    impairs_absorption = "impairs-absorption"


def effect_field(effect: str) -> str:
    """The field of the links from a factor to the nutrients on which it has this effect."""
    return f"disturbs:{effect}"


class Disturbs(Graded):
    """A nutrient that a factor disturbs."""

    nutrient: NutrientRef
    effect: Disturbance
    text: Text = Field(description="How, and how often.")


class LifestyleFactorFile(IdentifiedFile):
    """A lifestyle factor, as a contributor writes it."""

    type: LifestyleFactorType
    part_of: LifestyleFactorRef | None = Field(default=None, description="The wider factor it belongs to, if any.")
    examples: list[Text] = Field(default=[], description="Examples by common name: drugs, drinks.")
    effects: list[Statement] = Field(min_length=1, description="What it does to muscle and nerve.")
    advice: list[Statement] = Field(default=[], description="What sources say helps; general, never personal.")
    red_flags: RedFlags = Field(default=[], description="Signs that call for medical help, most urgent first.")
    disturbs: list[Disturbs] = Field(default=[], description="Nutrients that it disturbs.")
    symptoms: list[SymptomRef] = Field(default=[], description="Symptoms that it is linked with.")


class LifestyleFactor(LifestyleFactorFile, Ref):
    """A habit, state or medicine, with everything that refers to it."""

    kind: Literal["lifestyle_factor"] = Field(default="lifestyle_factor", description="Kind.")
    members: Annotated[list[Ref], Backlink("lifestyle_factor", "part_of")] = Field(
        default=[], description="The narrower factors that belong to it, as diuretics to medications."
    )
    mechanisms: Annotated[list[Ref], Backlink("mechanism", "trigger")] = Field(
        default=[], description="Chains that start with it."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")


class DisturbedNutrient(Model):
    """A nutrient that a factor disturbs, in short."""

    nutrient: Ref
    effect: Disturbance
    grade: Grade


class LifestyleFactorCard(Card):
    """A lifestyle factor in a list."""

    kind: Literal["lifestyle_factor"] = Field(default="lifestyle_factor", description="Kind.")
    type: LifestyleFactorType
    part_of: Ref | None = Field(description="The wider factor it belongs to, if any.")
    examples: list[Text] = Field(description="Examples by common name: drugs, drinks.")
    disturbs: list[DisturbedNutrient] = Field(description="Nutrients that it disturbs.")
