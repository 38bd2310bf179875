"""Routes: described by FastAPI, answered without its dependency solving.

FastAPI looks at what an endpoint wants for each request anew; for ours it is known when the route is made.
"""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import fields
from typing import Any, get_origin, get_type_hints

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.routing import Match
from starlette.types import Scope

from app.api.errors import InvalidParameters, ParameterError, parameter_errors
from app.api.parameters import Commas, Query, read_query


class Unsuitable(Exception):
    """An endpoint wants something that a lean route does not give; the message says what."""


class LeanRoute(APIRoute):
    """A GET route whose endpoint returns a `Response` and takes path parameters, one query model and the request.

    It may take what `async` functions of the request alone return, too. Any other endpoint is refused at once.
    `app.dependency_overrides` and FastAPI's spans of single steps do not reach it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._start = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As FastAPI's; a path that does not hold the fixed start of ours is passed over without a look at patterns."""
        if self._start not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        endpoint, asked = self.endpoint, self.dependant
        models: dict[str, Any] = {field.name: field.field_info.annotation for field in asked.query_params}
        _check(self, list(models.values()))
        providers: dict[str, Any] = {str(sub.name): (sub.call, sub.request_param_name) for sub in asked.dependencies}
        allowed = [name for model in models.values() for name in model.model_fields]
        asynchronous = inspect.iscoroutinefunction(endpoint)

        async def handle(request: Request) -> Response:
            values = dict(request.scope["path_params"])
            given, wrong = read_query(request.scope["query_string"], allowed)
            for name, model in models.items():
                try:
                    values[name] = model.model_validate(given)
                except ValidationError as error:
                    wrong += _further(error, wrong)
            if wrong:
                raise InvalidParameters(wrong)
            for name, (provide, parameter) in providers.items():
                values[name] = await provide(**{parameter: request})
            if asked.request_param_name:
                values[asked.request_param_name] = request
            response: Response = await (endpoint(**values) if asynchronous else run_in_threadpool(endpoint, **values))
            return response

        return handle


class Router(APIRouter):
    """A router of lean routes."""

    def __init__(self, **options: Any) -> None:
        # the function's name is unique and readable; FastAPI's default adds path and method
        super().__init__(route_class=LeanRoute, generate_unique_id_function=lambda route: route.name, **options)


def _further(error: ValidationError, wrong: Sequence[ParameterError]) -> list[ParameterError]:
    """What a query model finds wrong, but for parameters of which something is known to be wrong."""
    located = [{**item, "loc": ("query", *item["loc"])} for item in error.errors(include_url=False)]
    known = {item.parameter for item in wrong}
    return [item for item in parameter_errors(located) if item.parameter not in known]


def _check(route: APIRoute, models: list[Any]) -> None:
    """Refuse an endpoint that FastAPI would serve in another way."""
    asked = route.dependant
    wrong = [
        *_more_than(asked, "path_params", "query_params", "dependencies", "request_param_name"),
        *(what for sub in asked.dependencies for what in _more_than(sub, "request_param_name")),
        *("dependencies" for sub in asked.dependencies if not _is_provider(sub)),
        *("path_params" for field in asked.path_params if field.field_info.annotation is not str),
        *("path_params" for field in asked.path_params if field.field_info.metadata),
        *("query_params" for model in models if not _is_plain(model)),
    ]
    if {field.name for field in asked.path_params} != route.param_convertors.keys():
        wrong.append("path_params")
    if len(models) > 1:
        wrong.append("query_params")
    if get_type_hints(route.endpoint).get("return") is not Response:
        wrong.append("return")
    if route.methods != {"GET"} or route.status_code is not None:
        wrong.append("methods, status_code")
    if wrong:
        raise Unsuitable(f"{route.endpoint.__qualname__}: {', '.join(wrong)}. {LeanRoute.__doc__}")


def _is_provider(asked: Dependant) -> bool:
    return bool(asked.name and asked.request_param_name) and inspect.iscoroutinefunction(asked.call)


def _more_than(asked: Dependant, *known: str) -> list[str]:
    """What an endpoint or a dependency wants of FastAPI beside what is known."""
    ours = {"call", "name", "path", "scope", "use_cache", *known}
    return [field.name for field in fields(Dependant) if field.name not in ours and getattr(asked, field.name)]


def _is_plain(model: Any) -> bool:
    """A query model of ours, whose parameters have one name and one text each."""
    if not (isinstance(model, type) and issubclass(model, Query)):
        return False
    for info in model.model_fields.values():
        several = get_origin(info.annotation) in (tuple, list, set, frozenset)
        if info.alias or info.validation_alias or (several and not any(isinstance(r, Commas) for r in info.metadata)):
            return False
    return True
