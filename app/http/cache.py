"""The response cache, bounded in bytes: the least recently used goes first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.http.compression import encode
from app.http.headers import Headers

T = TypeVar("T")

Key = tuple[str, ...]

OVERHEAD = 2000
"""Bytes that a response costs in addition to its key and its bodies: headers, bookkeeping (measured, rounded up)."""

MAX_KEY = 1000
"""Characters of the longest key: what is asked for with longer ones is hardly asked for again."""


@dataclass
class CachedResponse:
    """A complete 200: its headers except for the coding's, its body, and the body's encoded variants.

    `version` is the release that it was read from; empty for what does not depend on the dataset.
    """

    version: str
    digest: str
    headers: Headers
    body: bytes
    variants: dict[str, bytes] = field(default_factory=dict)


class ResponseCache:
    """Maps keys to responses of at most `capacity` bytes altogether, keys and encoded variants included."""

    def __init__(self, capacity: int) -> None:
        """`capacity` 0 keeps nothing."""
        self.capacity = capacity
        self.size = 0
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._pending: dict[Hashable, asyncio.Future[Any]] = {}

    def get(self, key: Key) -> CachedResponse | None:
        """The response of a key, now the most recently used."""
        cached = self._responses.get(key)
        if cached is not None:
            self._responses.move_to_end(key)
        return cached

    def put(self, key: Key, response: CachedResponse) -> None:
        """Keep a response, unless its key is long or it alone would take more than an eighth of the room."""
        size = _size(key, response)
        if sum(map(len, key)) > MAX_KEY or size > self.capacity // 8:
            return
        self._drop(key)
        self._responses[key] = response
        self.size += size
        self._evict()

    async def body(self, key: Key, response: CachedResponse, coding: str) -> bytes:
        """The body in a coding, encoded once."""
        if coding == "identity":
            return response.body
        if coding not in response.variants:
            encoded = await self.once((key, response.digest, coding), lambda: encode(response.body, coding))
            # of several who waited, the first adds it
            if coding not in response.variants:
                response.variants[coding] = encoded
                if self._responses.get(key) is response:
                    self.size += len(encoded)
                    self._evict()
        return response.variants[coding]

    async def once(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` returns; where another task is making the same key, wait for its result instead."""
        while (pending := self._pending.get(key)) is not None:
            await asyncio.wait([pending])
            if not pending.cancelled():
                shared: T = pending.result()
                return shared
        future = self._pending[key] = asyncio.get_running_loop().create_future()
        try:
            made = await make()
        except BaseException:
            future.cancel()  # the next in line makes it
            raise
        else:
            future.set_result(made)
            return made
        finally:
            del self._pending[key]

    def clear(self) -> None:
        """Forget everything."""
        self._responses.clear()
        self.size = 0

    def _evict(self) -> None:
        while self.size > self.capacity:
            self._drop(next(iter(self._responses)))

    def _drop(self, key: Key) -> None:
        response = self._responses.pop(key, None)
        if response is not None:
            self.size -= _size(key, response)


def _size(key: Key, response: CachedResponse) -> int:
    return OVERHEAD + sum(map(len, key)) + len(response.body) + sum(map(len, response.variants.values()))
