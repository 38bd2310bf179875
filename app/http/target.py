"""What a request asks for: a checked path and a query in one canonical order."""

import re
from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlencode

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class BadTarget(Exception):
    """The request target is malformed; the message is for the client."""


@dataclass(frozen=True)
class Target:
    """A path, and the query's pairs of name and value, sorted: equal targets get equal answers."""

    path: str
    pairs: tuple[tuple[str, str], ...] = ()

    def keep(self, names: Container[str]) -> "Target":
        """The same target with no other parameters than these (`name[]` counts as `name`)."""
        return Target(self.path, tuple(pair for pair in self.pairs if pair[0].removesuffix("[]") in names))

    def query_string(self) -> str:
        return urlencode(self.pairs)

    def __str__(self) -> str:
        return f"{quote(self.path)}?{self.query_string()}"


def parse_target(path: str, raw_path: bytes, query: bytes) -> Target:
    """Check path and query and put the query in order; `BadTarget` where one is malformed."""
    _decoded(raw_path, "path")
    if _CONTROL.search(path):
        raise BadTarget("The path holds a control character.")
    pairs = []
    for part in query.split(b"&") if query else ():
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        if not name and not value:
            continue
        pair = _decoded(name, "query"), _decoded(value, "query")
        if _CONTROL.search(pair[0]) or _CONTROL.search(pair[1]):
            raise BadTarget("The query holds a control character.")
        pairs.append(pair)
    return Target(path, tuple(sorted(pairs)))


def _decoded(encoded: bytes, where: str) -> str:
    if _BAD_ESCAPE.search(encoded):
        raise BadTarget(f"The {where} holds a '%' that is not followed by two hexadecimal digits.")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        raise BadTarget(f"The {where} is not UTF-8.") from None
