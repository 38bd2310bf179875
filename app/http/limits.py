"""Limits that keep one client, or too many, from harming the others: size, concurrency and, if asked for, rate."""

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.headers import Headers
from app.http.refusal import refuse
from app.settings import Settings

if TYPE_CHECKING:
    from app.http.rate_limit import Rate

UNLIMITED = ("/livez", "/readyz")


class Limits:
    """Answers what exceeds a limit with problem details: 414, 431, 429 or 503."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.running = 0
        self.rate = _rate(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self.app(scope, receive, send)
            return
        if refusal := self._refusal(scope):
            status, detail, extra = refusal
            await refuse(scope, send, status, detail, extra)
            return
        if self.rate:
            allowed, headers = await self.rate.hit(scope)
            send = _with_headers(send, headers)
            if not allowed:
                detail = f"More than {self.rate.item}; try again after Retry-After seconds."
                await refuse(scope, send, 429, detail)
                return
        self.running += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.running -= 1

    def _refusal(self, scope: Scope) -> tuple[int, str, Headers] | None:
        limits = self.settings
        url = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if url > limits.max_url_bytes:
            return 414, f"The URL is {url} bytes long; {limits.max_url_bytes} are allowed.", []
        headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if headers > limits.max_header_bytes:
            return 431, f"The headers are {headers} bytes long; {limits.max_header_bytes} are allowed.", []
        if self.running >= limits.max_concurrency:
            return 503, "Too many requests are being answered; try again later.", [(b"retry-after", b"1")]
        return None


def _rate(settings: Settings) -> "Rate | None":
    if not settings.rate_limit:
        return None
    # only who limits rates need load the library
    from app.http.rate_limit import Rate  # noqa: PLC0415

    return Rate(settings.rate_limit, settings.rate_limit_storage)


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return sending
