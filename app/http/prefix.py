"""Serving below a path: `/nutrients` is `/api/nutrients/nutrients` to clients, the app knows nothing of it.

Routes write paths from the root. Every JSON string, CSV cell and HTML attribute of ours that begins with "/" is such a
path (the content check guarantees that no text does), so it can be completed when the response has been made.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.http.headers import Headers

HEADER = b"x-forwarded-prefix"

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+){1,10}")
MAX_PREFIX = 200
_JSON = re.compile(rb'(":\s?")/')
_HTML = re.compile(rb'(\b(?:href|src|action|data-[a-z-]+)=")/')
_LINK = re.compile(rb"(<)/")
_SERVER = re.compile(rb'("servers":\s?\[\{"url":\s?")[^"]*')


@dataclass(frozen=True)
class PathPrefix:
    """The path below which the API is served: `root_path`, else the path of `public_url`.

    With `trust_header`, `X-Forwarded-Prefix` goes before both: right only where all requests come through a proxy that
    sets it, since shared caches would keep what another client wrote into it.
    """

    root_path: str = ""
    public_url: str = ""
    trust_header: bool = False

    def of(self, headers: Mapping[bytes, str]) -> str:
        """The prefix of a request's links: empty, or `/api/nutrients`."""
        forwarded = headers.get(HEADER, "").strip().rstrip("/") if self.trust_header else ""
        for prefix in (forwarded, self.root_path.rstrip("/"), urlsplit(self.public_url).path.rstrip("/")):
            if len(prefix) <= MAX_PREFIX and _PREFIX.fullmatch(prefix):
                return prefix
        return ""

    def server_url(self, prefix: str) -> str:
        """The one of `servers` in the API description."""
        return self.public_url.rstrip("/") or prefix or "/"


def without_prefix(path: str, prefix: str, is_known: Callable[[str], object]) -> str:
    """A request's path without the prefix, which some proxies pass on and others cut off.

    `/nutrients` below `/nutrients` is ambiguous: it is taken for the collection, as proxies that cut off write it.
    """
    rest = path.removeprefix(prefix)
    if not prefix or rest == path or rest[:1] not in ("", "/") or (is_known(path) and not (rest and is_known(rest))):
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
    return _HTML.sub(rb"\1" + start, body) if content_type.startswith("text/html") else body


def headers_with_prefix(headers: Headers, prefix: str) -> Headers:
    """Headers whose `Location` and `Link` targets begin with the prefix; the body's length changes with it."""
    completed = []
    for name, value in headers:
        if name == b"content-length":
            continue
        if name == b"location" and value.startswith(b"/"):
            value = prefix.encode() + value  # noqa: PLW2901
        elif name == b"link":
            value = _LINK.sub(rb"\1" + prefix.encode() + b"/", value)  # noqa: PLW2901
        completed.append((name, value))
    return completed


def with_server(description: bytes, url: str) -> bytes:
    """The API description with this URL of its server."""
    return _SERVER.sub(rb"\1" + url.encode(), description, count=1)
