"""What a request asks for: a checked path and a query in one canonical order."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlencode

MAX_TARGET = 8000
"""Bytes of path and query together; RFC 9110 §4.1 recommends to support at least 8000."""

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class BadTarget(Exception):
    """The request target breaks the rules; `status` is 400 or 414 and the message is for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Target:
    """A path, and the query's pairs of name and value, sorted: equal targets get equal answers."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of a parameter."""
        return next((value for key, value in self.pairs if key == name), None)

    def with_pair(self, name: str, value: str) -> "Target":
        """The same target with one more parameter."""
        return Target(self.path, tuple(sorted((*self.pairs, (name, value)))))

    def query_string(self) -> bytes:
        """The query, encoded anew."""
        return urlencode(self.pairs).encode()


def parse_target(path: str, raw_path: bytes, query: bytes) -> Target:
    """Check path and query and put the query in order; `BadTarget` where one is malformed or too long."""
    if len(raw_path) + len(query) > MAX_TARGET:
        raise BadTarget(414, f"Path and query together may be {MAX_TARGET} bytes long, not more.")
    _decoded(raw_path, "path")
    if _CONTROL.search(path):
        raise BadTarget(400, "The path holds a control character.")
    pairs = []
    for part in query.split(b"&") if query else ():
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        if not name and not value:
            continue
        pair = _decoded(name, "query"), _decoded(value, "query")
        if _CONTROL.search(pair[0]) or _CONTROL.search(pair[1]):
            raise BadTarget(400, "The query holds a control character.")
        pairs.append(pair)
    return Target(path, tuple(sorted(pairs)))


def _decoded(encoded: bytes, where: str) -> str:
    if _BAD_ESCAPE.search(encoded):
        raise BadTarget(400, f"The {where} holds a '%' that is not followed by two hexadecimal digits.")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise BadTarget(400, f"The {where} is not UTF-8.") from None
