"""Paths of this API with their query, its parameters in a fixed order."""

from typing import Any
from urllib.parse import urlencode


def page_links(path: str, query: Any, total: int) -> dict[str, str]:
    """Relations of a page to others of its list (RFC 8288)."""
    offsets = {"first": 0, "last": _last(query.limit, total)}
    before = offset_before(query.offset, query.limit, total)
    if before is not None:
        offsets["prev"] = before
    if query.offset + query.limit < total:
        offsets["next"] = query.offset + query.limit
    # encoded once: `limit` is always there, and before it; a value's own "&" is escaped
    head, tail = page_url(path, query, 0).split("&offset=0")
    return {relation: f"{head}&offset={offset}{tail}" for relation, offset in offsets.items()}


def offset_before(offset: int, limit: int, total: int) -> int | None:
    """Where the page before begins; from beyond the end that is the last page. None on the first."""
    return max(0, min(offset - limit, _last(limit, total))) if offset else None


def _last(limit: int, total: int) -> int:
    return max(0, (total - 1) // limit * limit)


def page_url(path: str, query: Any, offset: int) -> str:
    """The same request at another offset, its parameters in a fixed order."""
    return url_of(path, given(query) | {"limit": query.limit, "offset": offset})


def given(query: Any) -> dict[str, Any]:
    """The parameters that a request gave, by name."""
    return {name: getattr(query, name) for name in query.model_fields_set}


def url_of(path: str, parameters: dict[str, Any]) -> str:
    """A path with these parameters."""
    shown = {name: _written(value) for name, value in sorted(parameters.items())}
    return f"{path}?{urlencode(shown, safe=',')}" if shown else path


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)
