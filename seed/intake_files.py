"""`life-stages.toml` and `intakes/<nutrient>.toml`: dense numbers, one line a population."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.common import Model, Note, SourceRef, Text
from app.schemas.intake import Authority, Conversion, IntakeType
from app.schemas.population import Population, Sex, State, parse_age
from app.schemas.quantity import MICROGRAMS, Number, Unit

NOT_DETERMINED = "not-determined"


def _setting(value: object) -> object:
    if value == NOT_DETERMINED:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("setting", 'is neither a number nor "not-determined"')
    return value


def _age(value: object) -> object:
    if not isinstance(value, str) or parse_age(value) is None:
        raise PydanticCustomError("age", 'is no age; write years as "18y" and months as "7mo"')
    return value


Setting = Annotated[
    Number | None, BeforeValidator(_setting, json_schema_input_type=Decimal | Literal["not-determined"])
]
Age = Annotated[str, BeforeValidator(_age)]


def _mass(unit: Unit) -> Unit:
    if unit not in MICROGRAMS:
        raise PydanticCustomError("unit_of_mass", "is no unit of mass; write g, mg or ug")
    return unit


def _basis(unit: Unit) -> Unit:
    if unit not in (Unit.day, Unit.megajoule, Unit.kilogram_day):
        raise PydanticCustomError("unit_of_basis", "is nothing to count an intake by; write d, MJ or kg.d")
    return unit


class LifeStageRow(Model):
    """One life stage."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")] = Field(description="Code.")
    label: Text = Field(description="The authority's words.")
    sex: Sex = Field(description="Sex.")
    state: State = Field(default=State.neither, description="Pregnancy or lactation, where the stage is that.")
    age_min: StrictInt = Field(ge=0, description="Lowest age.")
    age_max: StrictInt | None = Field(
        default=None, ge=0, description="Highest age, itself included; none where it is open."
    )
    age_unit: Literal[Unit.month, Unit.year] = Field(description="`mo` for months, `a` for years.")

    def population(self) -> Population:
        """The stage in completed months."""
        if self.age_unit is Unit.year:
            last = None if self.age_max is None else 12 * self.age_max + 11
            first = 12 * self.age_min
        else:
            # a child of 12 completed months is 1 year old, and so in the next stage
            last = None if self.age_max is None else min(self.age_max, 11)
            first = self.age_min
        return Population(
            label=self.label, sex=self.sex, age_min_months=first, age_max_months=last, states=[self.state]
        )


class LifeStagesFile(Model):
    """`life-stages.toml`: the life stages, in order."""

    life_stages: list[LifeStageRow] = Field(default=[], description="The life stages, in order.")


class PopulationRow(Model):
    """A value for a population that the authority describes in words."""

    label: Text = Field(description="The authority's words, verbatim.")
    sex: Sex = Field(default=Sex.any, description="Sex.")
    first: Age = Field(default="0mo", alias="from", description='Lowest age, such as "18y" or "7mo".')
    last: Age | None = Field(default=None, alias="to", description="Highest age, itself included; none where open.")
    states: list[State] = Field(default=[State.neither], min_length=1, description="States that it holds for.")
    value: Setting = Field(default=None, description='The value, or "not-determined".')
    min: Number | None = Field(default=None, description="The lowest value of a range.")
    max: Number | None = Field(default=None, description="The highest value of a range.")

    @model_validator(mode="after")
    def _one_or_a_range(self) -> "PopulationRow":
        given = self.model_fields_set
        if ("value" in given) == ("min" in given) or ("min" in given) != ("max" in given):
            raise PydanticCustomError("value_or_range", "needs either value, or min and max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError("range", "has a min that is greater than max; swap them")
        first, last = self._months()
        if last is not None and first > last:
            raise PydanticCustomError("ages", "begins at a greater age than it ends; swap from and to")
        return self

    def population(self) -> Population:
        """The population in completed months."""
        first, last = self._months()
        return Population(label=self.label, sex=self.sex, age_min_months=first, age_max_months=last, states=self.states)

    def _months(self) -> tuple[int, int | None]:
        first, last = parse_age(self.first), parse_age(self.last) if self.last else None
        assert first is not None
        return first[0], last[1] if last else None


class IntakeTable(Model):
    """The values of one kind that one publication gives."""

    authority: Authority = Field(description="Who says so.")
    type: IntakeType = Field(description="Kind of reference value.")
    unit: Annotated[Unit, AfterValidator(_mass)] = Field(description="Unit of every number in the table: mg, ug or g.")
    per: Annotated[Unit, AfterValidator(_basis)] = Field(
        default=Unit.day,
        description="What they are counted by: `d` (day), `MJ` (of energy) or `kg.d` (body weight and day).",
    )
    source: SourceRef = Field(description="The publication.")
    locator: Text = Field(description="Where in the publication.")
    applies_to: Text | None = Field(default=None, description="What is counted, where that is not all intake.")
    notes: list[Note] = Field(default=[], description="What must be known to read the values right.")
    below_need: Note | None = Field(
        default=None, description="Why a limit lies below what the same authority says is needed."
    )
    not_determined: Text | None = Field(
        default=None, description="What must be known where no value was determined; shown with those rows only."
    )
    life_stages: dict[str, Setting] = Field(default={}, description='Life stage -> value, or "not-determined".')
    populations: list[PopulationRow] = Field(default=[], description="Values for populations described in words.")


class IntakesFile(Model):
    """`intakes/<nutrient>.toml`: every reference intake of one nutrient."""

    last_reviewed: date = Field(description="Day on which the values were last compared with their sources.")
    conversions: list[Conversion] = Field(
        default=[], description="Units other than those of the tables in which the values may be shown."
    )
    tables: list[IntakeTable] = Field(min_length=1, description="The values, by authority, kind and publication.")
