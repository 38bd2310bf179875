"""One request and what is answered to it."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app.http.conditional import not_modified
from app.http.headers import Headers
from app.http.ready import Key
from app.http.target import Target

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Exchange:
    """One request being answered: `headers` are the request's, `common` those that every response carries."""

    scope: Scope
    receive: Receive
    send: Send
    headers: dict[bytes, bytes]
    common: Headers
    target: Target
    started: bool = False
    """A stream has begun: too late for another answer."""

    def header(self, name: bytes) -> str | None:
        """A request header's value; several lines of one name are joined by commas (RFC 9110 §5.3)."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def not_modified(self, etag: str, last_modified: str) -> bool:
        """The client holds this representation already."""
        return not_modified(etag, last_modified, self.header(b"if-none-match"), self.header(b"if-modified-since"))

    @property
    def inner_scope(self) -> Scope:
        """What the app is asked: GET also for HEAD, the query in canonical order."""
        if self.scope["method"] not in ("GET", "HEAD"):
            return self.scope
        return {**self.scope, "method": "GET", "query_string": self.target.query_string()}

    @property
    def ready_key(self) -> Key | None:
        """The request as the client wrote it, where its answer depends on nothing else; None where it does."""
        scope = self.scope
        if scope["method"] != "GET" or scope["scheme"] != "http" or scope.get("root_path"):
            return None
        query: bytes = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        return target, self.headers.get(b"accept"), self.headers.get(b"accept-encoding")

    async def respond(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole response; none of the body for HEAD and 304."""
        silent = self.scope["method"] == "HEAD" or status == HTTPStatus.NOT_MODIFIED
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, *self.common]})
        await self.send({"type": "http.response.body", "body": b"" if silent else body})


@dataclass
class Answer:
    """What the app answered, whole."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """A response header's value."""
        return header_of(self.headers, name)


def header_of(headers: Headers, name: bytes) -> bytes | None:
    """The value of the first header of that name."""
    return next((value for key, value in headers if key == name), None)
