"""Paths of this API with their query."""

from typing import Any
from urllib.parse import urlencode


def page_links(path: str, query: Any, total: int) -> dict[str, str]:
    """Relations of a page to others of its list (RFC 8288)."""
    offsets = {"first": 0, "last": max(0, (total - 1) // query.limit * query.limit)}
    if query.offset:
        # the page before one beyond the end is the last
        offsets["prev"] = max(0, min(query.offset - query.limit, offsets["last"]))
    if query.offset + query.limit < total:
        offsets["next"] = query.offset + query.limit
    given = {name: getattr(query, name) for name in query.model_fields_set}
    # what all have in common is encoded once
    before, after = url_of(path, given | {"limit": query.limit, "offset": ""}).split("offset=")
    return {relation: f"{before}offset={offset}{after}" for relation, offset in offsets.items()}


def page_position(query: Any, total: int, links: dict[str, str]) -> dict[str, Any]:
    """The keys of a page that tell where it stands in its list."""
    return {
        "total": total,
        "limit": query.limit,
        "offset": query.offset,
        "next": links.get("next"),
        "previous": links.get("prev"),
    }


def url_of(path: str, parameters: dict[str, Any]) -> str:
    """A path with these parameters, in alphabetical order."""
    shown = {name: _written(value) for name, value in sorted(parameters.items())}
    return f"{path}?{urlencode(shown, safe=',')}" if shown else path


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)
