"""What the app sends: taken whole or, where that is a long export, passed on piece by piece."""

import asyncio
import hashlib
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import NoReturn

from starlette.types import Message

from app import __version__
from app.http.compression import encoder, in_thread_if_large
from app.http.exchange import AppResponse, Exchange
from app.http.headers import DATA_POLICY, Headers, is_valid
from app.http.prefix import body_with_prefix, headers_with_prefix

BUFFER = 256 * 1024
"""Bytes up to which an export is collected: it is then cached, and holds no connection while a client reads."""

GUARANTEED = 10.0
"""Seconds for which a stream is left alone; after that a slow client may lose its slot to another that waits."""


class Enough(OSError):
    """Tells the app's streaming response that nothing more is wanted."""


class StreamSlots:
    """Bounds the streams of a process. Where all slots are taken, the slowest stream beyond `GUARANTEED` is cut."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._streams: set[Collector] = set()

    def admit(self, stream: "Collector") -> bool:
        """Give a stream a slot; False where there is none."""
        if len(self._streams) >= self._capacity:
            slow = [each for each in self._streams if each.seconds >= GUARANTEED]
            if not slow:
                return False
            slowest = min(slow, key=lambda each: each.sent / each.seconds)
            self.leave(slowest)
            slowest.cut()
        self._streams.add(stream)
        return True

    def leave(self, stream: "Collector") -> None:
        self._streams.discard(stream)


class Collector:
    """Takes the messages of the app; `response` is what it answered, once it is whole."""

    def __init__(self, exchange: Exchange, slots: StreamSlots, cacheable: Headers, *, may_stream: bool) -> None:
        self.response: AppResponse | None = None
        self.sent = 0
        self._exchange = exchange
        self._slots = slots
        self._cacheable = cacheable
        self._may_stream = may_stream
        self._head = AppResponse(500, [])
        self._collected = b""
        self._began: float | None = None
        self._encoder: tuple[Callable[[bytes], bytes], Callable[[], bytes]] | None = None
        self.timeout = asyncio.timeout(None)

    @property
    def seconds(self) -> float:
        return monotonic() - self._began if self._began is not None else 0.0

    def cut(self) -> None:
        """End the stream where it is: the client sees that it is not whole."""
        self.timeout.reschedule(0)

    async def send(self, message: Message) -> None:
        prefix = self._exchange.prefix
        if message["type"] == "http.response.start":
            # of a whole body, the length is set when it is sent; a prefix changes it
            headers = [(name.lower(), value) for name, value in message["headers"] if name.lower() != b"content-length"]
            if not all(is_valid(value) for _, value in headers):
                # written as it is, it would end its line and let whoever made it write the next header
                raise ValueError("a header of the response holds a control character")
            self._head = AppResponse(message["status"], headers_with_prefix(headers, prefix) if prefix else headers)
            return
        data, last = message.get("body", b""), not message.get("more_body")
        if prefix and data:
            content_type = self._head.header(b"content-type")
            data = await in_thread_if_large(lambda piece: body_with_prefix(piece, content_type, prefix), data)
        if self._began is None:
            data = self._collected = self._collected + data
            if last:
                self.response = AppResponse(self._head.status, self._head.headers, data)
            if last or not self._may_stream or len(data) <= BUFFER or self._head.status != HTTPStatus.OK:
                return
            await self._start()
        await self._pass_on(data, last=last)

    async def _start(self) -> None:
        """Begin to stream, or answer otherwise and raise `Enough`."""
        exchange = self._exchange
        own = {name for name, _ in self._head.headers}
        headers = [*self._head.headers, *(item for item in (*self._cacheable, DATA_POLICY) if item[0] not in own)]
        coding, response = exchange.select(headers, self._digest(), BUFFER)
        if not coding:
            self._respond_instead(response)
        if not self._slots.admit(self):
            busy = "Too many long exports are being sent; try again later, or ask for pages."
            self._respond_instead(exchange.problem(503, busy, [(b"retry-after", b"10")]))
        self._began = monotonic()
        self._collected = b""
        if coding != "identity":
            self._encoder = encoder(coding)
        self._head = response
        if exchange.scope["method"] == "GET":
            exchange.started = True
            headers = [*response.headers, *exchange.common]
            await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})

    def _respond_instead(self, response: AppResponse) -> NoReturn:
        response.is_final = True
        self.response = response
        raise Enough

    async def _pass_on(self, data: bytes, *, last: bool) -> None:
        """Send a piece; for HEAD, count its bytes, so that the response tells the length of the whole."""
        if self._encoder is not None:
            compress, finish = self._encoder
            data = await in_thread_if_large(compress, data) + (finish() if last else b"")
        self.sent += len(data)
        if self._exchange.scope["method"] == "GET":
            await self._exchange.send({"type": "http.response.body", "body": data, "more_body": not last})
        elif last:
            self._head.headers.append((b"content-length", b"%d" % self.sent))
            self._respond_instead(self._head)

    def _digest(self) -> str:
        """A stream's bytes depend on code, release, prefix and target alone, so its entity tag is made of these."""
        release = self._head.header(b"dataset-version")
        parts = (__version__, release, self._exchange.prefix, str(self._exchange.target))
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
