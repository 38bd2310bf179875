"""create_app(settings): the wiring, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from app import assets, deprecation, docs, errors, openapi
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
    sources,
    symptoms,
)
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
        health,
    ):
        app.include_router(resource.router)
    app.include_router(docs.router)
    assets.install(app)
    deprecation.install(app)
    openapi.install(app)
    return app
