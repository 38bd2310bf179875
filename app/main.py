"""create_app(settings): the wiring, nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI

from app import errors, openapi
from app.db import reading_engine
from app.http.cache import Cache
from app.http.layer import HttpLayer
from app.http.protocol import STATE_KEY
from app.http.ready import ReadyResponses
from app.http.routes import formats_of
from app.parameters import strict_query
from app.release import Watcher
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

    watcher = Watcher(engine, settings.release_interval)
    cache = Cache(settings.cache_bytes)
    ready = ReadyResponses(settings.cache_bytes)
    watcher.subscribe(lambda _tag: cache.clear())
    watcher.subscribe(lambda _tag: ready.clear())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        stop = asyncio.Event()
        watching = asyncio.create_task(watcher.run(stop))
        yield {STATE_KEY: ready}
        stop.set()
        await watching
        engine.dispose()

    app = FastAPI(**openapi.ABOUT, lifespan=lifespan, redirect_slashes=False, dependencies=[Depends(strict_query)])
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
    openapi.install(app)
    app.add_middleware(
        HttpLayer,
        cache=cache,
        ready=ready,
        watcher=watcher,
        formats=formats_of(app),
        cache_control=f"public, max-age={settings.cache_max_age}, stale-while-revalidate=86400, stale-if-error=604800",
    )
    return app
