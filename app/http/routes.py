"""Which formats each path offers, read off the routes."""

from collections.abc import Callable
from functools import lru_cache
from typing import get_args

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.formats import MEDIA_TYPES


def formats_of(app: FastAPI) -> Callable[[str], dict[str, str] | None]:
    """A function from a path to the formats it offers, with their media types; None for a path that is no data."""
    table = [
        (route.path_regex, _formats(route))
        for route in iter_route_contexts(app.routes)
        if getattr(route, "dependant", None)
    ]

    @lru_cache(maxsize=4096)
    def formats(path: str) -> dict[str, str] | None:
        return next((offered for pattern, offered in table if pattern.match(path)), None)

    return formats


def _formats(route: object) -> dict[str, str]:
    """The values of the route's `format` parameter; JSON where it has none."""
    for field in route.dependant.query_params:  # type: ignore[attr-defined]
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel) and "format" in model.model_fields:
            return {name: MEDIA_TYPES[name] for name in get_args(model.model_fields["format"].annotation)}
    return {"json": MEDIA_TYPES["json"]}
