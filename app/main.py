"""create_app(settings): the wiring, nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.routing import Route

from app.api import deprecation, errors, openapi
from app.api.export_routes import export_routes
from app.api.resources import collections, modules
from app.database.current_release import Watcher
from app.database.engines import reading_engine
from app.http.cache import ResponseCache
from app.http.limits import Limits
from app.http.prefix import PathPrefix
from app.http.protocol import STATE_KEY
from app.http.ready import ReadyResponses
from app.http.representation import RepresentationMiddleware
from app.http.request_log import Observability, Routes
from app.http.routes import offers_of
from app.pages import assets, docs
from app.search import Holder
from app.settings import Settings

OTHERS = 3
"""Connections beside those of requests: the event loop's own, the watcher's, the search index's."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API over the database that the settings name."""
    settings = settings or Settings()
    engine = reading_engine(
        settings.database_url, settings.threads + settings.max_streams + OTHERS, settings.statement_timeout
    )

    watcher = Watcher(engine, settings.release_interval)
    cache = ResponseCache(settings.cache_bytes)
    ready = ReadyResponses(settings.cache_bytes)
    watcher.subscribe(lambda _tag: cache.clear())
    watcher.subscribe(lambda _tag: ready.clear())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        stop = asyncio.Event()
        watching = asyncio.create_task(watcher.run(stop))
        # no more threads than connections: no request waits for one
        current_default_thread_limiter().total_tokens = settings.threads
        yield {STATE_KEY: ready} if settings.short_cut else {}
        stop.set()
        await watching
        engine.dispose()

    app = FastAPI(**openapi.INFO, lifespan=lifespan, redirect_slashes=False)
    app.state.engine = engine
    app.state.settings = settings
    app.state.search = Holder()
    watcher.subscribe(app.state.search.expect)
    errors.install(app)
    for router in (*(module.router for module in modules()), docs.router):
        # `include_router` keeps them apart, and asks one after another for every request
        app.router.routes.extend(router.routes)
    app.router.routes.extend(export_routes(collections()))
    assets.install(app)
    deprecation.install(app)
    openapi.install(app)
    app.add_middleware(
        RepresentationMiddleware,
        cache=cache,
        watcher=watcher,
        offer_of=offers_of(app.routes),
        cache_control=f"public, max-age={settings.cache_max_age}, stale-while-revalidate=86400, stale-if-error=604800",
        prefix=PathPrefix(settings.root_path, settings.public_url, settings.trust_forwarded_prefix),
        retry_seconds=settings.database_patience,
        max_streams=settings.max_streams,
        hsts=settings.hsts,
    )
    app.add_middleware(Limits, settings=settings)
    # outside the others: it sees and answers what the others raise
    metrics = None
    if settings.metrics_port:
        # only who asks for metrics need load their library
        from app.http.metrics import Metrics  # noqa: PLC0415

        metrics = Metrics()
    routes = Routes(route.path for route in app.routes if isinstance(route, Route))
    app.add_middleware(Observability, settings=settings, metrics=metrics, routes=routes)
    if settings.tracing:
        # an extra: not everyone has it installed
        from app.http.tracing import Tracing  # noqa: PLC0415

        app.add_middleware(Tracing, routes=routes)
    return app
