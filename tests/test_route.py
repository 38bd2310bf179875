"""Lean routes: they answer as FastAPI would, and refuse what they could not."""

import threading
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import BackgroundTasks, Body, Depends, FastAPI, Header, Path, Request, Response
from fastapi import Query as Parameters
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from app.api import errors
from app.api.parameters import OneOf, PageQuery, Query, SlugOf
from app.api.resources.sources import SourceQuery
from app.api.routing import LeanRoute, Router, Unsuitable
from app.main import create_app
from app.settings import Settings


class Several(Query):
    """Parameters that a lean route would read in another way than FastAPI."""

    words: list[str] = Field(default=[])


class Renamed(Query):
    word: str = Field(default="", alias="from")


class Open(BaseModel):
    word: str = ""


async def from_request(request: Request) -> str:
    return request.url.path


def in_a_thread(request: Request) -> str:
    return request.url.path


async def from_nothing() -> str:
    return ""


async def from_header(x: Annotated[str, Header()] = "") -> str:
    return x


async def no_annotation(slug: str):  # type: ignore[no-untyped-def]
    return Response(slug)


async def a_model(slug: str) -> Open:
    return Open()


async def another_name(name: str) -> Response:
    return Response(name)


async def a_number(slug: int) -> Response:
    return Response()


async def a_pattern(slug: Annotated[str, Path(pattern="a+")]) -> Response:
    return Response()


async def one_parameter(slug: str, word: str = "") -> Response:
    return Response()


async def two_models(slug: str, a: Annotated[PageQuery, Parameters()], b: Annotated[Query, Parameters()]) -> Response:
    return Response()


async def an_open_model(slug: str, query: Annotated[Open, Parameters()]) -> Response:
    return Response()


async def several_values(slug: str, query: Annotated[Several, Parameters()]) -> Response:
    return Response()


async def an_alias(slug: str, query: Annotated[Renamed, Parameters()]) -> Response:
    return Response()


async def a_header(slug: str, x: Annotated[str, Header()]) -> Response:
    return Response()


async def a_body(slug: str, x: Annotated[str, Body()]) -> Response:
    return Response()


async def background(slug: str, tasks: BackgroundTasks) -> Response:
    return Response()


async def a_response(slug: str, response: Response) -> Response:
    return response


async def a_slow_dependency(slug: str, x: Annotated[str, Depends(in_a_thread)]) -> Response:
    return Response()


async def a_needless_dependency(slug: str, x: Annotated[str, Depends(from_nothing)]) -> Response:
    return Response()


async def a_deep_dependency(slug: str, x: Annotated[str, Depends(from_header)]) -> Response:
    return Response()


UNSUITABLE = {
    no_annotation: "return",
    a_model: "return",
    another_name: "path_params, query_params",
    a_number: "path_params",
    a_pattern: "path_params",
    one_parameter: "query_params",
    two_models: "query_params",
    an_open_model: "query_params",
    several_values: "query_params",
    an_alias: "query_params",
    a_header: "header_params",
    a_body: "body_params",
    background: "background_tasks_param_name",
    a_response: "response_param_name",
    a_slow_dependency: "dependencies",
    a_needless_dependency: "dependencies",
    a_deep_dependency: "header_params",
}


@pytest.mark.parametrize("endpoint", UNSUITABLE, ids=lambda endpoint: endpoint.__name__)
def test_an_endpoint_that_wants_more_is_refused_when_the_route_is_made(endpoint: Callable[..., Any]) -> None:
    with pytest.raises(Unsuitable, match=f"{endpoint.__name__}: .*{UNSUITABLE[endpoint].split(', ')[0]}"):
        Router().get("/{slug}")(endpoint)


def test_what_a_route_is_given_beside_its_endpoint_is_refused() -> None:
    async def endpoint() -> Response:
        return Response()

    with pytest.raises(Unsuitable, match="status_code"):
        Router().get("/", status_code=201)(endpoint)
    with pytest.raises(Unsuitable, match="dependencies"):
        Router().get("/", dependencies=[Depends(from_request)])(endpoint)
    with pytest.raises(Unsuitable, match="methods"):
        Router().post("/")(endpoint)


def test_every_route_of_the_api_is_lean() -> None:
    routes = [route for route in create_app(Settings(database_url="sqlite://")).routes if isinstance(route, APIRoute)]
    assert len(routes) > 25
    assert {type(route) for route in routes} == {LeanRoute}


class Everything(SourceQuery):
    """A query model of each kind of parameter, one of them required."""

    word: str = Field(min_length=2, max_length=4)
    other: Annotated[tuple[str, ...], SlugOf("nutrient")] = ()
    one: Annotated[tuple[str, ...], OneOf("a", "b")] = ()


async def asynchronous(
    slug: str, query: Annotated[Everything, Parameters()], path: Annotated[str, Depends(from_request)]
) -> Response:
    return Response(f"{slug} {path} {query!r} {sorted(query.model_fields_set)}")


def synchronous(request: Request, slug: str, query: Annotated[Everything, Parameters()]) -> Response:
    return Response(f"{slug} {request.url.path} {query!r} {sorted(query.model_fields_set)}")


@pytest.fixture(scope="module")
async def both() -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """The same endpoints, on lean routes and on FastAPI's own."""
    router = Router()
    router.get("/a/{slug}")(asynchronous)
    router.get("/s/{slug}")(synchronous)
    lean, plain = FastAPI(routes=router.routes), FastAPI()
    plain.get("/a/{slug}")(asynchronous)
    plain.get("/s/{slug}")(synchronous)
    for app in (lean, plain):
        errors.install(app)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=lean), base_url="http://test") as one,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=plain), base_url="http://test") as other,
    ):
        yield one, other


VALUES = st.sampled_from(
    ["a", "b", "a,b", "a,,b", "5", "-1", "101", "1_0", "true", "False", "json", "csv", "trial", "ü"]
)
# what the API refuses before FastAPI would see it is not compared: unknown, repeated and empty parameters
QUERIES = st.dictionaries(st.sampled_from(sorted(Everything.model_fields)), VALUES | st.text(min_size=1, max_size=6))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, slug=st.sampled_from(["x", "a b", "ü", "%2f", "x/y"]), way=st.sampled_from("as"))
async def test_the_answer_is_that_of_fastapi(
    both: tuple[httpx.AsyncClient, httpx.AsyncClient], query: dict[str, str], slug: str, way: str
) -> None:
    lean, plain = [await client.get(f"/{way}/{slug}", params=query) for client in both]
    assert (lean.status_code, lean.headers, lean.content) == (plain.status_code, plain.headers, plain.content)


async def test_an_endpoint_that_is_not_async_does_not_stop_the_event_loop() -> None:
    def threads() -> Response:
        return Response(threading.current_thread().name)

    async def loops() -> Response:
        return Response(threading.current_thread().name)

    router = Router()
    router.get("/threads")(threads)
    router.get("/loops")(loops)
    transport = httpx.ASGITransport(app=FastAPI(routes=router.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/loops")).text == threading.current_thread().name
        assert (await client.get("/threads")).text != threading.current_thread().name
