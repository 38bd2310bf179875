"""A request issues a fixed number of queries, whatever the number of rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.main import create_app
from app.schemas import KINDS
from app.settings import Settings
from tests.support import parameters_of, statements_of

PATHS = [f"/{kind.collection}" for kind in KINDS.values()]


class Counter:
    """A client that says how many SELECTs each request took."""

    def __init__(self, client: httpx.AsyncClient, statements: list[str]) -> None:
        self.client, self.statements = client, statements

    async def count(self, url: str) -> int:
        self.statements.clear()
        response = await self.client.get(url)
        assert response.status_code == 200, response.text
        # the look for a new release runs beside requests
        own = [statement for statement in self.statements if "dataset.version" not in statement]
        return sum(statement.startswith("SELECT") for statement in own)


@asynccontextmanager
async def counting(url: str) -> AsyncIterator[Counter]:
    app = create_app(Settings(database_url=url, cache_bytes=0))
    statements = statements_of(app.state.engine)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        await http.get("/readyz")  # the first connection asks the server about itself
        await http.get("/search?q=iron")  # the search index is built: its queries are not those of a request
        yield Counter(http, statements)


@pytest.fixture(scope="module")
async def counter(real_database: str) -> AsyncIterator[Counter]:
    async with counting(real_database) as counter:
        yield counter


async def includes(counter: Counter, path: str) -> list[str]:
    parameters = parameters_of((await counter.client.get("/openapi.json")).json(), path)
    names: list[str] = parameters["include"]["schema"]["items"]["enum"]
    return names


@pytest.mark.parametrize("path", PATHS)
async def test_a_list_takes_as_many_queries_for_one_row_as_for_a_hundred(counter: Counter, path: str) -> None:
    names = await includes(counter, path)
    shape = f"include={','.join(names)}"
    one, many = await counter.count(f"{path}?limit=1&{shape}"), await counter.count(f"{path}?limit=100&{shape}")
    assert one == many
    assert many <= 1 + len(names)
    assert await counter.count(f"{path}?limit=99") == 1


@pytest.mark.parametrize("path", PATHS)
async def test_a_detail_takes_one_query_for_each_include(counter: Counter, path: str) -> None:
    names = await includes(counter, path)
    items = (await counter.client.get(f"{path}?limit=3")).json()["items"]
    taken = {await counter.count(f"{item['url']}?include={','.join(names)}") for item in items}
    assert len(taken) == 1
    assert taken.pop() <= 3 + len(names)


async def test_filters_add_one_query_at_most(counter: Counter) -> None:
    filters = "about=magnesium,calcium&subject=magnesium,calcium&object=fasciculation&source=muscle-twitching-article"
    await counter.count(f"/claims?limit=97&{filters}")  # how many there are is counted once
    plain = await counter.count("/claims?limit=98")
    assert await counter.count(f"/claims?limit=98&{filters}") <= plain + 1


@pytest.mark.parametrize("path", ["/", "/dataset", "/comparison", "/readyz"])
async def test_other_resources_take_few_queries(counter: Counter, path: str) -> None:
    assert await counter.count(path) <= 3


async def test_every_statement_is_counted(counter: Counter) -> None:
    assert await counter.count("/nutrients/magnesium") == 1
    assert await counter.count("/dataset") == 1


async def test_being_alive_takes_none(counter: Counter) -> None:
    assert await counter.count("/livez") == 0
