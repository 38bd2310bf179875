"""Interactions: how one nutrient acts on another."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Backlink, Card, Grade, NutrientRef, RecordFile, Ref, Statement


class InteractionType(StrEnum):
    """`antagonist`: they oppose each other. `enables-absorption`: the first lets the body take up the second.
    `synergy`: together they do more than each alone. `depletes`: a lack or excess of the first lowers the second.
    `needed-for`: the second works only with the first. `balance`: they must be in proportion."""

    antagonist = "antagonist"
    enables_absorption = "enables-absorption"
    synergy = "synergy"
    depletes = "depletes"
    needed_for = "needed-for"
    balance = "balance"


class InteractionFile(RecordFile):
    """An interaction, as a contributor writes it."""

    type: InteractionType
    nutrients: list[NutrientRef] = Field(min_length=2, description="The nutrients; the one that acts comes first.")
    effects: list[Statement] = Field(min_length=1, description="What they do to each other.")


class Interaction(InteractionFile, Ref):
    """How nutrients act on one another."""

    kind: Literal["interaction"] = Field(default="interaction", description="Kind.")
    claims: Annotated[list[Ref], Backlink("claim", "interaction")] = Field(
        default=[], description="Claims that rest on it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")


class InteractionCard(Card):
    """An interaction in a list."""

    kind: Literal["interaction"] = Field(default="interaction", description="Kind.")
    type: InteractionType
    nutrients: list[Ref] = Field(min_length=2, description="The nutrients; the one that acts comes first.")
    grade: Grade = Field(description="How well the evidence supports the interaction.")
