"""Mechanisms: ordered chains from a trigger to the symptoms it ends in."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Backlink, Card, Grade, Model, NutrientRef, RecordFile, Ref, RefTo, Statement, SymptomRef


class TriggerState(StrEnum):
    """State in which it starts; `exposure`: to a habit or medicine."""

    deficiency = "deficiency"
    excess = "excess"
    imbalance = "imbalance"
    exposure = "exposure"
    adequate = "adequate"


class Trigger(Model):
    """What starts the chain: a nutrient or lifestyle factor, and its state."""

    record: Annotated[Ref, RefTo("nutrient", "lifestyle_factor")]
    state: TriggerState


class MechanismFile(RecordFile):
    """A mechanism, as a contributor writes it."""

    trigger: Trigger
    steps: list[Statement] = Field(min_length=2, description="The chain in order: each step leads to the next.")
    symptoms: list[SymptomRef] = Field(description="What the chain ends in; empty for normal physiology.")
    involves: list[NutrientRef] = Field(default=[], description="Further nutrients that the chain runs through.")


class Mechanism(MechanismFile, Ref):
    """A chain of cause and effect, each step with its sources."""

    kind: Literal["mechanism"] = Field(default="mechanism", description="Kind.")
    claims: Annotated[list[Ref], Backlink("claim", "mechanism")] = Field(
        default=[], description="Claims that rest on this chain, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")


class MechanismCard(Card):
    """A mechanism in a list."""

    kind: Literal["mechanism"] = Field(default="mechanism", description="Kind.")
    trigger: Trigger
    symptoms: list[Ref] = Field(description="What the chain ends in; empty for normal physiology.")
    grade: Grade = Field(description="How well the evidence supports the chain as a whole.")
