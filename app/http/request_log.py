"""Request ids, the access log and the counting of requests, around everything else."""

import logging
import re
from collections.abc import Iterable
from time import perf_counter, time
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import FAILURE
from app.http.access_log import AccessLog, LoggedRequest
from app.http.log_format import request_id
from app.http.memo import RequestMemo
from app.http.refusal import refuse
from app.http.request_id import new_request_id

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
HEADER = b"x-request-id"
MAX_PATH = 300
CLIENT_HAS_GONE = 499
"""What is logged, as nginx does, where a client went away before it was answered."""

errors = logging.getLogger("app.error")


class Routes:
    """The templates of an app's paths."""

    def __init__(self, templates: Iterable[str]) -> None:
        known = list(templates)
        self.fixed = frozenset(path for path in known if "{" not in path)
        self.others = {_shape(path): path for path in known if "{" in path}

    def of(self, path: str) -> str:
        """The template of a path: `/nutrients/{slug}`; `unmatched` where there is none."""
        return path if path in self.fixed else self.others.get(_shape(path), "unmatched")


def _shape(path: str) -> tuple[str, int, str]:
    """Collection, depth and what lies below a record: what tells the templates with a slug apart."""
    parts = path.split("/")
    return parts[1] if len(parts) > 1 else "", len(parts), "/".join(parts[3:])


class RequestLogMiddleware:
    """Gives each request an id, answers what nothing else caught, logs and counts. To be the outermost layer.

    Inner layers say in `scope["state"]` how the lookup in the `cache` went, and whether the answer may be remembered
    (`is_memorable`); the server's protocol puts the bytes of the request and the generation of the memo there
    (`memo_key`) where they came alone and whole.
    """

    def __init__(self, app: ASGIApp, log: AccessLog, memo: RequestMemo, routes: Routes, *, log_query: bool) -> None:
        self.app = app
        self.log = log
        self.memo = memo
        self.routes = routes
        self.log_query = log_query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        state = scope.setdefault("state", {})
        identifier = state["request_id"] = _identifier(scope)
        token = request_id.set(identifier)
        sent = SentResponse(send, identifier)
        try:
            await self._pass_on(scope, receive, sent)
        finally:
            request = self._logged(scope, sent)
            if self.log.wanted:
                self.log.add(time(), perf_counter() - started, identifier, request)
            if state.get("is_memorable") and "memo_key" in state:
                # the rate limit is asked each time
                headers = [item for item in sent.headers if not item[0].startswith(b"ratelimit")]
                asked, generation = state["memo_key"]
                self.memo.put(asked, generation, sent.status, headers, sent.body, request)
            request_id.reset(token)

    async def _pass_on(self, scope: Scope, receive: Receive, sent: "SentResponse") -> None:
        try:
            await self.app(scope, receive, sent)
        except Exception:
            errors.exception("Unexpected error")
            if sent.status:
                raise
            await refuse(scope, sent, 500, FAILURE)

    def _logged(self, scope: Scope, sent: "SentResponse") -> LoggedRequest:
        path = quote(scope["path"])[:MAX_PATH]
        if self.log_query and scope["query_string"]:
            path += "?" + quote(scope["query_string"], safe="&=%,+-")[:MAX_PATH]
        cache = scope["state"].get("cache")
        return LoggedRequest(
            scope["method"], path, self.routes.of(scope["path"]), sent.status or CLIENT_HAS_GONE, sent.bytes, cache
        )


class SentResponse:
    """Sends what it is given, adds the request's id, and keeps what the log and the memo need."""

    def __init__(self, send: Send, identifier: str) -> None:
        self.send = send
        self.identifier = identifier
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
            MutableHeaders(scope=message)["X-Request-ID"] = self.identifier
        else:
            self.body = message.get("body", b"")
            self.bytes += len(self.body)
        await self.send(message)


def _identifier(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else new_request_id()
