"""Content codings: whole bodies, and streams piece by piece."""

import gzip
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli
import zstandard

CODINGS = ("br", "zstd", "gzip")
"""What we offer, in the order in which we prefer it."""

MIN_SIZE = 1000
"""Bytes below which a body is sent as it is: it fits into one packet anyway."""


class Encoder(Protocol):
    """Encodes a stream."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a piece, return what is ready."""

    def flush(self) -> bytes:
        """End the stream, return the rest."""


class _Brotli:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=5)

    def compress(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


_WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=7)),
    "zstd": lambda body: zstandard.ZstdCompressor(level=10).compress(body),
    # no time of day in the header: equal bodies give equal bytes
    "gzip": lambda body: gzip.compress(body, compresslevel=7, mtime=0),
}

_STREAM: dict[str, Callable[[], Encoder]] = {
    "br": _Brotli,
    "zstd": lambda: zstandard.ZstdCompressor(level=5).compressobj(),
    "gzip": lambda: zlib.compressobj(level=6, wbits=31),
}


def encode(body: bytes, coding: str) -> bytes:
    """The whole body in one of `CODINGS`, or as it is for `identity`."""
    return body if coding == "identity" else _WHOLE[coding](body)


def encoder(coding: str) -> Encoder | None:
    """An encoder for a stream; None for `identity`."""
    return None if coding == "identity" else _STREAM[coding]()
