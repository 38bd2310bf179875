"""uvicorn's HTTP protocol with bounds, correct refusals, and the memo of request bytes in front of the parser.

Here is some magic, measured in docs/performance.md: `data_received` looks the raw bytes of a request up before they
are parsed. It does so only between two requests on an open connection that is not paused and not stopping, so that
what comes in is a whole request, alone, and what goes out is its whole answer.
"""

from asyncio import TimerHandle, Transport
from functools import cache
from time import perf_counter, time
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.http.access_log import AccessLog
from app.http.memo import LONGEST_REQUEST, RememberedAnswer, RequestMemo
from app.http.rate_limit import RateLimit
from app.http.refusal import raw_refusal
from app.http.request_id import new_request_id
from app.settings import Settings

STATE_MEMO, STATE_LOG, STATE_RATE_LIMIT = "memo", "access_log", "rate_limit"
"""Keys of the app's lifespan state that the protocol reads."""

GRACE = 2.0
"""Seconds for which an idle connection is still answered after the server was told to stop."""

MAX_HEAD = 160 * 1024
"""Bytes of a request's head: more than `max_url_bytes` and `max_header_bytes` can be, which are refused in full."""

DEPENDENT = frozenset((b"x-request-id", b"forwarded", b"expect", b"content-length", b"transfer-encoding", b"upgrade"))
"""With one of these headers, an answer depends on more than the bytes of its request, or a body may follow."""


class _Malformed(Exception):
    """Why a request is refused before the app sees it."""


class ServerProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not arrive in time, whose client does not read, or whose head is too long;
    reads no further while answers are outstanding; answers from the memo.
    """

    _deadline: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _head = 0
    _in_head = True
    _between_requests = True
    _received: bytes | None = None
    _running: RequestResponseCycle | None = None
    stopping = False

    # the memo

    def data_received(self, data: bytes) -> None:
        """Part of a request, a request or several have come."""
        if self._between_requests and self._is_idle and not self.stopping:
            memo: RequestMemo | None = self.app_state.get(STATE_MEMO)
            answer = memo.get(data) if memo is not None else None
            if answer is not None and self._answer_from_memo(answer):
                return
            self._received = data if _may_be_whole(data) else None
        else:
            self._received = None
        self._parse(data)

    def _answer_from_memo(self, answer: RememberedAnswer) -> bool:
        started = perf_counter()
        if self.flow.write_paused or self.transport.is_closing():
            return False
        request_id = new_request_id()
        lines = [answer.status_line, *(b"%s: %s\r\n" % item for item in self.server_state.default_headers), answer.head]
        rate_limit: RateLimit | None = self.app_state.get(STATE_RATE_LIMIT)
        if rate_limit is not None:
            headers = rate_limit.hit_now(self.client[0] if self.client else "")
            if headers is None:
                return False  # refused in the ordinary way
            lines += [b"%s: %s\r\n" % (name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.transport.write(b"".join((*lines, b"x-request-id: ", request_id.encode(), b"\r\n\r\n", answer.body)))
        self._request_is_here()
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        log: AccessLog | None = self.app_state.get(STATE_LOG)
        if log is not None and log.wanted:
            log.add(time(), perf_counter() - started, request_id, answer.logged)
        return True

    @property
    def _is_idle(self) -> bool:
        return not self.pipeline and (self._running is None or bool(self._running.response_complete))

    # parsing

    def _parse(self, data: bytes) -> None:
        if self._between_requests and b"  " in data.lstrip(b"\r\n").partition(b"\n")[0]:
            # the parser passes over further spaces, which RFC 9112 §3 does not allow
            self._refuse(400, "The parts of a request line are separated by one space.")
            return
        if self._in_head:
            self._head += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # answered as if it did not ask; whatever follows a refused upgrade is not read
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(400, str(cause) if isinstance(cause, _Malformed) else "The request is not valid HTTP.")
            return
        if self._in_head and self._head > MAX_HEAD:
            self._refuse(431, "The request's head is too long.")

    def _refuse(self, status: int, detail: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(raw_refusal(status, detail, self.server_state.default_headers))
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._in_head = True
        self._between_requests = False
        self._await_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a request has come."""
        self._in_head = False
        self._head = 0
        names = {name for name, _ in self.headers}
        if reason := self._malformed(names):
            raise _Malformed(reason)  # the parser stops, `_parse` refuses
        super().on_headers_complete()
        if self.stopping:
            self.cycle.keep_alive = False
        if (
            self._received is not None
            and self.cycle.keep_alive
            and DEPENDENT.isdisjoint(names)
            and not any(name.startswith(b"x-forwarded-") for name in names)
        ):
            memo: RequestMemo | None = self.app_state.get(STATE_MEMO)
            if memo is not None:
                self.scope["state"]["memo_key"] = self._received, memo.generation
        self._received = None

    def _malformed(self, names: set[bytes]) -> str | None:
        """Why a request is refused before the app sees it (RFC 9112 §3, RFC 9110 §7.2)."""
        version = self.parser.get_http_version()
        if version not in ("1.0", "1.1"):
            return "The HTTP version must be 1.0 or 1.1."
        if b"#" in self.url:
            return "The request target must not hold a fragment."
        if self.parser.should_upgrade() and names & {b"content-length", b"transfer-encoding"}:
            return "A request to upgrade must not have a body."
        return None

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self._request_is_here()
        self._between_requests = True
        super().on_message_complete()

    # answering

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """A request has been answered: the next in the queue is started."""
        super().on_response_complete()
        if self.pipeline and not self.transport.is_closing():
            # uvicorn reads on after each answer, so one connection could queue requests without end
            self.flow.pause_reading()

    # the connection

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A client has connected: its request has to follow."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended: nobody waits for the answers that are outstanding."""
        for cycle in self._outstanding():
            cycle.disconnected = True
            cycle.message_event.set()
        self.pipeline.clear()
        self._request_is_here()
        self._client_reads()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends nothing more but may still read: the connection is closed after the last answer."""
        for cycle in self._outstanding():
            cycle.keep_alive = False
            return True
        return False

    def shutdown(self) -> None:
        """The server is to stop. A request that is on its way already is answered, with `Connection: close`."""
        self.stopping = True
        for cycle in self._outstanding():
            cycle.keep_alive = False
            return
        # no longer than the server itself waits
        self.loop.call_later(min(GRACE, _settings().shutdown_timeout / 2), super().shutdown)

    def _outstanding(self) -> list[RequestResponseCycle]:
        """Requests that are not answered yet, the last one first."""
        queued = [cycle for cycle, _ in self.pipeline]
        running = [] if self._running is None or self._running.response_complete else [self._running]
        return [*queued, *running]

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._client_reads()
        self._stalled = self.loop.call_later(_settings().request_timeout, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._client_reads()
        super().resume_writing()

    def _await_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(_settings().request_timeout, self._close)

    def _close(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _request_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _client_reads(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def _may_be_whole(data: bytes) -> bool:
    """One request without a body, as far as its bytes tell; the parser says the rest."""
    return (
        data.startswith((b"GET ", b"HEAD "))
        and len(data) <= LONGEST_REQUEST
        and data.endswith(b"\r\n\r\n")
        and data.count(b"\r\n\r\n") == 1
    )


@cache
def _settings() -> Settings:
    # the server makes its protocols without asking the app
    return Settings()
