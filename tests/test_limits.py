"""Limits: what exceeds one is told so, in the form of every other error."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from app.api.responses import BATCH, StreamedList
from app.http.limits import Limits
from app.http.rate_limit import client_of
from app.main import create_app
from app.settings import Settings
from tests.support import client_for


def is_problem(response: httpx.Response, status: int) -> bool:
    return (response.status_code, response.headers["content-type"], response.json()["status"]) == (
        status,
        "application/problem+json",
        status,
    )


async def test_a_url_that_is_too_long_is_told(tiny: httpx.AsyncClient) -> None:
    assert is_problem(await tiny.get("/nutrients/" + "x" * 9000), 414)
    assert is_problem(await tiny.get("/nutrients?slug=" + "x" * 9000), 414)


async def test_headers_that_are_too_long_are_told(tiny: httpx.AsyncClient) -> None:
    assert is_problem(await tiny.get("/nutrients", headers={"Cookie": "x" * 40000}), 431)


async def test_a_client_that_asks_too_often_is_told_when_it_may_again(tiny_database: str) -> None:
    async with client_for(tiny_database, rate_limit="3/hour") as client:
        answers = [await client.get("/dataset") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert is_problem(answers[3], 429)
        assert 0 < int(answers[3].headers["Retry-After"]) <= 3600
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"default";q=3;w=3600'}
        left = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
        assert left == ["r=2", "r=1", "r=0", "r=0", "r=0"]
        # whoever asks whether the process lives is no client
        assert (await client.get("/readyz")).status_code == 200


async def test_nobody_is_limited_unless_asked_for(tiny: httpx.AsyncClient) -> None:
    assert "RateLimit" not in (await tiny.get("/dataset")).headers


async def test_more_than_can_be_answered_at_once_are_told_to_come_again() -> None:
    waiting = asyncio.Event()

    async def slow(_scope: object, _receive: object, send: object) -> None:
        await waiting.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    app = Limits(slow, Settings(max_concurrency=2))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        first = [asyncio.create_task(client.get("/x")) for _ in range(2)]
        await asyncio.sleep(0)
        while app.running < 2:
            await asyncio.sleep(0)
        refused = await client.get("/x")
        assert is_problem(refused, 503)
        assert refused.headers["Retry-After"] == "1"
        waiting.set()
        assert [(await task).status_code for task in first] == [200, 200]
        assert (await client.get("/x")).status_code == 200


async def test_whole_lists_that_nobody_takes_leave_connections_to_others(tiny_database: str) -> None:
    app = create_app(Settings(database_url=tiny_database, threads=1, max_streams=2))
    taken = asyncio.Event()
    started: list[Message] = []

    async def take_slowly(message: Message) -> None:
        started.append(message)
        await taken.wait()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/claims.csv", "query_string": b""}
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        slow = [asyncio.create_task(app({**scope, "headers": []}, receive, take_slowly)) for _ in range(2)]
        while len(started) < 2:
            await asyncio.sleep(0.01)
        refused = await client.get("/nutrients.ndjson")
        assert is_problem(refused, 503)
        assert refused.headers["Retry-After"] == "5"
        assert (await client.get("/nutrients")).status_code == 200
        taken.set()
        await asyncio.gather(*slow)
        assert [message["status"] for message in started if "status" in message] == [200, 200]
        assert (await client.get("/nutrients.ndjson")).status_code == 200


async def test_a_client_that_goes_away_ends_its_list() -> None:
    taken = 0
    gone = asyncio.Event()

    def pieces() -> Iterator[str]:
        nonlocal taken
        for _ in range(100 * BATCH):
            taken += 1
            yield "x"

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        # as a server does, it says nothing of a client that has gone
        if taken >= 3 * BATCH:
            gone.set()
        await asyncio.sleep(0.01)

    closed = asyncio.Event()
    await StreamedList(closed.set, pieces(), {}, "ndjson")({"type": "http"}, receive, send)
    assert closed.is_set()
    assert taken < 6 * BATCH


def test_a_limit_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(rate_limit="often")


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_subscribers_whole_ipv6_network_counts_as_one(address: object, rest: int) -> None:
    network = int(address) >> 64 << 64  # type: ignore[call-overload]
    other = type(address)(network | rest)  # type: ignore[call-arg]
    assert client_of({"client": (str(address), 1)}) == client_of({"client": (str(other), 2)})


@given(st.text())
def test_any_client_can_be_counted(host: str) -> None:
    assert isinstance(client_of({"client": (host, 1)}), str)
