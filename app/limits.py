"""Limits that keep one client, or too many, from harming the others: size, concurrency and, if asked for, rate."""

from ipaddress import IPv6Address, ip_address
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.headers import Headers
from app.http.refusal import refuse
from app.settings import Settings

UNLIMITED = ("/livez", "/readyz")


class Limits:
    """Answers what exceeds a limit with problem details: 414, 431, 429 or 503."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.running = 0
        self.rate = Rate(settings.rate_limit, settings.rate_limit_storage) if settings.rate_limit else None

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


class Rate:
    """How often one client may ask; each answer says how often it still may."""

    def __init__(self, limit: str, storage: str) -> None:
        self.item: RateLimitItem = parse(limit)
        store = storage_from_string(f"async+{storage}")
        assert isinstance(store, Storage)
        self.limiter = SlidingWindowCounterRateLimiter(store)

    async def hit(self, scope: Scope) -> tuple[bool, dict[str, str]]:
        """Count a request: whether it is allowed, and the headers that tell."""
        client = client_of(scope)
        allowed = await self.limiter.hit(self.item, client)
        window = await self.limiter.get_window_stats(self.item, client)
        seconds = max(1, ceil(window.reset_time - time()))
        headers = {
            "RateLimit-Policy": f'"default";q={self.item.amount};w={self.item.get_expiry()}',
            "RateLimit": f'"default";r={max(0, window.remaining)};t={seconds}',
        }
        return allowed, headers if allowed else {**headers, "Retry-After": str(seconds)}


def client_of(scope: Scope) -> str:
    """Whom a request is counted for: an address, or the network of one subscriber where it is IPv6."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return f"{int(address) >> 64:x}::/64" if isinstance(address, IPv6Address) else str(address)


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return sending
