"""What a request asks for: a checked path and a query in one canonical order."""

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

MAX_PARAMETERS = 500
"""More in one query would take the event loop milliseconds to put in order and to refuse one by one."""


class BadTarget(Exception):
    """The request target is malformed; the message is for the client."""


@dataclass(frozen=True)
class Target:
    """A path, and the query's pairs of name and value, sorted: equal targets get equal answers."""

    path: str
    pairs: tuple[tuple[str, str], ...] = ()

    def keep(self, names: Container[str]) -> "Target":
        """The same target with no other parameters than these (`name[]` counts as `name`), and none that is empty, as
        a form sends what was not filled in.
        """
        return Target(self.path, tuple(pair for pair in self.pairs if pair[0].removesuffix("[]") in names and pair[1]))

    @cached_property
    def query_string(self) -> str:
        return urlencode(self.pairs)

    def __str__(self) -> str:
        return f"{quote(self.path)}?{self.query_string}"


def parse_target(path: str, raw_path: bytes, query: bytes) -> Target:
    """Check path and query and put the query in order; `BadTarget` where one is malformed."""
    for where, encoded in (("path", raw_path), ("query", query)):
        if _BAD_ESCAPE.search(encoded):
            raise BadTarget(f"The {where} holds a '%' that is not followed by two hexadecimal digits.")
        try:
            text = unquote_to_bytes(encoded).decode()
        except UnicodeDecodeError:
            raise BadTarget(f"The {where} is not UTF-8.") from None
        if _CONTROL.search(text):
            raise BadTarget(f"The {where} holds a control character.")
    if query.count(b"&") >= MAX_PARAMETERS:
        raise BadTarget(f"The query has {query.count(b'&') + 1} parameters; {MAX_PARAMETERS} are allowed.")
    pairs = parse_qsl(query.decode(), keep_blank_values=True)
    return Target(path, tuple(sorted(pair for pair in pairs if any(pair))))
