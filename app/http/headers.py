"""Headers that every response carries, and those that a representation does."""

import re
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

Headers = list[tuple[bytes, bytes]]

EXPOSED = (
    "Content-Disposition, Content-Language, Dataset-Version, Deprecation, ETag, Link, RateLimit, RateLimit-Policy, "
    "Retry-After, Sunset, X-Request-ID"
)

COMMON: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED.encode()),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]

DATA_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

ALLOW = b"GET, HEAD, OPTIONS"

OF_CONTENT = (b"accept-ranges", b"content-type", b"content-length", b"content-encoding", b"content-disposition")
"""What describes a body, and so does not stand in a 304 (RFC 9110 §15.4.5)."""

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def is_valid(value: bytes) -> bool:
    """A header value without control characters (RFC 9110 §5.5); one with a line end would begin another header."""
    return not _CONTROL.search(value)


def is_header_text(text: str) -> bool:
    """Visible ASCII characters and blanks, which every client and proxy reads alike."""
    return text.isascii() and text.isprintable()


def head_of(status: int, headers: Headers) -> bytes:
    """Status line and header lines of an HTTP/1.1 response, without the empty line that ends them."""
    return b"HTTP/1.1 %d %s\r\n%s" % (status, HTTPStatus(status).phrase.encode(), lines_of(headers))


def lines_of(headers: Headers) -> bytes:
    return b"".join([b"%s: %s\r\n" % item for item in headers])


def preflight(requested_headers: bytes) -> Headers:
    """Headers of the answer to OPTIONS: every origin, our methods, whatever headers were asked for."""
    headers = [
        (b"allow", ALLOW),
        (b"access-control-allow-methods", ALLOW),
        (b"access-control-max-age", b"86400"),
        (b"vary", b"Access-Control-Request-Headers"),
        (b"cache-control", b"public, max-age=86400"),
    ]
    if requested_headers and is_valid(requested_headers):
        headers.append((b"access-control-allow-headers", requested_headers))
    return headers


def http_date(moment: datetime) -> str:
    """A moment as an HTTP date; `moment` must be in UTC."""
    return format_datetime(moment, usegmt=True)
