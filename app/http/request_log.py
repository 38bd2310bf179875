"""Request ids, the access log and the counting of requests, around everything else."""

import logging
import re
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.log_format import request_id
from app.http.refusal import refuse
from app.settings import Settings

if TYPE_CHECKING:
    from app.http.metrics import Metrics

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
HEADER = b"x-request-id"
MAX_PATH = 300

access = logging.getLogger("app.access")
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


class Observability:
    """Gives each request an id, answers what nothing else caught, logs and counts. To be the outermost layer.

    An inner layer may say how a lookup in its cache went: `scope["state"]["cache"] = "hit"`.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: "Metrics | None", routes: Routes) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        state = scope.setdefault("state", {})
        identifier = state["request_id"] = _identifier(scope)
        token = request_id.set(identifier)
        answer = Answer(send, identifier)
        try:
            await self._pass_on(scope, receive, answer)
        finally:
            self._note(scope, answer, perf_counter() - started)
            request_id.reset(token)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: "Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except Exception:
            errors.exception("Unexpected error")
            if answer.status:
                raise
            await refuse(scope, answer, 500, "Something went wrong on our side; it has been logged.")

    def _note(self, scope: Scope, answer: "Answer", seconds: float) -> None:
        route = self.routes.of(scope["path"])
        status = answer.status or 500
        cache = scope["state"].get("cache")
        if self.metrics:
            self.metrics.answered(scope["method"], route, status, seconds, cache)
        if not self.settings.access_log:
            return
        path = quote(scope["path"])[:MAX_PATH]
        if self.settings.log_query and scope["query_string"]:
            path += "?" + quote(scope["query_string"], safe="&=%,+-")[:MAX_PATH]
        fields = {
            "method": scope["method"],
            "path": path,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "bytes": answer.bytes,
            "cache": cache,
        }
        access.info("%s %s %d", fields["method"], path, status, extra={"fields": fields})


class Answer:
    """Sends what it is given, adds the request's id, and keeps what the log needs."""

    def __init__(self, send: Send, identifier: str) -> None:
        self.send = send
        self.identifier = identifier
        self.status = 0
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Request-ID"] = self.identifier
        else:
            self.bytes += len(message.get("body", b""))
        await self.send(message)


def _identifier(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid4().hex
