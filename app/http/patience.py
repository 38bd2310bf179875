"""Waiting for a database that has just gone: a restart of it costs time, not answers."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any, TypeVar

from app.database.current_release import Watcher

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0


class Patience:
    """Asks again while the database has been gone for less than `seconds`: for longer, each request is told at once."""

    def __init__(self, watcher: Watcher, seconds: float) -> None:
        self._watcher = watcher
        self._seconds = seconds

    async def ask(self, state: MutableMapping[str, Any], ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` returns, once the database answers or patience ends; `state` is the request's."""
        began, pause = monotonic(), FIRST_PAUSE
        while True:
            state["may_pass"] = False
            asked = await ask()
            gone_since = min(began, self._watcher.gone_since or began)
            if not state["may_pass"] or monotonic() + pause - gone_since > self._seconds:
                return asked
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
