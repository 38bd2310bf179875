"""Limits that keep one client, or too many, from harming the others: size, concurrency and, if asked for, rate."""

import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.exchange import refuse
from app.http.headers import Headers
from app.settings import Settings

if TYPE_CHECKING:
    from app.http.rate_limit import RateLimit

UNLIMITED = ("/livez", "/readyz")

HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%-]*(:\d{0,5})?|\[[0-9A-Fa-f:.]+\](:\d{0,5})?")


class LimitsMiddleware:
    """Answers what is malformed or exceeds a limit with problem details: 400, 414, 431, 429 or 503."""

    def __init__(self, app: ASGIApp, settings: Settings, rate_limit: "RateLimit | None") -> None:
        self.app = app
        self.settings = settings
        self.rate_limit = rate_limit
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refusal := self._refusal(scope):
            await refuse(scope, send, *refusal)
            return
        # a preflight asks on behalf of a request that is counted itself
        if scope["path"] in UNLIMITED or scope["method"] == "OPTIONS":
            await self.app(scope, receive, send)
            return
        if self.running >= self.settings.max_concurrency:
            detail = "Too many requests are being answered; try again later."
            await refuse(scope, send, 503, detail, [(b"retry-after", b"1")])
            return
        if self.rate_limit:
            allowed, headers = await self.rate_limit.hit(scope["client"][0] if scope.get("client") else "")
            send = _with_headers(send, headers)
            if not allowed:
                limits = " or ".join(map(str, self.rate_limit.items))
                await refuse(scope, send, 429, f"More than {limits}; try again after Retry-After seconds.")
                return
        self.running += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.running -= 1

    def _refusal(self, scope: Scope) -> tuple[int, str, Headers] | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        # RFC 9112 §3.2
        if len(hosts) > 1 or (not hosts and scope.get("http_version", "1.1") == "1.1"):
            return 400, "Send exactly one Host header.", [(b"connection", b"close")]
        if hosts and not HOST.fullmatch(hosts[0]):
            return 400, "The Host header is not a valid host.", [(b"connection", b"close")]
        most = self.settings.max_url_bytes
        if (size := len(scope.get("raw_path") or b"") + len(scope["query_string"])) > most:
            return 414, f"The URL is {size} bytes long; {most} are allowed.", []
        most = self.settings.max_header_bytes
        if (size := sum(len(name) + len(value) + 4 for name, value in scope["headers"])) > most:
            return 431, f"The headers are {size} bytes long; {most} are allowed.", []
        return None


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return sending
