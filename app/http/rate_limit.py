"""How often one client may ask: counted by the `limits` library, in each process or in a Redis that all share."""

import logging
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic, time

from limits import parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool

MEMORY = "memory://"

TIMEOUT = 1.0
"""Seconds that Redis may take, and for which it is not asked again after it did not answer."""

log = logging.getLogger(__name__)


class RateLimit:
    """Limits such as `5/second;100/minute`, all of which hold; each answer tells how often a client may still ask."""

    def __init__(self, limits: str, storage: str = MEMORY) -> None:
        """`limits.errors.ConfigurationError` where the storage is not supported, or its library is not installed."""
        # what a short limit refuses does not count for a longer one
        self.items = sorted(parse_many(limits), key=lambda item: item.get_expiry())
        self.is_local = storage == MEMORY
        timeouts = {} if self.is_local else {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        self.limiter = SlidingWindowCounterRateLimiter(storage_from_string(storage, wrap_exceptions=True, **timeouts))
        self._away_until = 0.0

    async def hit(self, host: str) -> tuple[bool, dict[str, str]]:
        """Count a request of a client: whether it is allowed, and the headers that tell.

        While Redis is away all is allowed: an API that answers too often is better than one that does not answer.
        """
        if self.is_local:
            return self.hit_now(host)
        if monotonic() < self._away_until:
            return True, {}
        try:
            answer = await run_in_threadpool(self.hit_now, host)
        except StorageError as error:
            if not self._away_until:
                log.warning("RATE_LIMIT_STORAGE does not answer, nobody is limited: %s", error)
            self._away_until = monotonic() + TIMEOUT
            return True, {}
        if self._away_until:
            log.warning("RATE_LIMIT_STORAGE answers again")
            self._away_until = 0.0
        return answer

    def hit_now(self, host: str) -> tuple[bool, dict[str, str]]:
        """As `hit`, waiting for the storage: without delay where `is_local`."""
        client = client_of(host)
        allowed = all(self.limiter.hit(item, client) for item in self.items)
        stats = [self.limiter.get_window_stats(item, client) for item in self.items]
        # of the limit that is nearest to its end
        item, window = min(zip(self.items, stats, strict=True), key=lambda pair: pair[1].remaining)
        seconds = max(1, ceil(window.reset_time - time()))
        headers = {
            "RateLimit-Policy": ", ".join(f'"{each}";q={each.amount};w={each.get_expiry()}' for each in self.items),
            "RateLimit": f'"{item}";r={max(0, window.remaining)};t={seconds}',
        }
        return allowed, headers if allowed else {**headers, "Retry-After": str(seconds)}


def client_of(host: str) -> str:
    """Whom a request is counted for: an address, or the network of one subscriber where it is IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"{int(address) >> 64:x}::/64" if isinstance(address, IPv6Address) else str(address)
