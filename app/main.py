"""The wiring: the app, and the app in a process of the server."""

import asyncio
import ctypes
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from app.api import errors, openapi
from app.api.resources import modules
from app.api.routing import StrictRoute
from app.database.current_release import Watcher
from app.database.engines import reading_engine
from app.http.access_log import AccessLog
from app.http.cache import ResponseCache
from app.http.limits import LimitsMiddleware
from app.http.memo import RequestMemo
from app.http.protocol import STATE, Shared
from app.http.representation import RepresentationMiddleware
from app.http.request_log import RequestLogMiddleware
from app.http.routes import offers_of
from app.pages import assets, docs
from app.pages.pages import PagesMiddleware, error_page, offer_pages, pages_of
from app.search.current_index import CurrentIndex
from app.settings import Settings

if TYPE_CHECKING:
    from app.http.metrics import Metrics
    from app.http.rate_limit import RateLimit

M_ARENA_MAX = -8
"""An option of glibc's `mallopt`, from its malloc.h."""
ARENAS = 2
"""Heaps that a process allocates from. glibc opens up to eight for each core, and threads leave freed memory in all."""

OTHERS = 3
"""Connections beside those of requests: the event loop's own, the watcher's, the search index's."""


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    engine = reading_engine(
        settings.database_url, settings.threads + settings.max_streams + OTHERS, settings.statement_timeout
    )

    watcher = Watcher(engine, settings.release_interval)
    cache = ResponseCache(settings.cache_bytes)
    rate_limit, metrics = _rate_limit(settings), _metrics(settings)
    # the memo answers without waiting for anything, as for another machine that counts
    memo = RequestMemo(settings.cache_bytes // 2 if rate_limit is None or rate_limit.is_local else 0)
    watcher.subscribe(lambda _tag: cache.clear())
    watcher.subscribe(lambda _tag: memo.clear())
    access_log = AccessLog(settings.log_format, written=settings.access_log, metrics=metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        stop = asyncio.Event()
        watching = asyncio.create_task(watcher.run(stop))
        access_log.start()
        # no more threads than connections: no request waits for one
        current_default_thread_limiter().total_tokens = settings.threads
        yield {STATE: Shared(settings, memo, access_log, rate_limit)}
        stop.set()
        await watching
        await asyncio.to_thread(app.state.search.stop)
        access_log.stop()
        engine.dispose()

    # spans of FastAPI's own would hold what people search for, where another library has set OpenTelemetry up
    silent: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    app = FastAPI(**openapi.INFO, lifespan=lifespan, redirect_slashes=False, telemetry=silent)
    app.state.engine = engine
    app.state.settings = settings
    app.state.access_log = access_log
    app.state.search = CurrentIndex(engine, settings.index_dir, settings.database_url)
    watcher.subscribe(app.state.search.expect)
    errors.install(app)
    routers = (*(module.router for module in modules()), docs.router)
    routes = (route for router in routers for route in router.routes)
    # not `include_router`, which keeps routers apart; routes are tried in order, so those seldom asked for come last
    app.router.routes.extend(sorted(routes, key=lambda route: not isinstance(route, StrictRoute)))
    assets.install(app)
    openapi.install(app)
    pages = pages_of(app.routes)
    offer_pages(app.routes, pages)
    offer_of = offers_of(app.routes)
    # inside the others: pages are cached and sent as what they are made from is
    app.add_middleware(PagesMiddleware, settings=settings, pages=pages, offer_of=offer_of)
    app.add_middleware(
        RepresentationMiddleware,
        settings=settings,
        cache=cache,
        watcher=watcher,
        offer_of=offer_of,
        error_page=error_page,
    )
    app.add_middleware(LimitsMiddleware, settings=settings, rate_limit=rate_limit)
    # outside the others but tracing: it sees and answers what they raise
    app.add_middleware(RequestLogMiddleware, log=access_log, memo=memo, offer_of=offer_of, log_query=settings.log_query)
    if settings.tracing:
        # an extra: not everyone has it installed
        from app.http.tracing import TracingMiddleware  # noqa: PLC0415

        app.add_middleware(TracingMiddleware, offer_of=offer_of)
    return app


def _rate_limit(settings: Settings) -> "RateLimit | None":
    if not settings.rate_limit:
        return None
    # most do without: to load this and the metrics takes a twentieth of the start
    from app.http.rate_limit import RateLimit  # noqa: PLC0415

    return RateLimit(settings.rate_limit, settings.rate_limit_storage)


def _metrics(settings: Settings) -> "Metrics | None":
    if not settings.metrics_port:
        return None
    from app.http.metrics import Metrics  # noqa: PLC0415

    return Metrics()


def create_worker() -> FastAPI:
    """The app; uvicorn calls this in each process that serves."""
    # sent when a terminal closes or by `systemctl reload`; the process that supervises others replaces them
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # another C library has no such option
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
    if parent := multiprocessing.parent_process():

        def stop_with_parent() -> None:
            parent.join()
            # it was killed: nobody would end, replace or count this process, which would hold the port for good
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=stop_with_parent, name="parent", daemon=True).start()
    app = create_app()
    # what is there now stays: a look for garbage among it holds up all connections for a tenth of a second
    gc.freeze()
    return app
