"""Populations: whom a number is for, by sex, age, pregnancy and breast-feeding."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.schemas.common import Model, Text

OLDEST = 130
"""Years: nobody has been older."""

AGE = r"(?:[0-9]{1,2}|1[0-2][0-9]|130)y?|(?:[0-9]{1,3}|1[0-4][0-9]{2}|15[0-5][0-9]|1560)mo"
"""Completed years, as `34` or `34y`, or completed months, as `8mo`, up to the oldest age."""


Months = Annotated[int, Field(ge=0, le=12 * OLDEST + 11)]


class Sex(StrEnum):
    """Sex that a number is for."""

    any = "any"
    female = "female"
    male = "male"


class State(StrEnum):
    """State that a number is for: pregnancy, lactation, or neither of them."""

    neither = "neither"
    pregnancy = "pregnancy"
    lactation = "lactation"


class Population(Model):
    """Whom a number is for. Ages are completed months, both ends included: 31 to 50 years is 372 to 611."""

    label: Text = Field(description="The authority's own words.", examples=["Females 31-50 years"])
    sex: Sex
    age_min_months: Months = Field(description="Lowest age, in completed months.", examples=[372])
    age_max_months: Months | None = Field(
        description="Highest age, in completed months; null where there is none.", examples=[611]
    )
    states: list[State] = Field(min_length=1, max_length=3, description="The states it holds for.")


class LifeStage(Model):
    """A life stage of the authority that defines it."""

    code: Text = Field(
        description="Code, as the `life_stage` filter takes it.", pattern="^[a-z0-9_]+$", examples=["female_31_50"]
    )
    label: Text = Field(description="The authority's words.", examples=["Females 31-50 years"])


def parse_age(text: str) -> tuple[int, int] | None:
    """First and last completed month of an age such as `34`, `34y` or `8mo`; None where it is no possible age."""
    if not re.fullmatch(AGE, text):
        return None
    number = int(text.rstrip("moy"))
    return (number, number) if text.endswith("mo") else (12 * number, 12 * number + 11)
