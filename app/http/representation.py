"""The layer around the pages and routes: it answers from the response cache and completes what they answer."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import FAILURE, MEDIA_TYPE
from app.api.exports import MEDIA_TYPES
from app.database.current_release import Watcher
from app.database.engines import explain, is_transient
from app.http.cache import CachedResponse, Key, ResponseCache
from app.http.conditional import range_for
from app.http.exchange import AppResponse, Exchange
from app.http.headers import COMMON, Headers, preflight
from app.http.negotiation import best_media_type
from app.http.prefix import body_with_prefix, prefix_of, with_server, without_prefix
from app.http.routes import Offer, OfferOf
from app.http.streams import Collector, StreamSlots
from app.http.target import BadTarget, Target, parse_target
from app.settings import Settings

log = logging.getLogger(__name__)

RECOMPUTED = (b"etag", b"accept-ranges", b"vary")
"""Headers that the layer sets by itself."""

VARY = (b"vary", b"Accept, Accept-Encoding")

DESCRIPTION = "/openapi.json"

EXPORTS = tuple(f".{name}" for name in MEDIA_TYPES)

AS_JSON = ".json"
"""After the path of a page: what it is made from. Nobody can choose `Accept` in a link."""

ErrorPage = Callable[[bytes], tuple[Headers, bytes]]
"""Makes a page of problem details: its headers and its body."""


class RepresentationMiddleware:
    """Pure ASGI, around the app.

    `scope["state"]` tells the app the chosen `media_type`, outer layers how the lookup in the `cache` went, and the
    request log by `is_memorable` that the response depends on nothing but the bytes of the request and the release.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        cache: ResponseCache,
        watcher: Watcher,
        offer_of: OfferOf,
        error_page: ErrorPage | None = None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._cache = cache
        self._watcher = watcher
        self._offer_of = offer_of
        self._error_page = error_page
        self._slots = StreamSlots(settings.max_streams)
        control = f"public, max-age={settings.cache_max_age}, stale-while-revalidate=86400, stale-if-error=604800"
        self._cacheable: Headers = [(b"cache-control", control.encode()), VARY]
        hsts = [(b"strict-transport-security", settings.hsts.encode())] if settings.hsts else []
        self._over_tls: Headers = [*COMMON, *hsts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = _joined(scope["headers"])
        common = self._over_tls if scope["scheme"] == "https" else COMMON
        exchange = Exchange(scope, send, headers, common, prefix_of(headers, self._settings))
        scope.setdefault("state", {})
        if scope["method"] == "OPTIONS":
            requested = headers.get(b"access-control-request-headers", "").encode("latin-1")
            return await exchange.respond(AppResponse(204, preflight(requested)))
        try:
            target = parse_target(scope["path"], scope.get("raw_path") or scope["path"].encode(), scope["query_string"])
        except BadTarget as error:
            return await self._respond(exchange, exchange.problem(400, str(error)))
        # in the request's own scope, too: the log names the route by it
        scope["path"] = without_prefix(target.path, exchange.prefix, self._offer_of)
        shown = scope["path"].removesuffix(AS_JSON)
        if shown != scope["path"] and len(getattr(self._offer_of(shown), "media_types", ())) > 1:
            scope["path"] = shown
            headers[b"accept"] = "application/json"
        exchange.target = Target(scope["path"], target.pairs)
        if scope["method"] in ("GET", "HEAD"):
            made = await self._read(exchange, receive)
        else:
            # the app refuses a method that is not ours, in its own words
            made = await self._ask(exchange)
        if isinstance(made, CachedResponse):
            return await self._send(exchange, made)
        return await self._respond(exchange, made) if made else None

    async def _respond(self, exchange: Exchange, response: AppResponse) -> None:
        """Send what is not cached; an error as a page to those who prefer one."""
        if self._error_page and response.header(b"content-type") == MEDIA_TYPE:
            offered = ("application/json", "text/html")
            if best_media_type(exchange.headers.get(b"accept"), offered) == "text/html":
                own, body = self._error_page(response.body)
                kept = [item for item in response.headers if item[0] != b"content-type"]
                body = body_with_prefix(body, "text/html", exchange.prefix) if exchange.prefix else body
                response = AppResponse(response.status, [*kept, *own], body)
        await exchange.respond(response)

    async def _read(self, exchange: Exchange, receive: Receive) -> CachedResponse | AppResponse | None:
        """What to answer GET or HEAD with; None where that was streamed."""
        path = exchange.target.path
        offer = self._offer_of(path)
        if offer is None and path.endswith("/") and self._offer_of(path[:-1]):
            return _without_slash(exchange)
        if offer and offer.media_types:
            # who asks for a path with an extension has chosen the format, whatever a client's default `Accept` says
            accept = None if "." in path.rpartition("/")[2] else exchange.headers.get(b"accept")
            chosen = best_media_type(accept, offer.media_types)
            if chosen is None:
                return exchange.problem(406, self._offered(path, offer))
            exchange.scope["state"]["media_type"] = chosen
            if chosen == "text/html" and offer.parameters is not None:
                # people's links carry parameters of other sites (utm_source, fbclid), forms empty ones
                exchange.target = exchange.target.keep(offer.parameters)
        elif offer:
            # a file: a query changes nothing about it, and must not fill the cache
            exchange.target = Target(path)
        key = self._key(exchange)
        cached = self._cache.get(key)
        exchange.scope["state"]["cache"] = "hit" if cached else "miss"
        if cached:
            return cached
        if offer and offer.streamed:
            return await self._make(exchange, receive)
        return await self._cache.once(key, lambda: self._make(exchange))

    def _key(self, exchange: Exchange) -> Key:
        media_type = exchange.scope["state"].get("media_type", "")
        return self._watcher.tag, exchange.prefix, media_type, str(exchange.target)

    async def _make(self, exchange: Exchange, receive: Receive | None = None) -> CachedResponse | AppResponse | None:
        """Ask the app; a complete 200 that may be cached is cached. None where it was streamed."""
        tag = self._watcher.tag
        response = await self._ask(exchange, receive)
        if response is None or response.status != HTTPStatus.OK or response.is_final:
            return response
        control = response.header(b"cache-control")
        if control and not control.startswith("public"):
            return response
        version = response.header(b"dataset-version")
        if version and tag == self._watcher.tag:
            self._watcher.saw(version)
        headers = [item for item in response.headers if item[0] not in RECOMPUTED]
        headers += [VARY] if control else self._cacheable
        body = response.body
        if exchange.target.path == DESCRIPTION:
            body = with_server(body, self._settings.public_url or exchange.prefix or "/")
        digest = hashlib.blake2b(version.encode() + b"\n" + body, digest_size=12).hexdigest()
        cached = CachedResponse(digest, headers, body)
        # a release may have come in the meantime
        if version in ("", self._watcher.tag):
            self._cache.put(self._key(exchange), cached)
        return cached

    async def _send(self, exchange: Exchange, cached: CachedResponse) -> None:
        """Send a representation, the part of it that the client asks for, or what its preconditions lead to."""
        headers, key = [*cached.headers, (b"accept-ranges", b"bytes")], self._key(exchange)
        coding, response = exchange.select(headers, cached.digest, len(cached.body))
        if coding:
            response.body = await self._cache.body(key, cached, coding)
        if coding and exchange.scope["method"] == "GET" and b"range" in exchange.headers:
            response = _part(exchange, response)
        forwarded = any(name.startswith((b"x-forwarded", b"forwarded")) for name in exchange.headers)
        is_pure = response.status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED) and not forwarded
        exchange.scope["state"]["is_memorable"] = is_pure and self._cache.get(key) is cached
        await self._respond(exchange, response)

    async def _ask(self, exchange: Exchange, receive: Receive | None = None) -> AppResponse | None:
        """The app's response, asked for again while the database restarts; None where it was streamed."""
        began, attempt = monotonic(), 1
        while True:
            try:
                return await self._run(exchange, receive)
            except Exception as error:
                if exchange.started:
                    raise  # too late for another response: the connection is cut, so the client sees it is not whole
                if not isinstance(error, DBAPIError):
                    log.exception("unexpected error", extra={"path": exchange.target.path})
                    return exchange.problem(500, FAILURE)
                pause = min(0.05 * 2**attempt, 1)
                # a database that has been away for long is asked once
                away_since = min(began, self._watcher.gone_since or began)
                is_too_late = monotonic() + pause - away_since > self._settings.database_patience
                # a connection that was lost while nobody used it tells nothing of the database
                was_idle = attempt == 1 and error.connection_invalidated
                if not is_transient(error) or (is_too_late and not was_idle):
                    return exchange.problem(503, explain(error), [(b"retry-after", b"5")])
            await asyncio.sleep(pause)
            attempt += 1

    async def _run(self, exchange: Exchange, receive: Receive | None) -> AppResponse | None:
        """The app's response. Only with `receive` it may be streamed, and the app notices that the client has gone."""
        client_has_gone = has_begun = False

        async def receiving() -> Message:
            nonlocal client_has_gone, has_begun
            if receive:
                message = await receive()
                client_has_gone = message["type"] == "http.disconnect"
                return message
            if has_begun:
                await asyncio.Event().wait()
            has_begun = True
            return {"type": "http.request", "body": b"", "more_body": False}

        collector = Collector(exchange, self._slots, self._cacheable, may_stream=receive is not None)
        try:
            async with collector.timeout:
                await self._app(exchange.inner_scope, receiving, collector.send)
        except Exception as error:
            if collector.timeout.expired():
                log.warning("a slow export was cut for another", extra={"path": exchange.target.path})
            elif collector.response is None or not collector.response.is_final:
                if isinstance(error, DBAPIError) and exchange.started:
                    raise RuntimeError("the database failed while an export was sent") from error  # no retry
                raise
            # else it is `Enough`, or what a framework raised instead: `collector.response` is to be sent
        finally:
            self._slots.leave(collector)
        if collector.response is None and not exchange.started and not client_has_gone:
            raise RuntimeError("the app ended without a whole response")
        return collector.response

    def _offered(self, path: str, offer: Offer) -> str:
        exports = [path + ending for ending in EXPORTS if getattr(self._offer_of(path + ending), "streamed", False)]
        also = f"; the whole list is at {', '.join(exports)}" if exports else ""
        return f"Nothing in Accept is offered here; there is {', '.join(offer.media_types)}{also}."


def _joined(lines: Headers) -> dict[bytes, str]:
    """Headers by name; several lines of one name are joined by commas (RFC 9110 §5.3)."""
    headers: dict[bytes, str] = {}
    for name, value in lines:
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _part(exchange: Exchange, whole: AppResponse) -> AppResponse:
    """The part of a response that `Range` asks for, or the whole; 416 where there is none such."""
    size = len(whole.body)
    part = range_for(exchange.headers, whole.header(b"etag"), whole.header(b"last-modified"), size)
    if part is None:
        return whole
    if not part:
        outside = "The range lies outside of the representation."
        return exchange.problem(416, outside, [(b"content-range", b"bytes */%d" % size)])
    headers = [*whole.headers, (b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, size))]
    return AppResponse(206, headers, whole.body[part.start : part.stop])


def _without_slash(exchange: Exchange) -> AppResponse:
    location = exchange.prefix + quote(exchange.target.path[:-1])
    if query := exchange.scope["query_string"]:
        location += "?" + quote(query, safe="%&=+,:;@/?!$'()*[]~")
    return AppResponse(308, [(b"location", location.encode())])
