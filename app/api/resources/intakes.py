"""/intakes: how much of a nutrient people need, and how much is too much, by authority."""

import json
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.conditions import among
from app.api.envelopes import Envelope, Page, PartialDetail, PartialPage
from app.api.errors import InvalidParameters, ParameterError, nearest
from app.api.parameters import CodeOf, DetailQuery, ListQuery, OneOf, SlugOf, fields_of, sort_keys
from app.api.person import PersonQuery, is_for
from app.api.reading import Database, read_detail, read_page
from app.api.routing import Router
from app.database import models
from app.schemas.intake import Authority, Intake, IntakeType, Role, Status
from app.schemas.quantity import Unit, plain

router = Router(prefix="/intakes", tags=["Intakes"])

SORT = {
    "nutrient": models.Intake.nutrient,
    "role": models.Intake.role_rank,
    "authority": models.Intake.authority,
    "type": models.Intake.type,
    "age": models.Intake.age_min_months,
    "name": models.Intake.sort_name,
}


class IntakeQuery(PersonQuery, ListQuery):
    """Filters, order and shape of the list of intakes."""

    nutrient: Annotated[tuple[str, ...], SlugOf("nutrient")] = Field(
        default=(), description="Only values of these nutrients."
    )
    authority: Annotated[tuple[str, ...], OneOf(Authority)] = Field(default=(), description="Who says so.")
    type: Annotated[tuple[str, ...], OneOf(IntakeType)] = Field(default=(), description="Kind of reference value.")
    role: Annotated[tuple[str, ...], OneOf(Role)] = Field(
        default=(), description="What the value answers: what is needed, what labels count by, or what is too much."
    )
    life_stage: Annotated[tuple[str, ...], CodeOf("life_stage")] = Field(
        default=(), description="Only these life stages of the North American tables, by code, as `female_31_50`."
    )
    source: Annotated[tuple[str, ...], SlugOf("source")] = Field(
        default=(), description="Only values that these publications give."
    )
    status: Annotated[tuple[str, ...], OneOf(Status)] = Field(
        default=(), description="Whether a value was set; a limit that was not determined is no proof of safety."
    )
    unit: Annotated[tuple[str, ...], OneOf("IU")] = Field(
        default=(),
        description="Show values in international units, for nutrients for which a factor is defined (vitamin D: "
        "1 ug is 40 IU); the published value is then in `converted_from`. Needs `nutrient`.",
    )
    sort: Annotated[tuple[str, ...], sort_keys(*SORT)] = Field(
        default=("nutrient", "role", "authority", "type", "age"),
        description="Order; `-` reverses a key. Ties are broken by name, then slug. `role` puts needs first, then "
        "labels, then limits.",
    )
    fields: Annotated[tuple[str, ...], fields_of(Intake)] = Field(
        default=(), description="Show only these keys of each item (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class IntakeDetailQuery(DetailQuery):
    """Shape of one intake."""

    fields: Annotated[tuple[str, ...], fields_of(Intake)] = Field(
        default=(), description="Show only these keys (and always `slug` and `url`)."
    )
    include: Annotated[tuple[str, ...], OneOf("nutrients", "sources")] = Field(
        default=(), description="Add these collections' related records in full, under `included`."
    )


class IntakePage(Page[Intake]):
    """A page of the list of intakes."""


class IntakeDetail(Envelope, Intake):
    """One intake, with what `include` asked for."""


@router.get("", response_model=IntakePage | PartialPage, summary="List reference intakes")
def list_intakes(query: Annotated[IntakeQuery, Query()], database: Database) -> Response:
    """What people need of each nutrient and what is too much, by authority, side by side and never averaged.

    A breast-feeding woman of 28 and magnesium: `/intakes?nutrient=magnesium&sex=female&age=28&lactating=true`.
    Every nutrient for a baby of 8 months: `/intakes?age=8mo`. Upper limits: `/intakes?type=UL`.
    """
    conditions = [
        is_for(query),
        among(models.Intake.nutrient, query.nutrient),
        among(models.Intake.authority, query.authority),
        among(models.Intake.type, query.type),
        among(models.Intake.role_rank, [Role(role).rank for role in query.role]),
        among(models.Intake.life_stage, query.life_stage),
        among(models.Intake.source, query.source),
        among(models.Intake.status, query.status),
    ]

    def check(connection: Connection) -> None:
        _check_life_stages(connection, query.life_stage)
        if query.unit:
            _check_convertible(connection, query.nutrient)

    if not query.unit:
        return read_page(database, "intake", query, conditions, SORT, check=check)
    return read_page(database, "intake", query, conditions, SORT, transform=_in_international_units, check=check)


@router.get("/{slug}", response_model=IntakeDetail | PartialDetail, summary="Get one reference intake")
def get_intake(
    slug: Annotated[str, Path(description="Slug of the intake.", examples=["magnesium-nasem-rda-female-31-50"])],
    query: Annotated[IntakeDetailQuery, Query()],
    database: Database,
) -> Response:
    """One value of one authority for one population, with its source and what must be known to read it right."""
    return read_detail(database, "intake", slug, query)


def _check_life_stages(connection: Connection, wanted: tuple[str, ...]) -> None:
    if not wanted:
        return
    known = list(connection.scalars(select(col(models.LifeStage.code)).order_by(col(models.LifeStage.position))))
    errors = [
        ParameterError(
            parameter="life_stage",
            location="query",
            message=f"There is no life stage '{code}'.",
            allowed=known,
            suggestion=nearest(code, known),
        )
        for code in wanted
        if code not in known
    ]
    if errors:
        raise InvalidParameters(errors)


def _check_convertible(connection: Connection, nutrients: tuple[str, ...]) -> None:
    """Only a defined factor converts; where it depends on the chemical form of the substance there is none."""
    row = models.Intake
    defined = select(col(row.nutrient)).where(col(row.iu_factor).is_not(None)).distinct().order_by(row.nutrient)
    convertible = list(connection.scalars(defined))
    one = convertible[0] if len(convertible) == 1 else None
    if not nutrients:
        message = "IU is defined for each substance by itself; say which nutrient."
        raise InvalidParameters([_no_unit("nutrient", message, convertible, one)])
    errors = [
        _no_unit(
            "unit",
            f"Values of {nutrient} cannot be shown in IU: how much an IU weighs depends on the chemical form, and no "
            "one factor is defined for it.",
            [],
            None,
        )
        for nutrient in nutrients
        if nutrient not in convertible
    ]
    if errors:
        raise InvalidParameters(errors)


def _no_unit(parameter: str, message: str, allowed: list[str], suggestion: str | None) -> ParameterError:
    return ParameterError(
        parameter=parameter, location="query", message=message, allowed=allowed, suggestion=suggestion
    )


def _in_international_units(document: str) -> str:
    """The document with its value in IU, and the published one beside it."""
    intake = json.loads(document)
    factors = [c["factor"] for c in intake["conversions"] if c["unit"] == Unit.international_unit]
    if not factors or intake["quantity"] is None:
        return document
    published = intake["quantity"]
    intake["converted_from"] = published
    intake["quantity"] = {key: _converted(key, value, factors[0]) for key, value in published.items()}
    return json.dumps(intake, ensure_ascii=False, separators=(",", ":"))


def _converted(key: str, value: Any, factor: float) -> Any:
    if key == "unit":
        return str(Unit.international_unit)
    return value if key == "per" else plain(Decimal(str(value)) * Decimal(str(factor)))
