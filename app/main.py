"""create_app(settings): the wiring, nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from starlette.routing import Route

from app import errors, openapi
from app.db import reading_engine
from app.limits import Limits
from app.metrics import Metrics
from app.observability import Observability, Routes
from app.parameters import strict_query
from app.resources import (
    changes,
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

RESOURCES = (
    dataset,
    changes,
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
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API over the database that the settings name."""
    settings = settings or Settings()
    engine = reading_engine(settings.database_url, settings.threads, settings.statement_timeout)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # as many threads as connections: no request waits for a connection, and none lies idle
        current_default_thread_limiter().total_tokens = settings.threads
        yield
        engine.dispose()

    app = FastAPI(**openapi.ABOUT, lifespan=lifespan, dependencies=[Depends(strict_query)])
    app.state.engine = engine
    app.state.settings = settings
    errors.install(app)
    for resource in RESOURCES:
        app.include_router(resource.router)
    openapi.install(app)
    app.add_middleware(Limits, settings=settings)
    # outside the others: it sees and answers what the others raise
    metrics = Metrics() if settings.metrics_port else None
    every = [*app.routes, *(route for resource in RESOURCES for route in resource.router.routes)]
    routes = Routes(route.path for route in every if isinstance(route, Route))
    app.add_middleware(Observability, settings=settings, metrics=metrics, routes=routes)
    if settings.tracing:
        # an extra: not everyone has it installed
        from app.tracing import Tracing  # noqa: PLC0415

        app.add_middleware(Tracing, routes=routes)
    return app
