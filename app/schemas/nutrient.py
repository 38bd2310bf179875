"""Nutrients: vitamins and minerals, with what they do and what too little or too much does."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.common import (
    Backlink,
    Card,
    Citations,
    FoodSourceRef,
    Graded,
    Model,
    RedFlags,
    Ref,
    Statement,
    Text,
    UrlPath,
)
from app.schemas.identifier import IdentifiedFile, Identifier
from app.schemas.quantity import Number, Percent, Quantity, Unit


class NutrientType(StrEnum):
    """Vitamins are organic compounds, minerals are elements."""

    vitamin = "vitamin"
    mineral = "mineral"


class ComparisonCells(Graded):
    """A nutrient's row in the comparison table."""

    position: StrictInt = Field(ge=1, description="Place of the row in the table, from 1.")
    function: Text = Field(description="Main function in muscle health.")
    connection: Text = Field(description="How it is linked to twitching.")
    dietary_sources: list[FoodSourceRef] = Field(min_length=1, description="Main sources, in the table's order.")


class Deficiency(Model):
    """What too little of a nutrient does, how it comes about and who is at risk."""

    signs: list[Statement] = Field(default=[], description="Signs and symptoms.")
    causes: list[Statement] = Field(default=[], description="How it comes about.")
    at_risk: list[Statement] = Field(default=[], description="Who is at risk.")


class Comparator(StrEnum):
    """How a measured value compares with the cut-off; `range` is from `value` to `upper`."""

    below = "<"
    at_most = "<="
    above = ">"
    at_least = ">="
    range = "range"


class Assessment(Model):
    """A cut-off of a blood test, with the authority that set it and what the test cannot tell."""

    analyte: Text = Field(description="What is measured.", examples=["Blood magnesium"])
    specimen: Text = Field(description="In what it is measured.", examples=["serum"])
    comparator: Comparator
    value: Number = Field(description="The cut-off.", examples=[0.7])
    upper: Number | None = Field(default=None, description="The upper end of a range; else null.")
    unit: Text = Field(description="Unit, as a UCUM code.", examples=["mmol/L"])
    meaning: Text = Field(description="What such a value means.", examples=["deficient"])
    authority: Text = Field(description="Who set the cut-off.")
    limits: Text | None = Field(default=None, description="What the test cannot tell.")
    same_as: list[Identifier] = Field(default=[], description="Its codes in other vocabularies.")
    citations: Citations

    @model_validator(mode="after")
    def _upper_end_of_a_range_only(self) -> "Assessment":
        if (self.upper is not None) != (self.comparator is Comparator.range):
            raise PydanticCustomError("upper_end", 'upper belongs to comparator "range"; write both, or neither')
        return self


class SupplementForm(Statement):
    """A form of a nutrient in supplements."""

    name: Text = Field(description="Name.")
    elemental_percent: Percent | None = Field(
        default=None,
        description="The element's share of the mass in percent, by its formula; else null.",
        examples=[60],
    )


Symbol = Annotated[Text, Field(pattern="^[A-Z][a-z]?$")]


class NutrientFile(IdentifiedFile):
    """A nutrient, as a contributor writes it."""

    type: NutrientType
    symbol: Symbol | None = Field(default=None, description="Chemical symbol of a mineral.", examples=["Mg"])
    electrolyte: StrictBool = Field(description="Whether it carries charge in body fluids.")
    roles: list[Statement] = Field(min_length=1, description="What it does in muscle and nerve.")
    deficiency: Deficiency
    excess: list[Statement] = Field(min_length=1, description="What too much of it does.")
    forms: list[SupplementForm] = Field(default=[], description="Its forms in supplements.")
    red_flags: RedFlags = Field(default=[], description="Signs that call for medical help, most urgent first.")
    assessment: list[Assessment] = Field(default=[], description="Cut-offs of blood tests.")
    comparison: ComparisonCells | None = Field(
        default=None, description="Its row of the comparison table; null for nutrients that the table leaves out."
    )


class Nutrient(NutrientFile, Ref):
    """A vitamin or mineral, with everything that refers to it."""

    kind: Literal["nutrient"] = Field(default="nutrient", description="Kind.")
    unit: Unit | None = Field(description="Unit in which its amounts are given.")
    daily_value: Quantity | None = Field(description="FDA Daily Value for adults, if any.")
    intakes_url: UrlPath = Field(
        description="Path of its reference intakes by authority and life stage.",
        examples=["/intakes?nutrient=magnesium"],
    )
    symptoms: list[Ref] = Field(description="What chains that start with it end in.")
    mechanisms: Annotated[list[Ref], Backlink("mechanism", "trigger", "involves")] = Field(
        default=[], description="Chains that start with it or run through it."
    )
    food_sources: Annotated[list[Ref], Backlink("food_source", "nutrients")] = Field(
        default=[], description="What it is found in."
    )
    lifestyle_factors: Annotated[list[Ref], Backlink("lifestyle_factor", "disturbs")] = Field(
        default=[], description="Habits and medicines that disturb it."
    )
    interactions: Annotated[list[Ref], Backlink("interaction", "nutrients")] = Field(
        default=[], description="How it acts on other nutrients, or they on it."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")


class NutrientCard(Card):
    """A nutrient in a list."""

    kind: Literal["nutrient"] = Field(default="nutrient", description="Kind.")
    type: NutrientType
    symbol: Symbol | None = Field(description="Chemical symbol of a mineral.", examples=["Mg"])
    electrolyte: bool = Field(description="Whether it carries charge in body fluids.")
    unit: Unit | None = Field(description="Unit in which its amounts are given.")
    daily_value: Quantity | None = Field(description="FDA Daily Value for adults, if any.")
