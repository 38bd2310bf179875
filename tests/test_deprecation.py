"""Deprecation: announced in headers and in the description, for a path and for a parameter."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi import Query as Parameters
from fastapi.responses import JSONResponse

from app.api import deprecation
from app.api.deprecation import Deprecated
from app.api.parameters import Query
from app.api.routing import Router
from app.main import create_app
from app.settings import Settings

ABOUT = "https://docs.test/moves"
OLD_PATH = Deprecated(
    path="/old/{slug}",
    about=ABOUT,
    since=datetime(2027, 1, 1, tzinfo=UTC),
    sunset=datetime(2027, 12, 31, 1, tzinfo=timezone(timedelta(hours=1))),
    successor="/nutrients/{slug}",
)
OLD_PARAMETER = Deprecated(path="/old/{slug}", parameter="style", about=ABOUT, since=datetime(2026, 6, 1, tzinfo=UTC))
ELSEWHERE = Deprecated(path="/new", parameter="style", about=ABOUT, since=datetime(2026, 6, 1, tzinfo=UTC))


class StyleQuery(Query):
    style: str = "plain"


def app_with(*deprecations: Deprecated) -> FastAPI:
    app = create_app(Settings(database_url="sqlite:///none.db"))
    router = Router(tags=["Health"])

    @router.get("/old/{slug}", summary="Old")
    async def get_old(slug: str, query: Annotated[StyleQuery, Parameters()]) -> Response:
        """An old path."""
        return JSONResponse({"slug": slug, "style": query.style})

    @router.get("/new", summary="New")
    async def get_new(query: Annotated[StyleQuery, Parameters()]) -> Response:
        """A new path."""
        return JSONResponse({"style": query.style})

    app.router.routes.extend(router.routes)
    deprecation.install(app, deprecations)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app_with(OLD_PATH, OLD_PARAMETER, ELSEWHERE))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def test_a_deprecated_path_is_announced(client: httpx.AsyncClient) -> None:
    response = await client.get("/old/x")
    assert response.headers["Deprecation"] == "@1798761600"
    assert response.headers["Sunset"] == "Fri, 31 Dec 2027 00:00:00 GMT"
    assert response.links["deprecation"]["url"] == response.links["sunset"]["url"] == ABOUT
    assert response.links["successor-version"]["url"] == "/nutrients/{slug}"


async def test_an_error_at_a_deprecated_path_announces_it_too(client: httpx.AsyncClient) -> None:
    response = await client.get("/old/x?colour=red")
    assert response.status_code == 422
    assert response.headers["Deprecation"] == "@1798761600"


async def test_of_two_the_earliest_is_told(client: httpx.AsyncClient) -> None:
    response = await client.get("/old/x?style=bold")
    assert response.headers["Deprecation"] == "@1780272000"
    assert response.headers["Sunset"] == "Fri, 31 Dec 2027 00:00:00 GMT"


async def test_a_deprecated_parameter_is_announced_where_it_is_used(client: httpx.AsyncClient) -> None:
    without, used = await client.get("/new"), await client.get("/new?style=bold")
    assert not {"deprecation", "sunset", "link"} & without.headers.keys()
    assert used.headers["Deprecation"] == "@1780272000"
    assert "Sunset" not in used.headers
    assert used.links["deprecation"]["url"] == ABOUT


@pytest.mark.parametrize("path", ["/old", "/old/x/y", "/older/x", "/livez"])
async def test_other_paths_are_not_concerned(client: httpx.AsyncClient, path: str) -> None:
    assert "Deprecation" not in (await client.get(path)).headers


def test_the_description_marks_what_is_deprecated() -> None:
    schema = app_with(OLD_PATH, ELSEWHERE).openapi()
    old, new = schema["paths"]["/old/{slug}"]["get"], schema["paths"]["/new"]["get"]
    assert old["deprecated"] is True
    assert "stops working on 2027-12-31" in old["description"]
    assert {"Deprecation", "Sunset", "Link"} <= old["responses"]["200"]["headers"].keys()
    assert "deprecated" not in new
    assert new["parameters"][0]["deprecated"] is True
    assert {"Deprecation", "Sunset"} <= schema["components"]["headers"].keys()


@pytest.mark.parametrize(
    ("path", "parameter", "message"),
    [("/nowhere", None, "no path /nowhere"), ("/old/{slug}", "colour", "no parameter 'colour'")],
)
def test_what_does_not_exist_cannot_be_deprecated(path: str, parameter: str | None, message: str) -> None:
    unknown = Deprecated(path=path, parameter=parameter, about=ABOUT, since=datetime(2026, 6, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match=message):
        app_with(unknown).openapi()


def test_times_must_make_sense() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Deprecated(path="/x", about=ABOUT, since=datetime(2026, 6, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="before"):
        Deprecated(
            path="/x", about=ABOUT, since=datetime(2026, 6, 1, tzinfo=UTC), sunset=datetime(2026, 5, 1, tzinfo=UTC)
        )
