"""Limits: what exceeds one is told so, in the form of every other error."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from starlette.types import Message

from app.api.responses import BATCH, StreamedExport
from app.commands import main
from app.http.limits import LimitsMiddleware
from app.http.rate_limit import RateLimit, client_of
from app.settings import Settings
from tests.serving import Serve, free_port, wait_for
from tests.support import client_for, run


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
        assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"3 per 1 hour";q=3;w=3600'}
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

    app = LimitsMiddleware(slow, Settings(max_concurrency=2), None)
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


async def test_several_limits_all_hold(tiny_database: str) -> None:
    async with client_for(tiny_database, rate_limit="100/day;2/hour") as client:
        assert [(await client.get("/dataset")).status_code for _ in range(3)] == [200, 200, 429]
    async with client_for(tiny_database, rate_limit="2/day;100/hour") as client:
        assert [(await client.get("/dataset")).status_code for _ in range(3)] == [200, 200, 429]


async def test_what_a_short_limit_refuses_does_not_count_for_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rate_limit = RateLimit("5/day;2/hour")
    allowed = [(await rate_limit.hit("192.0.2.1"))[0] for _ in range(20)]
    assert allowed == [True] * 2 + [False] * 18
    [*_, day] = rate_limit.items
    assert rate_limit.limiter.get_window_stats(day, "192.0.2.1").remaining == 3


async def test_a_preflight_is_neither_counted_nor_refused(tiny_database: str) -> None:
    async with client_for(tiny_database, rate_limit="1/hour") as client:
        headers = {"Origin": "https://a.test", "Access-Control-Request-Method": "GET"}
        for _ in range(3):
            assert (await client.options("/dataset", headers=headers)).status_code == 204
        assert (await client.get("/dataset")).status_code == 200
        refused = await client.get("/dataset")
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (429, "*")


def test_every_request_is_counted_though_the_memo_answers(tiny_sqlite: str, serving: Serve) -> None:
    with serving(tiny_sqlite, RATE_LIMIT="5/hour") as server, httpx.Client(base_url=server.url) as client:
        answers = [client.get("/nutrients/iron") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers[:5]] == ["r=4", "r=3", "r=2", "r=1", "r=0"]


@pytest.fixture
def redis() -> Iterator[str]:
    """The URL of a Redis of its own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: RATE_LIMIT_STORAGE is not tested")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: RedisClient(port).ping())
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class RedisClient:
    """Enough of one to see whether it answers, and to end it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ping(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"
        return False

    def shut_down(self) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")
            connection.recv(16)


def test_all_processes_count_together_in_redis(tiny_sqlite: str, redis: str, serving: Serve) -> None:
    with serving(tiny_sqlite, WORKERS="2", RATE_LIMIT="10/hour", RATE_LIMIT_STORAGE=redis) as server:
        statuses = [server.get("/nutrients/iron").status_code for _ in range(15)]
        assert statuses == [200] * 10 + [429] * 5
        assert server.get("/livez").status_code == 200
        RedisClient(int(redis.rpartition(":")[2])).shut_down()
        # better unlimited than away
        assert server.get("/nutrients/iron").status_code == 200
        assert "RATE_LIMIT_STORAGE does not answer, nobody is limited" in server.log.read_text()
        assert "Traceback" not in server.log.read_text()


def test_a_redis_that_does_not_answer_is_named_at_start(tiny_sqlite: str) -> None:
    storage = f"redis://user:s3cret@127.0.0.1:{free_port()}"
    done = run("app", "serve", DATABASE_URL=tiny_sqlite, RATE_LIMIT="1/second", RATE_LIMIT_STORAGE=storage)
    assert done.returncode == 1
    assert done.stderr == (
        "RATE_LIMIT_STORAGE names a server that does not answer; start it, or unset RATE_LIMIT_STORAGE.\n"
    )


@pytest.mark.parametrize("storage", ["redis", "memcached://127.0.0.1", "mongodb://u:s3cret@127.0.0.1"])
def test_a_storage_that_is_not_supported_is_named(tiny_sqlite: str, storage: str) -> None:
    done = run("app", "serve", DATABASE_URL=tiny_sqlite, RATE_LIMIT="1/second", RATE_LIMIT_STORAGE=storage)
    assert done.returncode == 1
    assert done.stderr.startswith("RATE_LIMIT_STORAGE cannot be used: it is `memory://`, `redis://host:port`")
    assert "s3cret" not in done.stderr


def test_a_missing_library_is_named(
    tiny_sqlite: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setenv("DATABASE_URL", tiny_sqlite)
    monkeypatch.setenv("RATE_LIMIT", "1/second")
    monkeypatch.setenv("RATE_LIMIT_STORAGE", "redis://127.0.0.1")
    assert main(["serve"]) == 1
    said = capsys.readouterr().err
    assert said == "RATE_LIMIT_STORAGE needs the Redis library; install the `redis` extra.\n"


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
    await StreamedExport(closed.set, pieces(), {}, "ndjson")({"type": "http"}, receive, send)
    assert closed.is_set()
    assert taken < 6 * BATCH


async def test_a_connection_lost_after_the_last_row_cuts_no_client() -> None:
    def close() -> None:
        raise OperationalError("ROLLBACK", {}, Exception("server closed the connection unexpectedly"))

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    await StreamedExport(close, iter(["a\r\n"]), {}, "text/csv")({"type": "http"}, receive, send)
    assert sent[-1] == {"type": "http.response.body", "body": b"a\r\n", "more_body": False}


def test_a_limit_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        Settings(rate_limit="often")


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_subscribers_whole_ipv6_network_counts_as_one(address: object, rest: int) -> None:
    network = int(address) >> 64 << 64  # type: ignore[call-overload]
    other = type(address)(network | rest)  # type: ignore[call-arg]
    assert client_of(str(address)) == client_of(str(other))


@given(st.text())
def test_any_client_can_be_counted(host: str) -> None:
    assert isinstance(client_of(host), str)
