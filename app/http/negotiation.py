"""Proactive negotiation (RFC 9110 §12.5): which format, and which content coding, a client prefers."""

import re
from collections.abc import Iterator, Mapping, Sequence

MAX_LENGTH = 4000
"""Characters of a header that are read: browsers send 150, and the rest would cost time."""

_ITEM = re.compile(r"^\s*([^\s;,]+)\s*((?:;[^,]*)?)$")
_WEIGHT = re.compile(r"^\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$", re.IGNORECASE)


def best_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """The offered media type that `Accept` prefers, the first one on a tie; None where none is acceptable.

    The most specific range that matches a type decides its weight. A header that says nothing accepts everything.
    """
    # of equal ranges the first counts
    ranges = dict(reversed(list(_weighted(accept or ""))))
    if not ranges:
        return offered[0]
    weights = {media_type: _media_weight(media_type, ranges) for media_type in offered}
    best = max(offered, key=lambda media_type: weights[media_type])
    return best if weights[best] > 0 else None


def best_coding(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """The content coding that `Accept-Encoding` prefers among those offered, in our order on a tie.

    `identity` is acceptable unless it is ruled out; without the header there is no coding. None where nothing,
    not even `identity`, is acceptable.
    """
    if accept_encoding is None:
        return "identity"
    weights = dict(_weighted(accept_encoding))
    if "x-gzip" in weights:
        weights.setdefault("gzip", weights["x-gzip"])
    default = weights.get("*")
    coded = {coding: weights.get(coding, default or 0.0) for coding in offered}
    # not named, `identity` is the fallback: acceptable, but less than any coding asked for
    identity = weights.get("identity", 0.0 if default == 0.0 else 0.0001)
    best = max(offered, key=lambda coding: coded[coding], default="identity")
    if offered and coded[best] > 0 and coded[best] >= identity:
        return best
    return "identity" if identity > 0 else None


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """The elements of a list with their weights; what is malformed is ignored."""
    for element in header[:MAX_LENGTH].split(","):
        if not (match := _ITEM.match(element)):
            continue
        weight = 1.0
        for parameter in match[2].split(";"):
            if found := _WEIGHT.match(parameter):
                weight = float(found[1])
        yield match[1].lower(), weight


def _media_weight(media_type: str, ranges: Mapping[str, float]) -> float:
    family = media_type.partition("/")[0] + "/*"
    return next((ranges[wanted] for wanted in (media_type, family, "*/*") if wanted in ranges), 0.0)
