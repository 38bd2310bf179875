"""How often one client may ask: counted by the `limits` library, which is loaded only where a limit is set."""

from ipaddress import IPv6Address, ip_address
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string
from starlette.types import Scope


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
