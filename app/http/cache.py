"""Ready responses, bounded in bytes: the least recently used goes first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from app.http.compression import encode
from app.http.exchange import Answer
from app.http.headers import Headers

OVERHEAD = 1500
"""Bytes that an entry costs beside its bodies: key, headers, bookkeeping (measured with tracemalloc)."""


@dataclass
class Entry:
    """One representation: its headers but for the coding's, its body, and the body's encoded variants.

    `version` is the release that it was read from; empty for what does not depend on the dataset.
    """

    version: str
    etag: str
    last_modified: str
    headers: Headers
    body: bytes
    variants: dict[str, bytes] = field(default_factory=dict)

    def etag_of(self, coding: str) -> str:
        """Entity tag of a variant: bytes differ between codings, so tags do (RFC 9110 §8.8.3.3)."""
        return f'"{self.etag}"' if coding == "identity" else f'"{self.etag}-{coding}"'

    def body_in(self, coding: str) -> bytes:
        """The body in a coding, encoded once."""
        if coding == "identity":
            return self.body
        if coding not in self.variants:
            self.variants[coding] = encode(self.body, coding)
        return self.variants[coding]

    @property
    def size(self) -> int:
        """Bytes that the entry holds, with room for the variants that may come."""
        return OVERHEAD + 2 * len(self.body)


Made = Entry | Answer
"""What a miss ends in: an entry, or an answer that is not to be kept."""


class Cache:
    """Maps keys to entries of at most `capacity` bytes altogether; concurrent misses of a key make it once."""

    def __init__(self, capacity: int) -> None:
        """`capacity` 0 keeps nothing."""
        self.capacity = capacity
        self.size = 0
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._pending: dict[Hashable, asyncio.Future[Made]] = {}

    def get(self, key: Hashable) -> Entry | None:
        """The entry of a key, now the most recently used."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, entry: Entry) -> None:
        """Keep an entry, unless it alone would take more than an eighth of the room."""
        if entry.size > self.capacity // 8:
            return
        self._drop(key)
        self._entries[key] = entry
        self.size += entry.size
        while self.size > self.capacity:
            self._drop(next(iter(self._entries)))

    async def once(self, key: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        """What `make` returns; where another task is making the same key, wait for its result instead."""
        while (pending := self._pending.get(key)) is not None:
            await asyncio.wait([pending])
            if not pending.cancelled():
                return pending.result()
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._pending[key] = future
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
        self._entries.clear()
        self.size = 0

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry.size
