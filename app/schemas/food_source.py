"""Food sources: foods, groups of foods, and the one source that is not a food."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.schemas.common import Backlink, Card, Citations, FoodSourceRef, Model, NutrientRef, Ref, Slug, SourceRef, Text
from app.schemas.identifier import IdentifiedFile
from app.schemas.quantity import Mass, Number, Quantity, Unit


class FoodGroup(StrEnum):
    """Food group, as dietary guidelines use them."""

    leafy_greens = "leafy-greens"
    vegetables = "vegetables"
    fruit = "fruit"
    nuts_and_seeds = "nuts-and-seeds"
    legumes = "legumes"
    grains = "grains"
    fish = "fish"
    meat = "meat"
    eggs = "eggs"
    dairy = "dairy"
    fortified_foods = "fortified-foods"
    other = "other"
    not_a_food = "not-a-food"


class Listing(StrEnum):
    """Where the article lists a source."""

    food_list = "food-list"
    comparison_table = "comparison-table"


class Standing(StrEnum):
    """How much of a nutrient a food has in its reference amount, by the FDA's rule (docs/foods.md).

    `high`: 20% of the Daily Value or more. `good`: 10% or more. `some`: more than 5%. `low`: 5% or less. `poor`: little
    of it is absorbed. `unrated`: no amount on record, or no Daily Value. For sodium the words say how much, not that
    it is good.
    """

    high = "high"
    good = "good"
    some = "some"
    low = "low"
    poor = "poor"
    unrated = "unrated"


class Provision(Model):
    """A nutrient that a source provides."""

    nutrient: NutrientRef
    listed_in: list[Listing] = Field(
        default=[], max_length=2, description="Where the article lists it; empty where it does not."
    )
    standing: Standing = Field(
        default=Standing.unrated,
        description="How good a source of the nutrient it is. Computed where there are amounts: the best of them.",
    )
    remark: Text | None = Field(default=None, description="What to know about this pair.")
    citations: Citations = Field(default=[])


class AmountStatus(StrEnum):
    """Whether the food database has a value; `not-measured` is not zero."""

    measured = "measured"
    not_measured = "not-measured"


NOT_MEASURED = "not measured"
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) (g|mg|ug)", re.ASCII)


def _amount(value: object) -> object:
    if value is None or value == NOT_MEASURED:
        return None
    if not (isinstance(value, str) and (found := _AMOUNT.fullmatch(value))):
        raise PydanticCustomError("amount", 'is not an amount; write it as "87 mg", or "not measured"')
    return Mass(value=Decimal(found[1]), unit=Unit(found[2]))


MeasuredAmount = Annotated[
    Mass | None,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": rf"^({_AMOUNT.pattern}|{NOT_MEASURED})$"}, mode="validation"),
]
"""An amount as a contributor writes it: `"87 mg"`, or `"not measured"`."""


Ndb = Annotated[str, Field(pattern=r"^[0-9]{5}$")]


class MeasuredFood(Model):
    """A food of a food database that is this source, with what it contains."""

    ndb_no: Ndb = Field(description="NDB number of the food.")
    description: Text = Field(description="The database's description of the food.")
    source: SourceRef = Field(description="The food database.")
    brand: Text | None = Field(default=None, description="The brand, where the food is a product of one.")
    serving: Text = Field(description="The serving in household measures.")
    serving_g: Number = Field(gt=0, description="Grams in the serving.")
    reference_amount_g: Number | None = Field(
        default=None,
        gt=0,
        description="Grams in the FDA's reference amount, by which good sources are told; left out where the FDA lists "
        "none, and then it is the serving.",
    )
    per_100g: dict[Slug, MeasuredAmount] = Field(
        min_length=1,
        description='What 100 g contain: a line for each nutrient, as `magnesium = "87 mg"` or `= "not measured"`. '
        "`python -m seed import-food` writes it.",
    )


class Serving(Model):
    """A serving of a food."""

    description: Text = Field(description="In household measures.", examples=["1/2 cup"])
    weight: Mass


class ReferenceAmount(Model):
    """The amount that people eat at a time, as the FDA sets it for a kind of food."""

    weight: Mass = Field(description="Its weight.")
    percent_daily_value: Number | None = Field(
        description="Amount in it as a percentage of the FDA Daily Value, by which `standing` goes; else null.",
        examples=[17.6],
    )


class Amount(Model):
    """How much of a nutrient a food contains."""

    nutrient: NutrientRef
    description: Text = Field(
        description="The food, as the food database describes it.",
        examples=["Spinach, cooked, boiled, drained, without salt"],
    )
    ndb_no: Ndb = Field(description="NDB number of the food in the food database.", examples=["11458"])
    brand: Text | None = Field(description="The brand, where one product was measured; else null.")
    status: AmountStatus
    per_100g: Quantity | None = Field(description="Amount in 100 g of edible portion; null where not measured.")
    serving: Serving = Field(description="The serving that the next two count by.")
    per_serving: Quantity | None = Field(description="Amount in the serving; null where not measured.")
    percent_daily_value: int | None = Field(
        ge=0, description="Amount in the serving in whole percent of the FDA Daily Value, if any.", examples=[19]
    )
    reference_amount: ReferenceAmount = Field(description="The FDA's reference amount, which decides the standing.")
    standing: Standing = Field(description="How good a source of the nutrient this food is.")
    portion_decides: bool = Field(
        description="True where the serving would give another verdict than the reference amount."
    )
    citations: Citations


class FoodAmount(Amount):
    """How much of a nutrient a food contains, with the food."""

    food_source: Ref
    group: FoodGroup
    from_article: StrictBool = Field(description="True where the article names the food source.")
    remark: Text | None = Field(description="What to know about this pair, such as poor absorption.")


class FoodSourceFile(IdentifiedFile):
    """A food source, as a contributor writes it."""

    group: FoodGroup
    is_food: StrictBool = Field(default=True, description="False for sunlight: a source, not a food.")
    part_of: FoodSourceRef | None = Field(default=None, description="The wider source it belongs to, if any.")
    nutrients: list[Provision] = Field(default=[], description="The nutrients that it is a source of.")
    foods: list[MeasuredFood] = Field(
        default=[], exclude=True, description="The foods of a food database that are this source."
    )


class ProvidedNutrient(Model):
    """A nutrient that a food source provides, in the form that has most in a serving; null where not measured."""

    nutrient: Ref
    standing: Standing
    description: Text | None = Field(description="That form, as the food database describes it.")
    per_100g: Quantity | None
    per_serving: Quantity | None
    percent_daily_value: int | None = Field(ge=0, description="Percentage of the FDA Daily Value in a serving.")


class FoodSource(FoodSourceFile, Ref):
    """A food, a group of foods or another source of nutrients."""

    kind: Literal["food_source"] = Field(default="food_source", description="Kind.")
    amounts: list[Amount] = Field(
        default=[], description="How much of each nutrient it contains, by percentage of the Daily Value."
    )
    members: Annotated[list[Ref], Backlink("food_source", "part_of")] = Field(
        default=[], description="The narrower sources that belong to it, as spinach to leafy greens."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(default=[], description="Questions about it.")

    @property
    def provided(self) -> list[ProvidedNutrient]:
        return [_in_short(item, [a for a in self.amounts if a.nutrient == item.nutrient]) for item in self.nutrients]


def _in_short(item: Provision, amounts: list[Amount]) -> ProvidedNutrient:
    # the amounts are ordered by percentage: all figures are those of one form of the food
    best = next((amount for amount in amounts if amount.per_100g is not None), None)
    return ProvidedNutrient(
        nutrient=item.nutrient,
        standing=item.standing,
        description=best and best.description,
        per_100g=best and best.per_100g,
        per_serving=best and best.per_serving,
        percent_daily_value=best and best.percent_daily_value,
    )


class FoodSourceCard(Card):
    """A food source in a list."""

    kind: Literal["food_source"] = Field(default="food_source", description="Kind.")
    group: FoodGroup
    is_food: bool = Field(description="False for sunlight: a source, not a food.")
    part_of: Ref | None = Field(description="The wider source it belongs to, if any.")
    nutrients: list[ProvidedNutrient] = Field(
        validation_alias="provided", description="The nutrients that it is a source of."
    )
