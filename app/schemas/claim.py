"""Claims: one statement each, with a grade and with the sources for and against it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Card, Grade, RecordFile, Ref, RefTo, Text

SUBJECTS = ("nutrient", "symptom", "food_source", "lifestyle_factor")
"""Kinds that a claim may be about."""

Subject = Annotated[Ref, RefTo(*SUBJECTS)]


class Relation(StrEnum):
    """How the subject affects the object."""

    causes = "causes"
    contributes_to = "contributes-to"
    worsens = "worsens"
    relieves = "relieves"
    prevents = "prevents"
    lowers = "lowers"
    raises = "raises"
    needed_for = "needed-for"
    opposes = "opposes"
    provides = "provides"
    associated_with = "associated-with"
    may_indicate = "may-indicate"
    is_a = "is-a"


class SubjectState(StrEnum):
    """In which state the subject is said to act."""

    deficiency = "deficiency"
    excess = "excess"
    imbalance = "imbalance"
    adequate = "adequate"
    supplement = "supplement"
    exposure = "exposure"
    reduction = "reduction"


class ClaimFile(RecordFile):
    """A claim, as a contributor writes it. `name` states or asks it; `summary` is what the evidence shows."""

    subject: Subject = Field(description="What the statement is about.")
    state: SubjectState | None = Field(default=None, description="State of the subject; null for always.")
    co_subjects: list[Subject] = Field(default=[], description="Further subjects that the same statement covers.")
    relation: Relation
    object: Subject | None = Field(default=None, description="What it affects; null where `target` says it.")
    target: Text | None = Field(default=None, description="What it affects, where that is not a record.")
    population: Text | None = Field(
        default=None,
        description="Whom the evidence covers, where that is not everybody.",
        examples=["Older adults with night-time leg cramps"],
    )
    mechanism: Annotated[Ref | None, RefTo("mechanism")] = Field(
        default=None, description="The chain that would explain it, if one is on record."
    )
    interaction: Annotated[Ref | None, RefTo("interaction")] = Field(
        default=None, description="The interaction that it rests on, if one is on record."
    )


class Claim(ClaimFile, Ref):
    """One statement with its evidence grade: `name` states or asks it, `summary` what the evidence shows."""

    kind: Literal["claim"] = Field(default="claim", description="Kind.")

    @property
    def sources(self) -> list[Ref]:
        """The publications that it cites, each once."""
        return list({citation.source.slug: citation.source for citation in self.citations}.values())


class ClaimCard(Card):
    """A claim in a list."""

    kind: Literal["claim"] = Field(default="claim", description="Kind.")
    subject: Ref = Field(description="What the statement is about.")
    state: SubjectState | None = Field(description="State of the subject; null for always.")
    relation: Relation
    object: Ref | None = Field(description="What it affects; null where `target` says it.")
    target: Text | None = Field(description="What it affects, where that is not a record.")
    grade: Grade
    sources: list[Ref] = Field(min_length=1, description="The publications that it cites.")
