"""The person that a request asks for: which reference intakes are theirs, and which persons cannot be."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from app.api.errors import InvalidParameters, wrong
from app.api.parameters import Boolean, Query
from app.database.models import Intake
from app.schemas.population import AGE, OLDEST, parse_age

BEARING = (9, 65)
"""Years of age, both included, in which pregnancy and breast-feeding are taken as possible; wide on purpose."""


def _age(value: str | None) -> str | None:
    if value is not None and parse_age(value) is None:
        message = (
            "'{value}' is not an age; write completed years as 34, or completed months as 8mo, up to {oldest} years"
        )
        raise PydanticCustomError("age", message, {"value": value, "oldest": OLDEST})
    return value


class PersonQuery(Query):
    """Parameters that describe one person."""

    sex: Literal["female", "male"] | None = Field(
        default=None, description="Only what is for a person of this sex.", examples=["female"]
    )
    age: Annotated[str | None, AfterValidator(_age)] = Field(
        default=None,
        description="Only what is for a person of this age: completed years, as `34`, or months, as `8mo`.",
        examples=["34", "8mo"],
        json_schema_extra={"pattern": f"^({AGE})$"},
    )
    pregnant: Boolean | None = Field(
        default=None, description="True: what is for a pregnant woman. Left out: false.", examples=[False]
    )
    lactating: Boolean | None = Field(
        default=None,
        description="True: what is for a woman who breast-feeds; with `pregnant=true`, what is for either.",
        examples=[False],
    )


def is_for(person: PersonQuery) -> list[ColumnElement[bool]]:
    """Conditions on intakes: they are for this person. Refuses a person who cannot exist."""
    if all(value is None for value in (person.sex, person.age, person.pregnant, person.lactating)):
        return []
    _require_possible(person)
    bearing = [
        col(column).is_(True)
        for column, wanted in ((Intake.for_pregnancy, person.pregnant), (Intake.for_lactation, person.lactating))
        if wanted
    ]
    conditions = [or_(*bearing) if bearing else col(Intake.for_neither).is_(True)]
    sex = "female" if bearing else person.sex
    if sex is not None:
        conditions.append(col(Intake.sex).in_(["any", sex]))
    months = parse_age(person.age) if person.age is not None else None
    if months is not None:
        first, last = months
        reaches = or_(col(Intake.age_max_months).is_(None), col(Intake.age_max_months) >= first)
        conditions.append(and_(col(Intake.age_min_months) <= last, reaches))
    return conditions


def _require_possible(person: PersonQuery) -> None:
    given = [name for name in ("pregnant", "lactating") if getattr(person, name)]
    if not given:
        return
    errors = []
    if person.sex == "male":
        message = f"{' and '.join(given)} is true, so sex must be female or left out."
        errors.append(wrong("sex", message, ["female"], "female"))
    months = parse_age(person.age) if person.age is not None else None
    if months is not None and not 12 * BEARING[0] <= months[0] <= 12 * BEARING[1] + 11:
        message = f"{' and '.join(given)} is true, so age must be from {BEARING[0]} to {BEARING[1]} years."
        errors.append(wrong("age", message))
    if errors:
        raise InvalidParameters(errors)
