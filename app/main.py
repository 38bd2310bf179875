"""create_app(settings): the wiring, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from app import errors, openapi
from app.db import reading_engine
from app.parameters import strict_query
from app.resources import (
    claims,
    comparison,
    dataset,
    faq,
    food_sources,
    health,
    interactions,
    lifestyle_factors,
    mechanisms,
    nutrients,
    search,
    sources,
    symptoms,
)
from app.search import Holder
from app.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API over the database that the settings name."""
    settings = settings or Settings()
    engine = reading_engine(settings.database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(**openapi.ABOUT, lifespan=lifespan, dependencies=[Depends(strict_query)])
    app.state.engine = engine
    app.state.settings = settings
    app.state.search = Holder()
    errors.install(app)
    for resource in (
        dataset,
        nutrients,
        mechanisms,
        food_sources,
        lifestyle_factors,
        faq,
        symptoms,
        interactions,
        claims,
        sources,
        comparison,
        search,
        health,
    ):
        app.include_router(resource.router)
    openapi.install(app)
    return app
