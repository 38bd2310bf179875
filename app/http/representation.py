"""The layer that every request meets first: it answers from ready responses, and completes what the routes answer."""

import hashlib
import logging
from collections.abc import Callable
from http import HTTPStatus

from app.api.errors import MEDIA_TYPE, problem_body
from app.database.current_release import Watcher
from app.http.cache import Cache, Entry
from app.http.compression import CODINGS, MIN_SIZE
from app.http.exchange import Answer, App, Exchange, Message, Receive, Scope, Send
from app.http.headers import DATA_POLICY, Headers, common_headers, preflight, without_content
from app.http.negotiation import best_coding, best_media_type
from app.http.patience import Patience
from app.http.ready import ReadyResponses
from app.http.refusal import refuse
from app.http.stream import Stream
from app.http.target import BadTarget, Target, parse_target

log = logging.getLogger(__name__)

# what our own answers never carry, but static files do
RECOMPUTED = (b"content-length", b"etag", b"accept-ranges", b"vary")
TOO_MANY_STREAMS = "Too many whole lists are being sent; try again later, or ask for pages."
FAILURE = "Something went wrong on our side; it has been logged."

VARY = (b"vary", b"Accept, Accept-Encoding")

STREAMED = (".csv", ".ndjson")

Formats = Callable[[str], tuple[str, ...]]
"""The formats that a path offers, by name, with their media types, the default first; None for an unknown path."""


class HttpLayer:
    """Pure ASGI, around the app. `cache_control` is sent with what caches may keep."""

    def __init__(
        self,
        app: App,
        cache: Cache,
        ready: ReadyResponses,
        watcher: Watcher,
        formats: Formats,
        cache_control: str,
        patience: float,
        max_streams: int,
    ) -> None:
        self._app = app
        self._ready = ready
        self._cache = cache
        self._watcher = watcher
        self._formats = formats
        self._patience = Patience(watcher, patience)
        self._max_streams = max_streams
        self._streams = 0
        self._cacheable: Headers = [(b"cache-control", cache_control.encode()), VARY]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b", " + value if name in headers else value
        common = common_headers(scope["scheme"])
        exchange = Exchange(scope, receive, send, headers, common, Target(scope["path"], ()))
        if scope["method"] == "OPTIONS":
            return await exchange.respond(204, preflight(headers.get(b"access-control-request-headers")), b"")
        try:
            raw_path = scope.get("raw_path") or scope["path"].encode()
            exchange.target = parse_target(scope["path"], raw_path, scope["query_string"])
        except BadTarget as error:
            return await refuse(scope, send, 400, str(error))
        if scope["method"] in ("GET", "HEAD"):
            return await self._read(exchange)
        # the app refuses a method that is not ours, in its own words
        return await self._finish(exchange, await self._ask(exchange))

    async def _read(self, exchange: Exchange) -> None:
        """Answer GET or HEAD."""
        offered = self._formats(exchange.target.path)
        chosen = best_media_type(exchange.header(b"accept"), offered) if offered else ""
        if chosen is None:
            return await refuse(
                exchange.scope, exchange.send, 406, f"Nothing in Accept is offered here; there is {', '.join(offered)}."
            )
        exchange.scope["state"]["media_type"] = chosen
        if exchange.target.path.endswith(STREAMED):
            return await self._stream(exchange)
        key = self._watcher.tag, exchange.target, chosen
        kept = self._cache.get(key)
        exchange.scope["state"]["cache"] = "hit" if kept else "miss"
        made = kept or await self._cache.once(key, lambda: self._make(exchange))
        if isinstance(made, Answer):
            return await self._finish(exchange, made)
        return await self._send(exchange, made)

    async def _make(self, exchange: Exchange) -> Entry | Answer:
        """Ask the app; an answer that may be cached becomes an entry of the cache."""
        answer = await self._patience.ask(exchange.scope["state"], lambda: self._ask(exchange))
        control = answer.header(b"cache-control")
        if answer.status != HTTPStatus.OK or (control and not control.startswith(b"public")):
            return answer
        version = (answer.header(b"dataset-version") or b"").decode()
        if version:
            self._watcher.saw(version)
        digest = hashlib.blake2b(answer.body, key=version.encode(), digest_size=12).hexdigest()
        headers = [item for item in answer.headers if item[0] not in RECOMPUTED]
        headers += self._cacheable if control is None else [VARY]
        if not answer.header(b"content-security-policy"):
            headers.append(DATA_POLICY)
        entry = Entry(version, digest, (answer.header(b"last-modified") or b"").decode(), headers, answer.body)
        self._cache.put((self._watcher.tag, exchange.target, exchange.scope["state"]["media_type"]), entry)
        return entry

    async def _send(self, exchange: Exchange, entry: Entry) -> None:
        """Send a representation in the coding that the client prefers, or 304 if the client holds it."""
        codings = CODINGS if len(entry.body) >= MIN_SIZE else ()
        coding = best_coding(exchange.header(b"accept-encoding"), codings)
        if coding is None:
            return await _refuse_coding(exchange)
        body, etag = entry.body_in(coding), entry.etag_of(coding)
        headers = [*entry.headers, (b"etag", etag.encode()), (b"content-length", str(len(body)).encode())]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
        # whoever waited for another's answer may send it after the next release has come
        if exchange.ready_key is not None and entry.version in ("", self._watcher.tag):
            self._ready.put(exchange.ready_key, etag, [*headers, *exchange.common], body)
        if exchange.not_modified(etag, entry.last_modified):
            return await exchange.respond(304, without_content(headers), b"")
        return await exchange.respond(200, headers, body)

    async def _stream(self, exchange: Exchange) -> None:
        """Send a list of any length as the app makes it, without keeping it."""
        coding = best_coding(exchange.header(b"accept-encoding"), CODINGS)
        if coding is None:
            return await _refuse_coding(exchange)
        if self._streams >= self._max_streams:
            return await refuse(exchange.scope, exchange.send, 503, TOO_MANY_STREAMS, [(b"retry-after", b"5")])
        self._streams += 1
        try:
            refused = await self._patience.ask(exchange.scope["state"], lambda: self._pass_on(exchange, coding))
        except Exception:
            if exchange.started:
                raise  # too late for another answer: the connection is cut, so the client sees it is not whole
            log.exception("unexpected error", extra={"path": exchange.target.path})
            return await refuse(exchange.scope, exchange.send, 500, FAILURE)
        finally:
            self._streams -= 1
        if refused is not None:
            return await self._finish(exchange, refused)
        return None

    async def _pass_on(self, exchange: Exchange, coding: str) -> Answer | None:
        """Pass on what the app streams; returns an answer that is no stream."""
        stream = Stream(exchange, coding, [*self._cacheable, DATA_POLICY])
        await self._app(exchange.inner_scope, exchange.receive, stream.send)
        return stream.refused

    async def _ask(self, exchange: Exchange) -> Answer:
        """The app's whole answer; a 500 where it fails."""
        answer, parts = Answer(500, [], b""), []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                parts.append(message.get("body", b""))

        try:
            await self._app(exchange.inner_scope, exchange.receive, collect)
        except Exception:
            log.exception("unexpected error", extra={"path": exchange.target.path})
            body = problem_body(500, FAILURE, exchange.target.path)
            return Answer(500, [(b"content-type", MEDIA_TYPE.encode())], body)
        answer.body = b"".join(parts)
        return answer

    async def _finish(self, exchange: Exchange, answer: Answer) -> None:
        """Send what no cache of ours keeps: errors, redirects, health."""
        headers = list(answer.headers)
        if not answer.header(b"cache-control"):
            headers.append((b"cache-control", b"no-store"))
        if not answer.header(b"content-security-policy"):
            headers.append(DATA_POLICY)
        await exchange.respond(answer.status, headers, answer.body)


async def _refuse_coding(exchange: Exchange) -> None:
    names = ", ".join(CODINGS)
    detail = f"Nothing in Accept-Encoding is offered here; there is {names}, identity."
    await refuse(exchange.scope, exchange.send, 406, detail)
