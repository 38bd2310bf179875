"""Asking again while the database restarts: a restart costs time, not answers."""

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

from app.database.current_release import Watcher
from app.database.engines import is_transient

T = TypeVar("T")


async def retry_while_restarting(
    watcher: Watcher, seconds: float, read: Callable[..., Coroutine[Any, Any, T]], *arguments: object
) -> T:
    """What `read` returns. Once the database has been away for `seconds`, its error is raised immediately."""
    began = monotonic()

    def is_too_late(state: RetryCallState) -> bool:
        away_since = min(began, watcher.gone_since or began)
        return monotonic() + state.upcoming_sleep - away_since > seconds

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, DBAPIError) and is_transient(error)),
        stop=is_too_late,
        wait=wait_exponential(multiplier=0.1, max=1),
        reraise=True,
    )
    return await retrying(read, *arguments)
