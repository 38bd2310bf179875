"""Serving below a path: `/nutrients` is `/api/nutrients/nutrients` to clients, the app knows nothing of it.

Routes write paths from the root. Every JSON string, CSV cell, HTML or Atom attribute, `<samp>` and Markdown link
of ours that begins with "/" is such a path, and so are addresses in the JSON-LD of a page (the content check guarantees
that no text does), so it can be completed when the response has been made.
"""

import csv
import io
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.http.headers import Headers
from app.http.routes import OfferOf
from app.settings import Settings

HEADER = b"x-forwarded-prefix"

_PREFIX = re.compile(r"(?=.{,200}$)(?:/[A-Za-z0-9._~-]+){1,10}")
_JSON = re.compile(rb'(":\s?")/')
_HTML = re.compile(rb'((?:\b(?:href|src|action|data-[a-z-]+)=|"(?:@id|contentUrl)":\s?)"|<samp>)/')
_MARKDOWN = re.compile(rb"(\]\()/")
_LINK = re.compile(rb"(<)/")
_SERVER = re.compile(rb'("servers":\s?\[\{"url":\s?")[^"]*')


def prefix_of(headers: Mapping[bytes, str], settings: Settings) -> str:
    """The prefix of a request's links: empty, or `/api/nutrients`.

    `X-Forwarded-Prefix` goes first where it is trusted: right only where all requests come through a proxy that sets
    it, since shared caches would keep what another client wrote into it.
    """
    forwarded = headers.get(HEADER, "").strip() if settings.trust_forwarded_prefix else ""
    for prefix in (forwarded, settings.root_path, urlsplit(settings.public_url).path):
        if _PREFIX.fullmatch(prefix.rstrip("/")):
            return prefix.rstrip("/")
    return ""


def without_prefix(path: str, prefix: str, offer_of: OfferOf) -> str:
    """A request's path without the prefix, which some proxies pass on and others cut off.

    `/nutrients` below `/nutrients` is ambiguous: it is taken for the collection, as proxies that cut off write it.
    """
    rest = path.removeprefix(prefix)
    if not prefix or rest == path or rest[:1] not in ("", "/") or (offer_of(path) and not (rest and offer_of(rest))):
        return path
    return rest or "/"


def body_with_prefix(body: bytes, content_type: str, prefix: str) -> bytes:
    """A body, or whole lines of one, whose paths begin with the prefix."""
    start = prefix.encode() + b"/"
    if content_type.startswith("text/csv"):
        rows = csv.reader(io.StringIO(body.decode(), newline=""))
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerows([prefix + cell if cell.startswith("/") else cell for cell in row] for row in rows)
        return buffer.getvalue().encode()
    if "json" in content_type:
        return _JSON.sub(rb"\1" + start, body)
    if content_type.startswith(("text/markdown", "text/plain")):
        return _MARKDOWN.sub(rb"\1" + start, body)
    return _HTML.sub(rb"\1" + start, body) if content_type.startswith(("text/html", "application/atom+xml")) else body


def headers_with_prefix(headers: Headers, prefix: str) -> Headers:
    start = prefix.encode() + b"/"
    return [
        (name, _LINK.sub(rb"\1" + start, value) if name == b"link" else re.sub(rb"\A/", start, value))
        if name in (b"link", b"location")
        else (name, value)
        for name, value in headers
    ]


def with_server(description: bytes, url: str) -> bytes:
    return _SERVER.sub(rb"\1" + url.encode(), description, count=1)
