"""/nutrients/{slug}/food-sources: how much of a nutrient foods contain."""

from functools import lru_cache
from typing import Annotated

from fastapi import Path, Request, Response
from fastapi import Query as QueryParameters
from pydantic import Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.envelopes import page_model
from app.api.parameters import Boolean, Choices, Query
from app.api.queries import column_in, column_is
from app.api.records import redirect_or_404
from app.api.resource import Listing
from app.api.responses import read
from app.api.routing import ExportRoute, Router
from app.database.models import Amount, Record
from app.schemas.common import is_slug
from app.schemas.food_source import FoodAmount, FoodGroup, Standing

router = Router(tags=["Nutrients"])

SUBPATH = "/food-sources"


class AmountFilters(Query):
    group: Annotated[tuple[str, ...], Choices(FoodGroup), column_in("food_group")] = Field(
        default=(), description="Food group.", examples=["leafy-greens"]
    )
    standing: Annotated[tuple[str, ...], Choices(Standing), column_in("standing")] = Field(
        default=(), description="How good a source it is; `unrated`: not measured.", examples=["good"]
    )
    from_article: Annotated[Boolean | None, column_is("from_article")] = Field(
        default=None,
        description="True: only foods that the article on muscle twitching names; false: only the others.",
        examples=[True],
    )


@lru_cache  # the query model of its exports takes milliseconds to make
def listing_of(slug: str) -> Listing:
    """The list of the amounts of one nutrient."""
    return Listing(
        path=f"/nutrients/{slug}{SUBPATH}",
        file_name=f"food-sources-of-{slug}",
        kind="nutrient",
        table=Amount,
        filters=AmountFilters,
        sorts={
            "percent_daily_value": Amount.percent_daily_value,
            "per_serving": Amount.per_serving,
            "per_100g": Amount.per_100g,
            "name": Amount.sort_name,
            "group": Amount.food_group,
        },
        default_sort=("-percent_daily_value",),
        include=("nutrients", "food_sources", "sources"),
        exported="card",
        exported_model=FoodAmount,
        where=lambda _query: [col(Amount.nutrient) == slug],
    )


AmountPageQuery = listing_of("").page_query


@router.get(
    "/nutrients/{slug}/food-sources",
    response_model=page_model("FoodAmountPage", FoodAmount),
    summary="List how much foods contain of a nutrient",
)
async def list_nutrient_food_sources(
    request: Request,
    slug: Annotated[str, Path(description="Slug of the nutrient.", examples=["magnesium"])],
    query: Annotated[AmountPageQuery, QueryParameters()],  # type: ignore[valid-type]
) -> Response:
    """How much foods contain, richest first: per 100 g, per named serving and in percent of the Daily Value.

    Every food on record, those not measured last. Good sources alone: `?standing=high,good`.
    """

    def run(connection: Connection) -> Response:
        return _redirect(connection, request, slug) or listing_of(slug).page(connection, query)

    return await read(request, run)


async def export_nutrient_food_sources(request: Request, format: str) -> Response:
    """The same list, whole."""
    slug = request.path_params["slug"]
    redirect = await read(request, lambda connection: _redirect(connection, request, slug, f".{format}"))
    return redirect or await listing_of(slug).export(request, format)


router.routes.extend(
    ExportRoute("/nutrients/{slug}/food-sources", name, export_nutrient_food_sources) for name in listing_of("").formats
)


def _redirect(connection: Connection, request: Request, slug: str, ending: str = "") -> Response | None:
    """A redirect, or an error, where this is not the slug of a nutrient."""
    selected = select(col(Record.kind)).where(col(Record.slug) == slug)
    # PostgreSQL refuses to compare some texts that are not valid slugs
    if is_slug(slug) and connection.scalar(selected) == "nutrient":
        return None
    return redirect_or_404(connection, "nutrient", slug, request.scope["query_string"], SUBPATH + ending)
