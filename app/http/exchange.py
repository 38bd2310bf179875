"""One request and what is answered to it."""

from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from starlette.types import Scope, Send

from app.api.errors import MEDIA_TYPE, problem_body
from app.http.compression import CODINGS, coding_for
from app.http.conditional import status_for
from app.http.headers import COMMON, DATA_POLICY, OF_CONTENT, Headers, head_of
from app.http.target import Target


@dataclass
class AppResponse:
    """What the app answered, whole; `is_final` where it is to be sent as it is, neither cached nor encoded."""

    status: int
    headers: Headers
    body: bytes = b""
    is_final: bool = False

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


@dataclass
class Exchange:
    """One request being answered. `prefix` is the path below which the API is served, `common` every response's."""

    scope: Scope
    send: Send
    headers: dict[bytes, str]
    common: Headers = field(default_factory=lambda: COMMON)
    prefix: str = ""
    target: Target = Target("/")  # noqa: RUF009 - frozen
    started: bool = False
    """The response has begun: too late for another."""

    @property
    def inner_scope(self) -> Scope:
        """What the app is asked. It sees no header: its answer cannot depend on what the cache key lacks."""
        path = self.target.path
        return {
            **self.scope,
            "method": "GET" if self.scope["method"] == "HEAD" else self.scope["method"],
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": self.target.query_string.encode(),
            "headers": [],
        }

    def problem(self, status: int, detail: str, headers: Headers | None = None) -> AppResponse:
        body = problem_body(status, detail, self.prefix + self.scope["path"])
        return AppResponse(status, [(b"content-type", MEDIA_TYPE.encode()), *(headers or [])], body)

    def select(self, headers: Headers, digest: str, size: int) -> tuple[str, AppResponse]:
        """The coding of a representation that the client prefers, and the response without a body: 200, or 304, or a
        problem where nothing is acceptable or a precondition fails.
        """
        whole = AppResponse(200, headers)
        coding = coding_for(self.headers.get(b"accept-encoding"), whole.header(b"content-type"), size)
        if coding is None:
            offered = ", ".join((*CODINGS, "identity"))
            return "", self.problem(406, f"Nothing in Accept-Encoding is offered here; there is {offered}.")
        # bytes differ between codings, so tags do (RFC 9110 §8.8.3.3)
        etag = f'"{digest}"' if coding == "identity" else f'"{digest}-{coding}"'
        status = status_for(self.headers, etag, whole.header(b"last-modified"))
        if status == HTTPStatus.PRECONDITION_FAILED:
            return "", self.problem(
                412, "The representation is not the one that If-Match or If-Unmodified-Since names."
            )
        headers = [*headers, (b"etag", etag.encode())]
        if status == HTTPStatus.NOT_MODIFIED:
            return "", AppResponse(304, [item for item in headers if item[0] not in OF_CONTENT])
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
        return coding, AppResponse(200, headers)

    async def respond(self, response: AppResponse) -> None:
        """Send a whole response; none of the body for HEAD, 204 and 304."""
        bodiless = response.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        defaults = [(b"cache-control", b"no-store"), DATA_POLICY]
        if not bodiless:
            defaults.append((b"content-length", b"%d" % len(response.body)))
        names = {name for name, _ in response.headers}
        headers = [*response.headers, *(item for item in defaults if item[0] not in names), *self.common]
        self.started = True
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = b"" if bodiless or self.scope["method"] == "HEAD" else response.body
        await self.send({"type": "http.response.body", "body": body})


async def refuse(scope: Scope, send: Send, status: int, detail: str, headers: Headers | None = None) -> None:
    """Answer with problem details a request that does not reach the app."""
    exchange = Exchange(scope, send, {})
    await exchange.respond(exchange.problem(status, detail, headers))


def raw_refusal(status: int, detail: str, server_headers: Headers) -> bytes:
    """A whole response in bytes, for a request that is too malformed for a scope; the connection then closes."""
    body = problem_body(status, detail, "/")
    headers: Headers = [
        *server_headers,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        DATA_POLICY,
        *COMMON,
    ]
    return b"%s\r\n%s" % (head_of(status, headers), body)
