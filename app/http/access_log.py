"""The access log: requests are queued, and a thread writes them together many times a second.

Formatting and writing a line costs more than answering from the memo, so neither happens on the way of a request. Lines
keep their order; those of the last moments are lost only where the process is killed.
"""

import sys
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO

from app.http.log_format import json_line

if TYPE_CHECKING:
    from app.http.metrics import Metrics

INTERVAL = 0.02
"""Seconds between two writes. All connections wait while the thread formats, so it must not have much to do at once."""
PATIENCE = 2.0
"""Seconds for which a stop waits until the last lines are written."""
LONGEST_QUEUE = 100_000
"""Lines that may wait; beyond that the oldest are dropped, and their number is logged."""


class LoggedRequest(NamedTuple):
    """What is logged and counted of a request, but for when, how long and which one."""

    method: str
    path: str
    route: str
    status: int
    bytes: int
    cache: str | None


class AccessLog:
    """Writes lines to a stream (standard error by default) and counts requests in the metrics, if there are any."""

    def __init__(
        self,
        format: Literal["console", "json"],
        *,
        written: bool = True,
        metrics: "Metrics | None" = None,
        stream: TextIO | None = None,
    ) -> None:
        self.wanted = written or metrics is not None
        self.stream = stream
        self.thread: threading.Thread | None = None
        self._metrics = metrics
        self._written = written
        self._line = _json_line if format == "json" else _console_line
        self._queue: deque[tuple[float, float, str, LoggedRequest]] = deque(maxlen=LONGEST_QUEUE)
        self._dropped = 0
        self._flushing = threading.Lock()
        self._stop = threading.Event()

    def add(self, when: float, seconds: float, request_id: str, request: LoggedRequest) -> None:
        """Queue a request that was answered at this time (`time.time()`) after so many seconds."""
        if len(self._queue) == self._queue.maxlen:
            self._dropped += 1
        self._queue.append((when, seconds, request_id, request))

    def start(self) -> None:
        if self.wanted:
            self.thread = threading.Thread(target=self._run, name="access-log", daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """Write what is queued, and end the thread; where nobody reads the log, stop all the same."""
        self._stop.set()
        if self.thread is not None:
            self.thread.join(PATIENCE)

    def flush(self) -> None:
        with self._flushing:
            lines = [self._queue.popleft() for _ in range(len(self._queue))]
            dropped, self._dropped = self._dropped, 0
            if self._metrics is not None:
                for _, seconds, _, request in lines:
                    self._metrics.answered(request, seconds)
            if self._written and lines:
                text = "".join(self._line(*line) for line in lines)
                if dropped:
                    text += f"{dropped} requests were not logged: they came faster than they could be written.\n"
                stream = self.stream or sys.stderr
                stream.write(text)
                stream.flush()

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stop.wait(INTERVAL)
            # the disk is full, the reader has gone: the lines are lost, later ones may not be
            with suppress(OSError):
                self.flush()


@lru_cache(maxsize=2)
def _local_time(millisecond: int) -> str:
    """As Python's `logging` writes it. Many lines share it."""
    second, rest = divmod(millisecond, 1000)
    return f"{datetime.fromtimestamp(second).isoformat(' ')},{rest:03}"  # noqa: DTZ006


@lru_cache(maxsize=256)
def _milliseconds(microseconds: int) -> str:
    return f"{microseconds / 1000:.3f}"


def _console_line(when: float, seconds: float, request_id: str, request: LoggedRequest) -> str:
    time, duration = _local_time(int(when * 1000)), _milliseconds(int(seconds * 1_000_000 + 0.5))
    return f"{time} INFO {request.method} {request.path} {request.status} {duration} ms {request_id}\n"


def _json_line(when: float, seconds: float, request_id: str, request: LoggedRequest) -> str:
    message = f"{request.method} {request.path} {request.status}"
    own = {**request._asdict(), "milliseconds": round(seconds * 1000, 3)}
    return json_line(when, "info", "app.access", message, request_id, **own) + "\n"
