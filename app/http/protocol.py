"""uvicorn's HTTP protocol, with a short cut: what is ready as bytes is written before an ASGI task is made.

Making the task, the scope's further keys and the header lines of one response costs more than everything else about a
hit (docs/performance.md). The short cut takes only the plainest requests; all others go the ordinary way, which gives
the same response: GET over HTTP/1.1 on a connection kept alive, no body, nothing in `NOT_PLAIN` among the headers.
"""

from itertools import count
from os import urandom

from app.http.bounded import BoundedProtocol
from app.http.ready import ReadyResponse, ReadyResponses

NOT_PLAIN = frozenset(
    (
        *(b"content-length", b"expect", b"transfer-encoding", b"upgrade"),
        *(b"forwarded", b"x-forwarded-for", b"x-forwarded-proto"),
        *(b"if-match", b"if-modified-since", b"if-unmodified-since", b"x-request-id"),
    )
)

GET = b"GET"

STATE_KEY = "ready_responses"
"""Under which the app's lifespan state holds the `ReadyResponses`; without it there is no short cut."""


class ShortCutProtocol(BoundedProtocol):
    """Answers plain requests from `ReadyResponses`."""

    _prefix = urandom(6).hex()
    _numbers = count()

    def on_headers_complete(self) -> None:
        """Called by the parser when the request's head is whole."""
        ready: ReadyResponses | None = self.app_state.get(STATE_KEY)
        if ready is not None and not self.stopping and self._take_short_cut(ready):
            self.head_is_here()
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Called by the parser when the request is whole; after a short cut there may be no cycle to tell."""
        if self.cycle is None:
            self.request_is_here()
        else:
            super().on_message_complete()

    def _take_short_cut(self, ready: ReadyResponses) -> bool:
        headers = dict(self.headers)
        if len(headers) != len(self.headers) or not NOT_PLAIN.isdisjoint(headers):
            return False
        response = ready.get((self.url, headers.get(b"accept"), headers.get(b"accept-encoding")))
        if response is None or not self._is_plain():
            return False
        known = headers.get(b"if-none-match")
        if known is not None and known != response.etag:
            return False  # a list of tags, a weak one, or another: compared in full on the ordinary way
        self._write(response, not_modified=known is not None)
        ready.served += 1
        return True

    def _is_plain(self) -> bool:
        parser = self.parser
        return (
            self.is_idle
            and not self.pipeline
            and not self.flow.write_paused
            and parser.get_method() == GET
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not self.transport.is_closing()
        )

    def _write(self, response: ReadyResponse, *, not_modified: bool) -> None:
        request_id = b"x-request-id: %s%x\r\n" % (self._prefix.encode(), next(self._numbers))
        date = b"".join(b"%s: %s\r\n" % item for item in self.server_state.default_headers)
        if not_modified:
            self.transport.write(b"".join((response.head_of_304, date, request_id, b"\r\n")))
        else:
            self.transport.write(b"".join((response.head, date, request_id, b"\r\n", response.body)))
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
