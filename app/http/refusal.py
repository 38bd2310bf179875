"""Refusals outside of the app: too long, too many, failed."""

from starlette.types import Scope, Send

from app.http.exchange import Exchange
from app.http.headers import Headers


async def refuse(scope: Scope, send: Send, status: int, detail: str, headers: Headers | None = None) -> None:
    """Answer a request with problem details, complete with what every response carries; none of the body for HEAD."""
    exchange = Exchange(scope, send, {})
    await exchange.respond(exchange.problem(status, detail, headers))
