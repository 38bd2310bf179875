"""Refusals outside of the app: too long, too many, failed."""

from starlette.types import Scope, Send

from app.api.errors import MEDIA_TYPE, problem_body
from app.http.exchange import Exchange
from app.http.headers import COMMON, DATA_POLICY, Headers, head_of


def raw_refusal(status: int, detail: str, server_headers: Headers) -> bytes:
    """A whole response in bytes, for a request that is too malformed to reach the app; the connection then closes."""
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


async def refuse(scope: Scope, send: Send, status: int, detail: str, headers: Headers | None = None) -> None:
    """Answer a request with problem details, complete with what every response carries; none of the body for HEAD."""
    exchange = Exchange(scope, send, {})
    await exchange.respond(exchange.problem(status, detail, headers))
