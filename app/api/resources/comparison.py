"""/comparison: the nutrient comparison table, ready to render."""

from fastapi import Response
from pydantic import Field

from app.api.reading import Database, documents_where
from app.api.responses import answer
from app.api.routing import Router
from app.api.snapshot import dataset
from app.database.models import Nutrient
from app.schemas.common import Citations, Model, Ref

router = Router(prefix="/comparison", tags=["Comparison"])


class Column(Model):
    """A column of the table."""

    key: str = Field(description="Key of the cell in each row.", examples=["function"])
    label: str = Field(description="Heading to show.", examples=["Main function in muscle health"])


class Row(Model):
    """A row of the table: one nutrient."""

    nutrient: Ref = Field(description="The nutrient.")
    function: str = Field(description="Main function in muscle health.")
    connection: str = Field(description="How it is linked to twitching.")
    dietary_sources: list[Ref] = Field(description="Main sources, in the table's order.")
    citations: Citations


class Comparison(Model):
    """The table."""

    columns: list[Column] = Field(description="The columns, in order.")
    rows: list[Row] = Field(description="The rows, in order.")
    total: int = Field(ge=0, description="How many rows there are.")
    disclaimer: str = Field(description="What this information is and is not.")


COLUMNS = [
    Column(key="nutrient", label="Nutrient"),
    Column(key="function", label="Main function in muscle health"),
    Column(key="connection", label="Link to twitching"),
    Column(key="dietary_sources", label="Sources"),
]


@router.get("", response_model=Comparison, summary="Get the comparison table")
def get_comparison(database: Database) -> Response:
    """The nutrients that the article compares, side by side: main function, link to twitching, sources.

    Render `columns` as headings and, for each row, the cell of each column's `key`; a reference shows its `name`.
    """
    with database.connect() as connection:
        about = dataset(connection)
        position = Nutrient.comparison_position
        nutrients = documents_where(connection, "nutrient", position.is_not(None), position)  # type: ignore[union-attr]
    rows = [
        Row(nutrient=Ref(**{key: nutrient[key] for key in Ref.model_fields}), **_cells(nutrient["comparison"]))
        for nutrient in nutrients
    ]
    table = Comparison(columns=COLUMNS, rows=rows, total=len(rows), disclaimer=about["disclaimer"])
    return answer(table.model_dump_json(), about)


def _cells(comparison: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in comparison.items() if key != "position"}
