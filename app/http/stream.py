"""Streaming responses: validators without the body, coding piece by piece, an early end for HEAD and 304."""

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path

from app.http.compression import encoder
from app.http.exchange import Answer, Exchange, Message, header_of
from app.http.headers import Headers, without_content


class Enough(OSError):
    """Tells the app's streaming response that nothing more is wanted."""


class Stream:
    """Takes the messages of a streaming response, completes and encodes them, and passes them on.

    A stream's bytes depend on release, target and code alone, so its entity tag is made of these. An answer other
    than 200 is not passed on but kept in `refused`.
    """

    def __init__(self, exchange: Exchange, coding: str, headers: Headers) -> None:
        self.refused: Answer | None = None
        self._exchange = exchange
        self._coding = coding
        self._encoder = encoder(coding)
        self._headers = headers

    async def send(self, message: Message) -> None:
        """Take one ASGI message of the app."""
        if message["type"] == "http.response.start":
            if message["status"] == HTTPStatus.OK:
                await self._start(message["headers"])
            else:
                self.refused = Answer(message["status"], list(message["headers"]), b"")
        elif self.refused is not None:
            self.refused.body += message.get("body", b"")
        elif message.get("more_body"):
            await self._piece(message.get("body", b""), last=False)
        else:
            await self._piece(message.get("body", b""), last=True)

    async def _start(self, headers: Headers) -> None:
        etag = self._etag(header_of(headers, b"dataset-version") or b"")
        complete = [*headers, *self._headers, (b"etag", etag.encode())]
        if self._coding != "identity":
            complete.append((b"content-encoding", self._coding.encode()))
        modified = (header_of(headers, b"last-modified") or b"").decode()
        self._exchange.started = True
        if self._exchange.not_modified(etag, modified):
            await self._exchange.respond(304, without_content(complete), b"")
            raise Enough
        if self._exchange.scope["method"] == "HEAD":
            await self._exchange.respond(200, complete, b"")
            raise Enough
        start = {"type": "http.response.start", "status": 200, "headers": [*complete, *self._exchange.common]}
        await self._exchange.send(start)

    async def _piece(self, data: bytes, *, last: bool) -> None:
        if self._encoder is not None:
            data = self._encoder.compress(data) + (self._encoder.flush() if last else b"")
        if data or last:
            await self._exchange.send({"type": "http.response.body", "body": data, "more_body": not last})

    def _etag(self, version: bytes) -> str:
        target = self._exchange.target
        parts = (code_hash(), version, target.path.encode(), target.query_string())
        digest = hashlib.blake2b(b"\n".join(parts), digest_size=12).hexdigest()
        return f'"{digest}"' if self._coding == "identity" else f'"{digest}-{self._coding}"'


@cache
def code_hash() -> bytes:
    """A hash of the code that renders responses."""
    files = sorted(Path(__file__).parent.parent.rglob("*.py"))
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=12).digest()
