"""The memo of request bytes: the exact bytes of a request that was answered before map to the bytes of its answer.

Whatever an answer depends on is in the bytes of its request, so no header need be parsed to answer it again. The
representation layer says which answers depend on nothing else (`is_memorable` in the request's state), the protocol
(`app/http/protocol.py`) which requests came alone and whole (`memo_key`), and asks the memo before it parses.
"""

from dataclasses import dataclass

from app.http.access_log import LoggedRequest
from app.http.headers import Headers, head_of, lines_of

OVERHEAD = 500
"""Bytes that an entry costs besides its request, head and body."""

LONGEST_REQUEST = 4096
"""Bytes of a request that may be remembered: a client must not fill the memo with a few long ones."""

SEEN = 4096
"""Requests of which it is known that they came once."""


@dataclass(frozen=True, slots=True)
class RememberedAnswer:
    """An answer without `Date` and `X-Request-ID`, which are its own each time; the body is shared with the cache."""

    head: bytes
    body: bytes
    logged: LoggedRequest


class RequestMemo:
    """At most `capacity` bytes of requests and answers; the oldest entries make room, and a release clears it.

    Only what comes a second time is remembered: a request with a trace id or the like never comes again.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.generation = 0
        """How often it was cleared: what was asked for before a release is not remembered after it."""
        self._answers: dict[bytes, RememberedAnswer] = {}
        self.seen: set[int] = set()
        self.get = self._answers.get
        self._server_headers: Headers = []
        self._server_lines = b""

    def server_lines(self, headers: Headers) -> bytes:
        """The lines of the server's own headers, of which it makes another list each second."""
        if headers is not self._server_headers:
            self._server_headers, self._server_lines = headers, lines_of(headers)
        return self._server_lines

    def put(
        self, request: bytes, generation: int, status: int, headers: Headers, body: bytes, logged: LoggedRequest
    ) -> None:
        """Remember the answer to a request of this generation, unless it alone would take an eighth of the room."""
        if request in self._answers or generation != self.generation or not self._came_before(request):
            return
        answer = RememberedAnswer(head_of(status, headers), body, logged)
        if _size(request, answer) > self.capacity // 8:
            return
        self._answers[request] = answer
        self.size += _size(request, answer)
        while self.size > self.capacity:
            oldest = next(iter(self._answers))
            self.size -= _size(oldest, self._answers.pop(oldest))

    def clear(self) -> None:
        self._answers.clear()
        self.seen.clear()
        self.size = 0
        self.generation += 1

    def _came_before(self, request: bytes) -> bool:
        known = hash(request) in self.seen
        if len(self.seen) >= SEEN:
            self.seen.clear()
        self.seen.add(hash(request))
        return known


def _size(request: bytes, answer: RememberedAnswer) -> int:
    return OVERHEAD + len(request) + len(answer.head) + len(answer.body)
