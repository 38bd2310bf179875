"""Food sources: foods, groups of foods, and the one source that is not a food."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from app.schemas.common import (
    Backlink,
    Card,
    Citations,
    FoodSourceRef,
    Kind,
    Model,
    NutrientRef,
    RecordFile,
    Ref,
    SearchTraits,
    SourceRef,
    Text,
)
from app.schemas.quantity import Mass, MassUnit, Number, Quantity


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
    """Where the article lists a source: in the bullets below magnesium, or in the comparison table."""

    food_list = "food-list"
    comparison_table = "comparison-table"


class Standing(StrEnum):
    """How good a source of the nutrient it is, by amounts per serving (percent of the Daily Value) or by absorption.

    `high`: 20 % or more. `good`: 10 to 19 %. `low`: 5 % or less. `some`: between. `poor`: the amount is there but
    little of it is absorbed. `unrated`: no amount is on record.
    """

    high = "high"
    good = "good"
    some = "some"
    low = "low"
    poor = "poor"
    unrated = "unrated"

    @classmethod
    def of(cls, percent: int) -> "Standing":
        """The standing that a percentage of the Daily Value in one serving gives."""
        if percent >= 20:
            return cls.high
        if percent >= 10:
            return cls.good
        return cls.some if percent > 5 else cls.low


class Provision(Model):
    """A nutrient that a source provides."""

    nutrient: NutrientRef
    listed_in: list[Listing] = Field(
        default=[], max_length=2, description="Where the article lists it; empty where it does not."
    )
    standing: Standing = Standing.unrated
    remark: Text | None = Field(default=None, description="What to know about this pair.")
    citations: Citations


class AmountLine(Model):
    """How much of a nutrient a food of a database holds, as a contributor writes it."""

    nutrient: NutrientRef
    per_100g: Number = Field(description="Amount in 100 g of edible portion.")
    unit: MassUnit = Field(description="Unit of both amounts: mg, ug or g.")
    serving: Text = Field(description="The serving in household measures.")
    serving_g: Number = Field(gt=0, description="Grams in the serving.")
    per_serving: Number = Field(description="Amount in the serving, rounded as published.")


Ndb = Annotated[str, Field(pattern=r"^[0-9]{5}$")]


class MeasuredFood(Model):
    """A food of a food database that is this source, with what it holds."""

    ndb_no: Ndb = Field(description="NDB number of the food.")
    description: Text = Field(description="The database's description of the food.")
    source: SourceRef = Field(description="The food database.")
    amounts: list[AmountLine] = Field(min_length=1, description="What it holds, one line a nutrient.")


class Serving(Model):
    """A serving of a food."""

    description: Text = Field(description="In household measures.", examples=["1/2 cup"])
    weight: Mass


class Amount(Model):
    """How much of a nutrient a food holds."""

    nutrient: NutrientRef
    description: Text = Field(
        description="The food, as the food database describes it.",
        examples=["Spinach, cooked, boiled, drained, without salt"],
    )
    ndb_no: Ndb = Field(description="NDB number of the food in the food database.", examples=["11458"])
    per_100g: Quantity = Field(description="Amount in 100 g of edible portion.")
    serving: Serving = Field(description="The serving that the next two count by.")
    per_serving: Quantity = Field(description="Amount in the serving.")
    percent_daily_value: int | None = Field(
        ge=0,
        description="Amount in the serving as a percentage of the FDA Daily Value, computed from the amount in 100 g "
        "and the serving's weight and rounded half up to a whole number; null where there is no Daily Value.",
        examples=[19],
    )
    citations: Citations


class FoodAmount(Amount):
    """How much of a nutrient a food holds, with the food."""

    food_source: Ref
    group: FoodGroup
    from_article: StrictBool = Field(description="True where the article names the food source.")
    standing: Standing = Field(description="How good a source of the nutrient the food source is, all in all.")
    remark: Text | None = Field(description="What to know about this pair, such as poor absorption.")


class FoodSourceFile(RecordFile):
    """A food source, as a contributor writes it."""

    group: FoodGroup
    is_food: StrictBool = Field(default=True, description="False for sunlight, which is a source but not a food.")
    part_of: FoodSourceRef | None = Field(default=None, description="The wider source it belongs to, if any.")
    nutrients: list[Provision] = Field(min_length=1, description="The nutrients it provides.")
    foods: list[MeasuredFood] = Field(
        default=[], exclude=True, description="The foods of a food database that are this source."
    )


class FoodSource(FoodSourceFile, Ref):
    """A food, a group of foods or another source of nutrients."""

    kind: Literal["food_source"] = Field(default="food_source", description="Kind of record.")
    amounts: list[Amount] = Field(
        default=[], description="How much of each nutrient it holds, the greatest percentage of the Daily Value first."
    )
    members: Annotated[list[Ref], Backlink("food_source", "part_of")] = Field(
        default=[], description="The narrower sources that belong to it, as spinach to leafy greens."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Graded claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(
        default=[], description="Frequently asked questions about it."
    )


class ProvidedNutrient(Model):
    """A nutrient that a food source provides, in short."""

    nutrient: Ref
    standing: Standing


class FoodSourceCard(Card):
    """A food source in a list."""

    kind: Literal["food_source"] = Field(default="food_source", description="Kind of record.")
    group: FoodGroup
    is_food: bool = Field(description="False for sunlight, which is a source but not a food.")
    part_of: Ref | None = Field(description="The wider source it belongs to, if any.")
    nutrients: list[ProvidedNutrient] = Field(min_length=1, description="The nutrients it provides.")


KIND = Kind(
    "food_source",
    "food-sources",
    "Food sources",
    "Foods, groups of foods and sunlight, with the nutrients that each provides.",
    FoodSourceFile,
    FoodSource,
    FoodSourceCard,
    SearchTraits(weight=0.38, detail="group", entity=True, label="food"),
)
