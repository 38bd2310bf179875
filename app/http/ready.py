"""Responses as the bytes that go over the wire, for requests that have been answered just so before."""

from dataclasses import dataclass
from http import HTTPStatus

from app.http.headers import Headers, without_content

Key = tuple[bytes, bytes | None, bytes | None]
"""Request target, `Accept` and `Accept-Encoding`, each as the client wrote it."""

OVERHEAD = 700
"""Bytes that an entry costs beside head and body."""


@dataclass(frozen=True, slots=True)
class ReadyResponse:
    """A response without its date and request id: header lines, body, and the header lines of the 304 beside it."""

    head: bytes
    body: bytes
    etag: bytes
    head_of_304: bytes


class ReadyResponses:
    """Ready responses of at most `capacity` bytes; when they are full, or when a release comes, all go at once."""

    def __init__(self, capacity: int) -> None:
        """`capacity` 0 keeps nothing."""
        self.capacity = capacity
        self.size = 0
        self.served = 0
        self._responses: dict[Key, ReadyResponse] = {}
        self.get = self._responses.get

    def put(self, key: Key, etag: str, headers: Headers, body: bytes) -> None:
        """Keep the 200 with these headers and this body."""
        if key in self._responses:
            return
        response = ReadyResponse(_head(200, headers), body, etag.encode(), _head(304, without_content(headers)))
        size = len(response.head) + len(response.head_of_304) + len(body) + OVERHEAD
        if size > self.capacity // 8:
            return
        if self.size + size > self.capacity:
            self.clear()
        self._responses[key] = response
        self.size += size

    def clear(self) -> None:
        """Forget everything."""
        self._responses.clear()
        self.size = 0


def _head(status: int, headers: Headers) -> bytes:
    lines = [b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s\r\n" % item for item in headers]
    return b"".join(lines)
