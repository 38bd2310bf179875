"""HTTP on a connection, with bounds that the server leaves to others: how long a request may take to arrive."""

from asyncio import TimerHandle, Transport
from functools import cache

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.settings import Settings

LAST_CALL = 2.0
"""Seconds for which an idle connection is still answered after the server was told to stop."""

# more than `max_url_bytes` and `max_header_bytes` can be: what exceeds those is answered in full
MAX_HEAD = 160 * 1024

REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s"
)
BODY = (
    b'{"type":"about:blank","title":"Request Header Fields Too Large","status":431,'
    b'"detail":"The request\'s head is too long.","instance":"/","errors":[]}'
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not arrive whole in time, whose client does not read, or whose head
    grows without end: each would else hold memory and a file descriptor for ever.
    """

    _deadline: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _head = 0
    _in_head = True
    stopping = False

    @property
    def seconds(self) -> float:
        """How long a request may take to arrive, and a client to read on."""
        return _settings().request_timeout

    @property
    def is_idle(self) -> bool:
        """No request is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client has connected: its request has to follow."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.request_is_here()
        self._client_reads()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of a request has come."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > MAX_HEAD and not self.transport.is_closing():
            self.transport.write(REFUSAL % (len(BODY), BODY))
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._in_head = True
        self._await_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a request has come."""
        self.head_is_here()
        super().on_headers_complete()
        if self.stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self.request_is_here()
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server is to stop. A request that is on its way already is answered, with `Connection: close`."""
        self.stopping = True
        if self.is_idle:
            # no longer than the server itself waits
            self.loop.call_later(min(LAST_CALL, _settings().shutdown_timeout / 2), super().shutdown)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._client_reads()
        self._stalled = self.loop.call_later(self.seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._client_reads()
        super().resume_writing()

    def _await_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self._close)

    def _close(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def head_is_here(self) -> None:
        """Count anew for the next request."""
        self._in_head = False
        self._head = 0

    def request_is_here(self) -> None:
        """Wait for it no longer."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _client_reads(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


@cache
def _settings() -> Settings:
    # the server makes its protocols without asking the app
    return Settings()
