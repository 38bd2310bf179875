"""/comparison: the nutrient comparison table, ready to render."""

import json
from enum import StrEnum

from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.records import release_info
from app.api.responses import json_response, read
from app.api.routing import Router
from app.database.models import Nutrient
from app.schemas.common import Citations, Disclaimer, Grade, Model, Ref, Text

router = Router(prefix="/comparison", tags=["Comparison"])


class ComparisonKey(StrEnum):
    """Key of the cell in each row."""

    nutrient = "nutrient"
    function = "function"
    connection = "connection"
    food_sources = "food_sources"


class ComparisonColumn(Model):
    """A column of the table."""

    key: ComparisonKey
    label: Text = Field(description="Heading to show.", examples=["Main function in muscle health"])


class ComparisonRow(Model):
    """A row of the table: one nutrient."""

    nutrient: Ref
    function: Text = Field(description="Main function in muscle health.")
    connection: Text = Field(description="How it is linked to twitching.")
    food_sources: list[Ref] = Field(description="Main food sources, in the table's order.")
    grade: Grade
    grade_reason: Text = Field(description="What the grade rests on, in one short sentence.")
    citations: Citations


class Comparison(Model):
    """The table."""

    columns: list[ComparisonColumn] = Field(description="The columns, in order.")
    rows: list[ComparisonRow] = Field(description="The rows, in order.")
    total: int = Field(ge=0, description="How many rows there are.")
    disclaimer: Disclaimer


COLUMNS = [
    ComparisonColumn(key=ComparisonKey.nutrient, label="Nutrient"),
    ComparisonColumn(key=ComparisonKey.function, label="Main function in muscle health"),
    ComparisonColumn(key=ComparisonKey.connection, label="Link to twitching"),
    ComparisonColumn(key=ComparisonKey.food_sources, label="Food sources"),
]


@router.get("", response_model=Comparison, summary="Get the comparison table")
async def get_comparison(request: Request) -> Response:
    """Nutrients side by side: main function, link to twitching, food sources."""
    return await read(request, _comparison)


def _comparison(connection: Connection) -> Response:
    release = release_info(connection)
    position = col(Nutrient.comparison_position)
    selected = select(col(Nutrient.record)).where(position.is_not(None)).order_by(position)
    rows = [_row(json.loads(record)) for record in connection.scalars(selected)]
    table = Comparison(columns=COLUMNS, rows=rows, total=len(rows), disclaimer=release["disclaimer"])
    return json_response(table.model_dump_json(), release)


def _row(nutrient: dict[str, object]) -> ComparisonRow:
    cells = dict(nutrient["comparison"])  # type: ignore[call-overload]
    cells["food_sources"] = cells.pop("dietary_sources")
    shown = {key: value for key, value in cells.items() if key in ComparisonRow.model_fields}
    return ComparisonRow(nutrient=Ref(**{key: nutrient[key] for key in Ref.model_fields}), **shown)
