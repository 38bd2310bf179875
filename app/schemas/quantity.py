"""Quantities: exact decimal numbers with UCUM units. `Unit` is the one table of units."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.common import Model


class Unit(StrEnum):
    """Unit, by its UCUM code.

    `ug`: microgram. `[iU]`: international unit, of which the mass depends on the substance. `d`: day. `MJ`: megajoule
    of dietary energy. `kg.d`: kilogram of body weight and day. `100.g`: 100 grams of edible portion. `{serving}`: the
    serving named next to it. `mo`, `a`: month and year of age.
    """

    gram = "g"
    milligram = "mg"
    microgram = "ug"
    international_unit = "[iU]"
    day = "d"
    megajoule = "MJ"
    kilogram_day = "kg.d"
    hundred_grams = "100.g"
    serving = "{serving}"
    month = "mo"
    year = "a"


MICROGRAMS = {Unit.gram: Decimal(10**6), Unit.milligram: Decimal(1000), Unit.microgram: Decimal(1)}
"""Micrograms in a unit of mass: by it amounts in different units are put in order."""


def plain(number: Decimal) -> int | float:
    """The number as JSON writes it best: 355 and not 355.0, 2.2 and not 2.2000000000000002."""
    return int(number) if number == number.to_integral_value() else float(number)


def _numeric(value: object) -> object:
    if isinstance(value, str | bool):
        raise PydanticCustomError("number", "is not a number; write it without quotation marks")
    return value


def _short(number: Decimal) -> Decimal:
    # a double holds 15 significant digits exactly; no authority publishes more
    if len(number.as_tuple().digits) > 15:
        raise PydanticCustomError("digits", "write at most 15 digits")
    return number


Number = Annotated[
    Decimal,
    Field(ge=0, allow_inf_nan=False),
    BeforeValidator(_numeric),
    AfterValidator(_short),
    PlainSerializer(plain, return_type=int | float),
    WithJsonSchema({"type": "number", "minimum": 0}),
]

Percent = Annotated[Number, Field(le=100), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100})]


class Quantity(Model):
    """A number with its unit and what it is counted by."""

    value: Number = Field(description="The number, exactly as published.", examples=[320])
    unit: Unit
    per: Unit = Field(description="What it is counted by.")


class Range(Model):
    """Two numbers with their unit and what they are counted by."""

    min: Number = Field(description="The lowest number.", examples=[2.2])
    max: Number = Field(description="The highest number.", examples=[2.5])
    unit: Unit
    per: Unit = Field(description="What they are counted by.")

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.min > self.max:
            raise PydanticCustomError("range", "min is greater than max; swap them")
        return self


class Mass(Model):
    """A mass."""

    value: Number = Field(description="The number.", examples=[28.35])
    unit: Unit
