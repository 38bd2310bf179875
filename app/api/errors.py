"""Errors: RFC 9457 problem details, one shape for every status."""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from pydantic import Field, ValidationError
from rapidfuzz import fuzz, process
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.schemas.common import Model

MEDIA_TYPE = "application/problem+json"


class ParameterError(Model):
    """What is wrong with one parameter of a request."""

    parameter: str = Field(description="Name of the parameter.")
    location: str = Field(description="Where it stands: `query`, `path` or `header`.")
    message: str = Field(description="What is wrong, in a sentence.")
    allowed: list[str] = Field(default=[], description="What is allowed, where that is a closed set.")
    suggestion: str | None = Field(default=None, description="What was probably meant.")


def wrong(parameter: str, message: str, allowed: Iterable[str] = (), suggestion: str | None = None) -> ParameterError:
    """What is wrong with a parameter of the query."""
    return ParameterError(
        parameter=parameter, location="query", message=message, allowed=list(allowed), suggestion=suggestion
    )


class ProblemDetails(Model):
    """An error, as RFC 9457 describes it."""

    type: str = Field(
        default="about:blank",
        description="Kind of problem; `about:blank` where the status says it all.",
        json_schema_extra={"format": "uri-reference"},
    )
    title: str = Field(description="The status in words.")
    status: int = Field(description="HTTP status code.")
    detail: str = Field(description="What went wrong and what to do.")
    instance: str = Field(description="Path of the request.")
    errors: list[ParameterError] = Field(default=[], description="Each parameter that was wrong.")


class InvalidParameters(Exception):
    """The request's parameters are wrong: answered with 422 and every one of them."""

    def __init__(self, errors: Sequence[ParameterError]) -> None:
        super().__init__(", ".join(error.parameter for error in errors))
        self.errors = list(errors)


class NotFound(Exception):
    """There is no such record: answered with 404 and what was probably meant."""

    def __init__(self, detail: str, suggestion: str | None = None) -> None:
        super().__init__(detail)
        self.suggestion = suggestion


FAILURE = "Something went wrong on our side; it has been logged."

NO_DATASET = "No dataset is loaded; run `make load` (in the container: `python -m seed load`)."


class NotReady(Exception):
    """The database cannot answer, or holds no dataset: answered with 503."""


MAX_WORD = 100
"""Characters of a word that are compared: what a client sends may be of any length."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a misspelt word probably stands for."""
    lowered = {candidate.lower(): candidate for candidate in candidates}
    found = process.extractOne(word.lower()[:MAX_WORD], list(lowered), scorer=fuzz.ratio, score_cutoff=60)
    return lowered[found[0]] if found else None


# Python names 422 by an older RFC before 3.13
TITLES = {HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content"}


def problem_body(status: int, detail: str, instance: str, errors: Sequence[ParameterError] = ()) -> bytes:
    """Problem details as JSON; `instance` is the path of the request."""
    title = TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)
    details = ProblemDetails(title=title, status=status, detail=detail, instance=instance, errors=list(errors))
    return details.model_dump_json().encode()


def problem(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[ParameterError] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem+json response, which no cache may keep."""
    body = problem_body(status, detail, request.url.path, errors)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the app with problem details."""
    app.add_exception_handler(InvalidParameters, _invalid_parameters)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(NotReady, _not_ready)
    app.add_exception_handler(PoolTimeout, _not_ready)
    app.add_exception_handler(HTTPException, _http)


def _invalid_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidParameters)
    names = ", ".join(dict.fromkeys(item.parameter for item in error.errors))
    count = len(error.errors)
    detail = f"{count} parameter{'s are' if count > 1 else ' is'} wrong: {names}."
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, error.errors)


def parameter_errors(error: ValidationError) -> Iterator[ParameterError]:
    """What pydantic found wrong with the parameters of a query model."""
    for item in error.errors(include_url=False):
        context = item.get("ctx", {})
        if item["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"])
            context = {"allowed": allowed, "suggestion": nearest(str(item["input"]), allowed)}
        message = item["msg"][0].upper() + item["msg"][1:].rstrip(".") + "."
        yield wrong(str(item["loc"][0]), message, context.get("allowed", ()), context.get("suggestion"))


def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotFound)
    hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
    return problem(request, HTTPStatus.NOT_FOUND, f"{error}{hint}")


def _not_ready(request: Request, error: Exception) -> Response:
    # an error of the database reaches the HTTP layer, which asks again while it restarts
    in_use = "Every connection to the database is in use; try again later."
    detail = in_use if isinstance(error, PoolTimeout) else str(error)
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        paths = [route.path for route in request.app.routes if "{" not in route.path]
        near = nearest(request.url.path, paths)
        detail = "There is nothing at this path." + (f" Did you mean {near}?" if near else " See / for what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": "GET, HEAD, OPTIONS"}
        detail = f"This API is read-only: {request.method} is not allowed here, only GET, HEAD and OPTIONS."
    return problem(request, error.status_code, detail, headers=headers)
