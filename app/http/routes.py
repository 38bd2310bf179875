"""Which formats each path offers, read off the routes."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import get_args

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.api.exports import MEDIA_TYPES


def formats_of(app: FastAPI) -> Callable[[str], dict[str, str] | None]:
    """A function from a path to the formats it offers, with their media types; None for a path that is no data."""
    by_segment: dict[str, list[tuple[re.Pattern[str], dict[str, str]]]] = defaultdict(list)
    for route in iter_route_contexts(app.routes):
        if getattr(route, "dependant", None) and route.include_in_schema:
            by_segment[_segment(str(route.path))].append((route.path_regex, _formats(route)))

    def formats(path: str) -> dict[str, str] | None:
        routes = by_segment.get(_segment(path), ())
        return next((offered for pattern, offered in routes if pattern.match(path)), None)

    return formats


def _segment(path: str) -> str:
    """The first segment of a path, which every route of ours fixes."""
    return path[1:].partition("/")[0]


def _formats(route: object) -> dict[str, str]:
    """The values of the route's `format` parameter; JSON where it has none."""
    for field in route.dependant.query_params:  # type: ignore[attr-defined]
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel) and "format" in model.model_fields:
            return {name: MEDIA_TYPES[name] for name in get_args(model.model_fields["format"].annotation)}
    return {"json": MEDIA_TYPES["json"]}
