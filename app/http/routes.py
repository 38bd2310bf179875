"""Which media types each path offers, read off the routes."""

from collections.abc import Callable

from fastapi import FastAPI
from starlette.routing import Route


def formats_of(app: FastAPI) -> Callable[[str], tuple[str, ...]]:
    """A function from a path to the media types it offers, the default first; empty for a path that is no data."""
    routes = [route for route in app.routes if isinstance(route, Route) and hasattr(route, "media_types")]

    def media_types(path: str) -> tuple[str, ...]:
        return next((route.media_types for route in routes if route.path_regex.match(path)), ())

    return media_types
