"""Intakes: how much of a nutrient an authority holds that a population needs, or should not exceed."""

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from app.schemas.common import Citations, Model, Note, NutrientRef, Ranked, Ref, SourceRef, Text
from app.schemas.population import LifeStage, Population
from app.schemas.quantity import Number, Quantity, Range, Unit


class Authority(StrEnum):
    """Who says so.

    `NASEM`: National Academies of Sciences, Engineering, and Medicine (US and Canada). `EFSA`: European Food Safety
    Authority. `UK`: Department of Health, NHS and Food Standards Scotland. `FDA`: Food and Drug Administration (US).
    """

    nasem = "NASEM"
    efsa = "EFSA"
    uk = "UK"
    fda = "FDA"


class IntakeType(StrEnum):
    """What kind of reference value it is, by the authority's name for it.

    `RDA`: Recommended Dietary Allowance. `AI`: Adequate Intake. `PRI`: Population Reference Intake. `AR`: Average
    Requirement, enough for half. `RNI`: Reference Nutrient Intake. `DV`: Daily Value on food labels. `UL`: Tolerable
    Upper Intake Level. `ADI`: Acceptable Daily Intake. `CDRR`: Chronic Disease Risk Reduction Intake. `safe-level`:
    where no UL could be set.
    """

    rda = "RDA"
    ai = "AI"
    pri = "PRI"
    ar = "AR"
    rni = "RNI"
    safe_and_adequate = "safe-and-adequate-intake"
    recommended_intake = "recommended-intake"
    supplement_advice = "supplement-advice"
    dv = "DV"
    ul = "UL"
    adi = "ADI"
    cdrr = "CDRR"
    safe_level = "safe-level"
    maximum = "maximum"
    supplement_guidance = "supplement-guidance"
    supplement_limit = "supplement-limit"


class Role(Ranked):
    """What a value answers, in the order of the list.

    `need`: how much is enough. `label`: what the percentages on food labels count by. `limit`: how much is too much.
    """

    need = "need"
    label = "label"
    limit = "limit"


class Status(StrEnum):
    """Whether the authority set a value. A limit that was not determined is no proof of safety."""

    set = "set"
    not_determined = "not-determined"


class Conversion(Model):
    """A defined factor by which values may be shown in another unit."""

    unit: Unit
    factor: Number = Field(description="How many of it make one of the value's unit.", examples=[40])
    citations: Citations


class IntakeFile(Model):
    """One value, as the tables in the content spell it out."""

    nutrient: NutrientRef
    authority: Authority
    type: IntakeType
    role: Role
    life_stage: LifeStage | None = Field(description="The life stage, where the authority works with life stages.")
    population: Population
    status: Status
    quantity: Quantity | Range | None = Field(description="The value or range; null where none was determined.")
    converted_from: Quantity | Range | None = Field(
        default=None, description="The published value, where `unit` asked for another unit; else null."
    )
    conversions: list[Conversion] = Field(default=[], description="Other units that `unit` may ask for.")
    applies_to: Text | None = Field(
        default=None, description="What is counted, where that is not all intake.", examples=["supplements"]
    )
    notes: list[Note] = Field(default=[], description="What must be known to read the value right.")
    source: SourceRef
    citations: Citations
    from_article: bool = Field(default=False, description="False: the article on muscle twitching holds no numbers.")
    last_reviewed: date = Field(description="Day on which the value was last compared with its source.")


class Intake(IntakeFile, Ref):
    """A reference intake of one authority for one population."""

    kind: Literal["intake"] = Field(default="intake", description="Kind.")
