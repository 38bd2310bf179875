"""Request ids, the access log and the counting of requests, around everything else but tracing."""

import logging
import re
from itertools import count
from os import urandom
from time import perf_counter, time
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import FAILURE
from app.http.access_log import AccessLog, LoggedRequest
from app.http.exchange import refuse
from app.http.headers import Headers
from app.http.log_format import request_id
from app.http.memo import RequestMemo
from app.http.routes import OfferOf, template_of

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
HEADER = b"x-request-id"
MAX_PATH = 300
COUNTED = (b"ratelimit", b"ratelimit-policy")
"""Headers that are another request's in the next answer."""
CLIENT_HAS_GONE = 499
"""What is logged, as nginx does, where a client went away before it was answered."""

errors = logging.getLogger("app.error")

_process = urandom(6).hex()
_numbers = count()


def new_request_id() -> str:
    """An id that no other request has: random for each process, numbered within."""
    return f"{_process}{next(_numbers):08x}"


class RequestLogMiddleware:
    """Gives each request an id, answers what nothing else caught, logs and counts. Outside of it is tracing alone.

    Inner layers say in `scope["state"]` how the lookup in the `cache` went, and whether the answer may be remembered
    (`is_memorable`); the server's protocol puts the bytes of the request and the generation of the memo there
    (`memo_key`) where they came alone and whole.
    """

    def __init__(self, app: ASGIApp, log: AccessLog, memo: RequestMemo, offer_of: OfferOf, *, log_query: bool) -> None:
        self.app = app
        self.log = log
        self.memo = memo
        self.offer_of = offer_of
        self.log_query = log_query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        state = scope.setdefault("state", {})
        client_id = next((value for name, value in scope["headers"] if name == HEADER), b"")
        identifier = client_id.decode() if REQUEST_ID.fullmatch(client_id) else new_request_id()
        token = request_id.set(identifier)
        sent = SentResponse(send, identifier)
        try:
            await self.app(scope, receive, sent)
        except Exception:
            errors.exception("Unexpected error")
            if sent.status:
                raise
            await refuse(scope, sent, 500, FAILURE)
        finally:
            request = self._logged(scope, sent)
            if self.log.wanted:
                self.log.add(time(), perf_counter() - started, identifier, request)
            if state.get("is_memorable") and "memo_key" in state:
                asked, generation = state["memo_key"]
                headers = [line for line in sent.headers if line[0] not in COUNTED]
                self.memo.put(asked, generation, sent.status, headers, sent.body, request)
            request_id.reset(token)

    def _logged(self, scope: Scope, sent: "SentResponse") -> LoggedRequest:
        path = quote(scope["path"])[:MAX_PATH]
        if self.log_query and scope["query_string"]:
            path += "?" + quote(scope["query_string"], safe="&=%,+-")[:MAX_PATH]
        route, cache = template_of(self.offer_of(scope["path"])), scope["state"].get("cache")
        return LoggedRequest(scope["method"], path, route, sent.status or CLIENT_HAS_GONE, sent.bytes, cache)


class SentResponse:
    """Sends what it is given, adds the request's id, and keeps what the log and the memo need."""

    def __init__(self, send: Send, identifier: str) -> None:
        self.send = send
        self.identifier = identifier
        self.status = 0
        self.headers: Headers = []
        self.body = b""
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
            MutableHeaders(scope=message)["X-Request-ID"] = self.identifier
        else:
            self.body = message.get("body", b"")
            self.bytes += len(self.body)
        await self.send(message)
