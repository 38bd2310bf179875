"""Strict routes: FastAPI describes them; they parse their own query, so that nothing is ignored or guessed."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope

from app.api.exports import MEDIA_TYPES
from app.api.parameters import Query, parse_query

JSON = "application/json"
HTML = "text/html"
MARKDOWN = "text/markdown"


class StrictRoute(APIRoute):
    """A GET route: an endpoint `async ([request], [path parameters], [a query model]) -> Response`.

    FastAPI's own dependency solving is passed by: it ignores unknown parameters. `media_types` are those that the
    `Accept` header chooses from, the default first.
    """

    media_types: tuple[str, ...] = (JSON,)

    @cached_property
    def _beginning(self) -> str:
        return self.path.partition("{")[0]

    @cached_property
    def query_model(self) -> type[Query]:
        """The parameters that its query may have; `Query`, which has none, where the endpoint takes none."""
        return next((field.field_info.annotation for field in self.dependant.query_params), Query)  # type: ignore[return-value]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        # by the first letters: to try thirty patterns takes an eighth of a record's time
        return super().matches(scope) if scope["path"].startswith(self._beginning) else (Match.NONE, {})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        query_names = [field.name for field in self.dependant.query_params]
        request_name = self.dependant.request_param_name

        async def handle(request: Request) -> Response:
            query = parse_query(self.query_model, request.scope["query_string"])
            values = {**request.path_params, **dict.fromkeys(query_names, query)}
            if request_name:
                values[request_name] = request
            return await endpoint(**values)

        return handle


class ExportRoute(Route):
    """An export in one format. It parses its own query: which parameters there are depends on the collection."""

    streamed = True

    def __init__(self, path: str, format: str, export: Callable[[Request, str], Awaitable[Response]]) -> None:
        async def endpoint(request: Request) -> Response:
            return await export(request, format)

        super().__init__(f"{path}.{format}", endpoint)
        self.media_types = (MEDIA_TYPES[format].partition(";")[0],)


class Router(APIRouter):
    """A router of strict routes."""

    def __init__(self, **options: Any) -> None:
        # the function's name is unique and readable; FastAPI's default adds path and method
        super().__init__(route_class=StrictRoute, generate_unique_id_function=lambda route: route.name, **options)

    def offer(self, path: str, *media_types: str) -> None:
        """Let the `Accept` header choose from these at a path of this router, the default first."""
        for route in self.routes:
            if isinstance(route, StrictRoute) and route.path == path:
                route.media_types = media_types
