"""uvicorn's HTTP protocol with bounds, correct refusals, and the memo of request bytes in front of the parser.

Here is some magic, measured in docs/performance.md: `data_received` looks the raw bytes of a request up before they
are parsed. It does so only between two requests on an open connection that is not paused and not stopping, so that
what comes in is a whole request, alone, and what goes out is its whole answer.
"""

import re
import socket
import struct
from asyncio import TimerHandle, Transport
from time import perf_counter, time
from typing import TYPE_CHECKING, NamedTuple

import httptools
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.http.access_log import AccessLog
from app.http.exchange import raw_refusal
from app.http.memo import LONGEST_REQUEST, RememberedAnswer, RequestMemo
from app.http.request_log import new_request_id
from app.settings import Settings

if TYPE_CHECKING:
    from app.http.rate_limit import RateLimit

STATE = "server"
"""Key of the app's lifespan state that holds what the protocol needs of the app."""

GRACE = 2.0
"""Seconds for which an idle connection is still answered after the server was told to stop."""

MAX_HEAD = 160 * 1024
"""Bytes of a request's head: more than `max_url_bytes` and `max_header_bytes` can be, which are refused in full."""

BODY = frozenset((b"content-length", b"transfer-encoding"))

DEPENDENT = BODY | {b"x-request-id", b"forwarded", b"expect", b"upgrade"}
"""With one of these headers, an answer depends on more than the bytes of its request, or a body may follow."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_RESET = struct.pack("ii", 1, 0)


class Shared(NamedTuple):
    settings: Settings
    memo: RequestMemo
    log: AccessLog
    rate_limit: "RateLimit | None"


class _Malformed(Exception):
    """Why a request is refused before the app sees it."""


class ServerProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not arrive in time, whose client does not read, or whose head is too long;
    parses the next request only when the one before is answered; answers from the memo.
    """

    stopping = False
    _half_closed = False
    _running: RequestResponseCycle | None = None
    _unparsed = b""
    """What came while a request was being answered."""

    _between_requests = True
    _in_head = True
    _head = 0
    _messages = 0

    _deadline: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _last_answer = 0.0

    # the memo

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client and self.client[0].startswith("::ffff:"):
            # IPv4 on a socket for both: proxies and rate limits know the client by its plain address
            self.client = (self.client[0].removeprefix("::ffff:"), self.client[1])
        self._settings, self._memo, self._log, self._rate_limit = self.app_state[STATE]
        self._await_request()

    def data_received(self, data: bytes) -> None:
        may_remember = self._is_ready
        if may_remember and (answer := self._memo.get(data)):
            counted = b"" if self._rate_limit is None else self._counted(self._rate_limit)
            if counted is not None:
                self._answer_from_memo(answer, counted)
                return
        before = self._messages
        self._unparsed += data
        self._parse()
        if may_remember and self._messages == before + 1 and self._between_requests and not self._unparsed:
            self._remember(data)

    def _counted(self, rate_limit: "RateLimit") -> bytes | None:
        """Count a request for its client: the lines of a head that tell of it, null where the app is to refuse it."""
        is_allowed, headers = rate_limit.hit_now(self.client[0] if self.client else "")
        lines = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
        return lines.encode() if is_allowed else None

    def _answer_from_memo(self, answer: RememberedAnswer, counted: bytes) -> None:
        started = perf_counter()
        request_id = new_request_id()
        own = self._memo.server_lines(self.server_state.default_headers)
        parts = answer.head, own, counted, b"x-request-id: ", request_id.encode(), b"\r\n\r\n", answer.body
        self.transport.write(b"".join(parts))
        _cancel(self._deadline)
        self.server_state.total_requests += 1
        self._last_answer = started
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._log.wanted:
            self._log.add(time(), perf_counter() - started, request_id, answer.logged)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless the memo has answered since the timer was set: to set it anew each time would
        cost more than all else.
        """
        left = self._last_answer + self.timeout_keep_alive - perf_counter()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _remember(self, request: bytes) -> None:
        """Have the answer remembered, if it depends on nothing but these bytes: the layers inside say the rest."""
        names = {name for name, _ in self.headers}
        if (
            len(request) <= LONGEST_REQUEST
            and self.scope["method"] in ("GET", "HEAD")
            and self.cycle.keep_alive
            and DEPENDENT.isdisjoint(names)
            and not any(name.startswith(b"x-forwarded-") for name in names)
        ):
            self.scope["state"]["memo_key"] = request, self._memo.generation

    @property
    def _is_ready(self) -> bool:
        """What comes now begins a request, and can be answered immediately."""
        return (
            self._between_requests
            and self._is_idle
            and not self.stopping
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    @property
    def _is_idle(self) -> bool:
        return (self._running is None or self._running.response_complete) and not self.pipeline

    # parsing

    def _parse(self) -> None:
        """Parse up to the end of a request; what follows waits, unparsed, until that is answered.

        uvicorn would make a task's worth of objects of each request that one read of 256 kB holds: thousands.
        """
        self._unset_keepalive_if_required()
        while self._unparsed and not self.transport.is_closing():
            if self._between_requests and not self._is_idle:
                self.flow.pause_reading()
                return
            end = self._unparsed.find(b"\r\n\r\n") + 4
            part = self._unparsed[:end] if end > 3 else self._unparsed
            self._unparsed = self._unparsed[len(part) :]
            self._feed(part)

    def _feed(self, part: bytes) -> None:
        if self._between_requests:
            line, separator, rest = part.lstrip(b"\r\n").partition(b"\r\n")
            if b"  " in line:
                # the parser passes over further spaces, which RFC 9112 §3 does not allow
                self._refuse(400, "The parts of a request line are separated by one space.")
                return
            if not line.isascii():
                # a browser's address bar encodes text beyond ASCII; scripts and spreadsheets often do not
                part = _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], line) + separator + rest
        if self._in_head:
            self._head += len(part)
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:
            pass  # answered as if it did not ask; the connection then closes
        except httptools.HttpParserInvalidURLError:
            self._refuse(400, "The request target is not valid; percent-encode blanks and what is beyond ASCII.")
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(400, str(cause) if isinstance(cause, _Malformed) else "The request is not valid HTTP.")
        if self._in_head and self._head > MAX_HEAD:
            self._refuse(431, "The request's head is too long.")

    def _refuse(self, status: int, detail: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(raw_refusal(status, detail, self.server_state.default_headers))
            self.transport.close()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._between_requests = False
        self._await_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head = 0
        # the parser stops, `_feed` refuses (RFC 9112 §3, RFC 9110 §7.8)
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise _Malformed("The HTTP version must be 1.0 or 1.1.")
        if b"#" in self.url:
            raise _Malformed("The request target must not hold a fragment.")
        if self.parser.should_upgrade() and any(name in BODY for name, _ in self.headers):
            # the parser would take the body for the next request
            raise _Malformed("A request to upgrade must not have a body.")
        super().on_headers_complete()
        if self.parser.should_upgrade() or (self.stopping and not self._unparsed):
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        _cancel(self._deadline)
        self._between_requests = True
        self._messages += 1
        super().on_message_complete()

    # answering

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        self._running = cycle
        if cycle.scope["http_version"] == "1.0":
            app = _without_chunks(app, cycle)
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._unparsed:
            self._parse()
        elif self._half_closed and self._is_idle:
            self.transport.close()
        elif self.stopping and self._is_idle:
            self._close_soon()

    # the connection

    def connection_lost(self, exc: Exception | None) -> None:
        # nobody waits for the answers that are outstanding
        for cycle in self._outstanding():
            cycle.disconnected = True
            cycle.message_event.set()
        self.pipeline.clear()
        self._unparsed = b""
        _cancel(self._deadline)
        _cancel(self._stalled)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends nothing more but may still read: the connection is closed after the last answer."""
        self._half_closed = True
        return not self._is_idle

    def shutdown(self) -> None:
        """The server is to stop. What has come is answered, the last time with `Connection: close`."""
        self.stopping = True
        outstanding = self._outstanding()
        if not outstanding:
            self._close_soon()
        elif not outstanding[0].response_started and not self._unparsed:
            outstanding[0].keep_alive = False
        # an answer that has begun cannot announce it any more: the connection stays open for another

    def _close_soon(self) -> None:
        """Answer what is on its way already; no longer than the server itself waits."""
        self.loop.call_later(min(GRACE, self._settings.shutdown_timeout / 2), super().shutdown)

    def _outstanding(self) -> list[RequestResponseCycle]:
        """Requests that are not answered yet, the last one first."""
        queued = [cycle for cycle, _ in self.pipeline]
        running = [] if self._running is None or self._running.response_complete else [self._running]
        return [*queued, *running]

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        _cancel(self._stalled)
        self._stalled = self.loop.call_later(self._settings.request_timeout, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        _cancel(self._stalled)
        super().resume_writing()

    def _await_request(self) -> None:
        if self._deadline is None or self._deadline.cancelled():
            self._deadline = self.loop.call_later(self._settings.request_timeout, self.transport.close)


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _without_chunks(app: ASGIApp, cycle: RequestResponseCycle) -> ASGIApp:
    """HTTP/1.0 knows no chunks: a body of unknown length ends with its connection (RFC 9112 §6.3), and one that is not
    whole with a reset, for else nobody could tell.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        has_length = True

        async def send_plainly(message: Message) -> None:
            nonlocal has_length
            if message["type"] == "http.response.start":
                has_length = any(name == b"content-length" for name, _ in message["headers"])
                if not has_length:
                    cycle.chunked_encoding = False
            elif not has_length:
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, send_plainly)
        finally:
            if not has_length and not cycle.response_complete and not cycle.disconnected:
                connection = cycle.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                cycle.transport.abort()

    return answer
