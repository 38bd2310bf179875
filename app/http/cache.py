"""The response cache, bounded in bytes: the least recently used goes first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.http.compression import encode
from app.http.headers import Headers

T = TypeVar("T")

Key = tuple[str, ...]

OVERHEAD = 2000
"""Bytes that a response costs in addition to its key and its body: headers, bookkeeping (measured, rounded up)."""

MAX_KEY = 1000
"""Characters of the longest key: what is asked for with longer ones is hardly asked for again."""


@dataclass
class CachedResponse:
    """A complete 200: its headers except for the coding's, and its body."""

    digest: str
    headers: Headers
    body: bytes


class ResponseCache:
    """Maps keys to responses of at most `capacity` bytes altogether, keys included; each coding counts by itself."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._pending: dict[Key, asyncio.Future[Any]] = {}

    def __len__(self) -> int:
        return len(self._responses)

    def get(self, key: Key) -> CachedResponse | None:
        cached = self._responses.get(key)
        if cached is not None:
            self._responses.move_to_end(key)
        return cached

    def put(self, key: Key, response: CachedResponse) -> None:
        """Keep a response, unless its key is long or it alone would take more than an eighth of the room."""
        if sum(map(len, key)) > MAX_KEY or _size(key, response) > self.capacity // 8:
            return
        self._drop(key)
        self._responses[key] = response
        self.size += _size(key, response)
        while self.size > self.capacity:
            self._drop(next(iter(self._responses)))

    async def body(self, key: Key, response: CachedResponse, coding: str) -> bytes:
        """The body in a coding, encoded once."""
        if coding == "identity":
            return response.body
        variant = (*key, response.digest, coding)

        async def encoded() -> CachedResponse:
            made = CachedResponse(response.digest, [], await encode(response.body, coding))
            self.put(variant, made)
            return made

        found = self.get(variant)
        if found is None:
            found = await self.once(variant, encoded)
        return found.body

    async def once(self, key: Key, make: Callable[[], Awaitable[T]]) -> T:
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
        self._responses.clear()
        self.size = 0

    def _drop(self, key: Key) -> None:
        if response := self._responses.pop(key, None):
            self.size -= _size(key, response)


def _size(key: Key, response: CachedResponse) -> int:
    return OVERHEAD + sum(map(len, key)) + len(response.body)
