"""/intakes: how much of a nutrient people need, and how much is too much, by authority."""

import json
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.errors import InvalidParameters, nearest, wrong
from app.api.parameters import Boolean, Choices, Codes, RecordFilters, Slugs
from app.api.person import PersonQuery, is_for
from app.api.queries import column_in, column_is, rank_in
from app.api.resource import Resource
from app.database.models import Intake, LifeStage
from app.schemas.intake import Authority, IntakeType, Role, Status
from app.schemas.quantity import Unit, plain


class IntakeFilters(PersonQuery, RecordFilters):
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), column_in("nutrient")] = Field(
        default=(), description="Only values of these nutrients.", examples=["vitamin-d"]
    )
    authority: Annotated[tuple[str, ...], Choices(Authority), column_in("authority")] = Field(
        default=(), description="Who says so.", examples=["NASEM"]
    )
    type: Annotated[tuple[str, ...], Choices(IntakeType), column_in("type")] = Field(
        default=(), description="Type of reference value.", examples=["RDA"]
    )
    role: Annotated[tuple[str, ...], Choices(Role), rank_in("role_rank", Role)] = Field(
        default=(),
        description="What it tells: how much is enough, what labels count by, how much is too much.",
        examples=["need"],
    )
    life_stage: Annotated[tuple[str, ...], Codes(), column_in("life_stage")] = Field(
        default=(),
        description="Only these life stages of the North American tables, by code.",
        examples=["female_31_50"],
    )
    source: Annotated[tuple[str, ...], Slugs("source"), column_in("source")] = Field(
        default=(), description="Only values that these publications give.", examples=["nasem-dri-2019-vitamins"]
    )
    status: Annotated[tuple[str, ...], Choices(Status), column_in("status")] = Field(
        default=(),
        description="Whether a value was set; a limit that was not determined is no proof of safety.",
        examples=["set"],
    )
    unit: Annotated[tuple[str, ...], Choices(["IU"])] = Field(
        default=(),
        description="Show values in international units (vitamin D); `converted_from` has the published "
        "value. Needs `nutrient`.",
    )
    from_article: Annotated[Boolean | None, column_is("from_article")] = Field(
        default=None,
        description="True selects nothing: the article on muscle twitching holds no figures.",
        examples=[False],
    )


def _check_life_stages(connection: Connection, wanted: tuple[str, ...]) -> None:
    if not wanted:
        return
    known = list(connection.scalars(select(col(LifeStage.code)).order_by(col(LifeStage.position))))
    errors = [
        wrong("life_stage", f"There is no life stage '{code}'.", known, nearest(code, known))
        for code in wanted
        if code not in known
    ]
    if errors:
        raise InvalidParameters(errors)


def _check_convertible(connection: Connection, nutrients: tuple[str, ...]) -> None:
    """Only a defined factor converts; where it depends on the chemical form of the substance there is none."""
    defined = select(col(Intake.nutrient)).where(col(Intake.iu_factor).is_not(None))
    convertible = list(connection.scalars(defined.distinct().order_by(Intake.nutrient)))
    one = convertible[0] if len(convertible) == 1 else None
    if not nutrients:
        message = "IU is defined for each substance by itself; say which nutrient."
        raise InvalidParameters([wrong("nutrient", message, convertible, one)])
    errors = [
        wrong(
            "unit",
            f"Values of {nutrient} cannot be shown in IU: how much an IU weighs depends on the chemical form, and no "
            "one factor is defined for it.",
        )
        for nutrient in nutrients
        if nutrient not in convertible
    ]
    if errors:
        raise InvalidParameters(errors)


def _in_international_units(record: str, query: Any) -> str:
    """The record with its value in IU, if that was asked for, and the published one next to it."""
    if not query.unit:
        return record
    intake = json.loads(record)
    factors = [c["factor"] for c in intake["conversions"] if c["unit"] == Unit.international_unit]
    if not factors or intake["quantity"] is None:
        return record
    published = intake["quantity"]
    intake["converted_from"] = published
    intake["quantity"] = {key: _converted(key, value, factors[0]) for key, value in published.items()}
    return json.dumps(intake, ensure_ascii=False, separators=(",", ":"))


def _converted(key: str, value: Any, factor: float) -> Any:
    if key == "unit":
        return str(Unit.international_unit)
    return value if key == "per" else plain(Decimal(str(value)) * Decimal(str(factor)))


def _check(connection: Connection, query: Any) -> None:
    _check_life_stages(connection, query.life_stage)
    if query.unit:
        _check_convertible(connection, query.nutrient)


RESOURCE = Resource(
    kind="intake",
    noun="reference intake",
    filters=IntakeFilters,
    sorts={
        "nutrient": Intake.nutrient,
        "role": Intake.role_rank,
        "authority": Intake.authority,
        "type": Intake.type,
        "age": Intake.age_min_months,
        "name": Intake.sort_name,
    },
    # `role` puts needs first, then labels, then limits
    default_sort=("nutrient", "role", "authority", "type", "age"),
    include=("nutrients", "sources"),
    example="vitamin-d-nasem-rda-female-31-50",
    list_doc="""What people need of each nutrient and what is too much, by authority, side by side and never averaged.

A breast-feeding woman of 28 and magnesium: `/intakes?nutrient=magnesium&sex=female&age=28&lactating=true`.
Upper limits: `/intakes.csv?type=UL`.""",
    detail_doc="One value of one authority for one population, with its source and notes.",
    where=is_for,
    check=_check,
    transform=_in_international_units,
)

router = RESOURCE.router()
