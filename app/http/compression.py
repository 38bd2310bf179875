"""Content codings: whole bodies, and streams piece by piece."""

import asyncio
import gzip
import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

from app.http.negotiation import best_coding

CODINGS = ("br", "zstd", "gzip")
"""What we offer, in the order in which we prefer it."""

MIN_SIZE = 1000
"""Bytes below which a body is sent as it is: it fits into one packet anyway."""

LARGE = 64 * 1024
"""Bytes from which on a body is compressed in a thread: the event loop would be blocked for milliseconds."""

_TEXT = re.compile(r"text/|image/svg|application/(?:[\w.-]+\+)?(?:json|javascript|x-ndjson|xml)")

_WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=7)),
    "zstd": lambda body: zstandard.ZstdCompressor(level=10).compress(body),
    # no time of day in the header: equal bodies give equal bytes
    "gzip": lambda body: gzip.compress(body, compresslevel=7, mtime=0),
}


def coding_for(accept_encoding: str | None, content_type: str, size: int) -> str | None:
    """The coding to send a body in; None where nothing that the client accepts is offered."""
    offered = CODINGS if _TEXT.match(content_type) else ()
    coding = best_coding(accept_encoding, offered if size >= MIN_SIZE else ())
    # small, but the client rules out that it comes as it is
    return coding or best_coding(accept_encoding, offered)


async def encode(body: bytes, coding: str) -> bytes:
    return await in_thread_if_large(_WHOLE[coding], body)


def encoder(coding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """What encodes each piece of a stream, and what ends it."""
    if coding == "br":
        compressor = brotli.Compressor(quality=5)
        return compressor.process, compressor.finish
    if coding == "zstd":
        stream = zstandard.ZstdCompressor(level=5).compressobj()
        return stream.compress, stream.flush
    deflate = zlib.compressobj(level=6, wbits=31)
    return deflate.compress, deflate.flush


async def in_thread_if_large(function: Callable[[bytes], bytes], data: bytes) -> bytes:
    return await asyncio.to_thread(function, data) if len(data) > LARGE else function(data)
