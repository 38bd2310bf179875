"""Food sources: foods, groups of foods, and the one source that is not a food."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.kinds.common import Backlink, Citations, FoodSourceRef, Model, NutrientRef, RecordFile, Ref, Text


class FoodGroup(StrEnum):
    """Food groups, as dietary guidelines use them."""

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
    """How good a source is, by amounts per serving (percent of the FDA Daily Value) or by absorption.

    `high`: 20 % or more. `good`: 10 to 19 %. `low`: 5 % or less. `some`: between. `poor`: the amount is there but
    little of it is absorbed. `unrated`: no amount is on record.
    """

    high = "high"
    good = "good"
    some = "some"
    low = "low"
    poor = "poor"
    unrated = "unrated"


class Provision(Model):
    """A nutrient that a source provides."""

    nutrient: NutrientRef = Field(description="The nutrient.")
    listed_in: list[Listing] = Field(default=[], description="Where the article lists it; empty where it does not.")
    standing: Standing = Field(default=Standing.unrated, description="How good a source of the nutrient it is.")
    remark: Text | None = Field(default=None, description="What to know about this pair.")
    citations: Citations


class FoodSourceFile(RecordFile):
    """A food source, as a contributor writes it."""

    group: FoodGroup = Field(description="Food group.")
    is_food: bool = Field(default=True, description="False for sunlight, which is a source but not a food.")
    part_of: FoodSourceRef | None = Field(default=None, description="The wider source it belongs to, if any.")
    nutrients: list[Provision] = Field(min_length=1, description="The nutrients it provides.")


class FoodSource(FoodSourceFile, Ref):
    """A food, a group of foods or another source of nutrients."""

    members: Annotated[list[Ref], Backlink("food_source", "part_of")] = Field(
        default=[], description="The narrower sources that belong to it, as spinach to leafy greens."
    )
    claims: Annotated[list[Ref], Backlink("claim", "subject", "co_subjects", "object")] = Field(
        default=[], description="Graded claims about it, best supported first."
    )
    faq: Annotated[list[Ref], Backlink("faq_entry", "related")] = Field(
        default=[], description="Frequently asked questions about it."
    )
