"""Whatever clients send and however it arrives: memo, cache and neither of them give the same bytes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from app.http.protocol import STATE, ServerProtocol
from app.main import create_app
from app.settings import Settings
from tests.support import TINY, examples, make_database

NEVER_THE_SAME = (b"date: ", b"x-request-id: ")

TARGETS = (
    "/nutrients",
    "/nutrients?limit=1",
    "/nutrients/iron",
    "/nutrients/nothing",
    "/claims.csv",
    "/livez",
    "/faq/",
)
HEADERS = (
    "",
    "Accept-Encoding: gzip\r\n",
    "Accept: text/html\r\n",
    "Accept: image/png\r\n",
    "If-None-Match: *\r\n",
    "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
    "X-Forwarded-For: 192.0.2.7\r\n",
)

requests = st.builds(
    lambda method, target, header: f"{method} {target} HTTP/1.1\r\nHost: a\r\n{header}\r\n".encode(),
    st.sampled_from(("GET", "GET", "GET", "HEAD", "DELETE", "OPTIONS")),
    st.sampled_from(TARGETS),
    st.sampled_from(HEADERS),
)


@dataclass
class Sent:
    """Requests, and the sizes of the reads in which they arrive together: `EACH` in one of its own without waiting for
    the answer before, none where each waits for it.
    """

    requests: list[bytes]
    cuts: list[int]


EACH = [0]

several = st.lists(requests, min_size=2, max_size=5)
steps = st.lists(
    st.one_of(
        st.builds(lambda request: Sent([request] * 4, []), requests),
        st.builds(lambda some: Sent(some * 2, EACH), several),
        st.builds(Sent, several, st.lists(st.integers(1, 90) | st.just(10**6), min_size=1, max_size=4)),
        st.sampled_from(("vanish", "release")),
    ),
    min_size=1,
    max_size=12,
)


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Server:
    """An app behind the server's protocol, and one client of it."""

    def __init__(self, app: Any, state: dict[str, Any]) -> None:
        self.config = uvicorn.Config(app, http=ServerProtocol, ws="none", log_config=None)
        self.config.load()
        self.state = state
        self.connect()

    def connect(self) -> None:
        self.transport = Transport()
        self.protocol = ServerProtocol(self.config, ServerState(), self.state, asyncio.get_running_loop())
        self.protocol.connection_made(self.transport)

    def vanish(self) -> None:
        self.protocol.data_received(b"GET /nutrients HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        self.transport.close()
        self.protocol.connection_lost(None)
        self.connect()

    async def answers(self, sent: Sent) -> list[list[bytes]]:
        """The lines of each answer, without those that are never the same."""
        if sent.cuts:
            data = b"".join(sent.requests)
            for size in map(len, sent.requests) if sent.cuts == EACH else sent.cuts:
                part, data = data[:size], data[size:]
                if part:
                    self.protocol.data_received(part)
            if data:
                self.protocol.data_received(data)
            return [await self._answer(request) for request in sent.requests]
        answers = []
        for request in sent.requests:
            self.protocol.data_received(request)
            answers.append(await self._answer(request))
        return answers

    async def _answer(self, request: bytes) -> list[bytes]:
        async with asyncio.timeout(10):
            while True:
                head, end, rest = bytes(self.transport.written).partition(b"\r\n\r\n")
                lines = head.split(b"\r\n")
                length = next((int(line[16:]) for line in lines if line.startswith(b"content-length: ")), 0)
                if request.startswith(b"HEAD") or b" 304 " in lines[0]:
                    length = 0
                if end and len(rest) >= length:
                    break
                await asyncio.sleep(0)
        self.transport.written = bytearray(rest[length:])
        return [*(line for line in lines if not line.startswith(NEVER_THE_SAME)), rest[:length]]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Databases with two releases."""
    folder = tmp_path_factory.mktemp("releases")
    content = Path(shutil.copytree(TINY, folder / "content"))
    make_database(f"sqlite:///{folder}/0.db", content)
    for path in content.rglob("*.toml"):
        text = path.read_text(encoding="utf-8").replace("0.1.0", "0.2.0")
        path.write_text(text.replace("Carries oxygen.", "Carries oxygen, release two."), encoding="utf-8")
    make_database(f"sqlite:///{folder}/1.db", content)
    return [folder / "0.db", folder / "1.db"]


class Pair:
    """A server as it ships and one that keeps nothing, over the same file."""

    def __init__(self, file: Path, releases: list[Path]) -> None:
        self.file, self.releases, self.number = file, releases, 0

    async def start(self, stack: AsyncExitStack) -> None:
        servers = []
        for cache_bytes in (32 * 2**20, 0):
            app = create_app(
                Settings(
                    database_url=f"sqlite:///{self.file}",
                    cache_bytes=cache_bytes,
                    release_interval=0.02,
                    access_log=False,
                )
            )
            state = await stack.enter_async_context(app.router.lifespan_context(app))
            servers.append(Server(app, dict(state or {})))
        self.kept, self.plain = servers

    async def release(self) -> None:
        """Put the other release in place, and wait until both know."""
        self.number = 1 - self.number
        copy = self.file.with_suffix(".new")
        shutil.copy(self.releases[self.number], copy)
        copy.replace(self.file)
        asked = Sent([b"GET /dataset HTTP/1.1\r\nHost: a\r\n\r\n"], [])
        version = b"dataset-version: 0.%d.0" % (self.number + 1)
        async with asyncio.timeout(10):
            for server in (self.kept, self.plain):
                while not any(line.startswith(version) for line in (await server.answers(asked))[0]):
                    await asyncio.sleep(0.01)

    async def compare(self, sent: Sent) -> None:
        kept = await self.kept.answers(sent)
        assert kept == await self.plain.answers(Sent(sent.requests, []))


@pytest.fixture(scope="module")
async def pair(releases: list[Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    file = tmp_path_factory.mktemp("served") / "x.db"
    shutil.copy(releases[0], file)
    made = Pair(file, releases)
    async with AsyncExitStack() as stack:
        await made.start(stack)
        yield made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(15))
@given(steps)
async def test_what_is_kept_is_what_would_be_made(pair: Pair, steps: list[Sent | str]) -> None:
    for step in steps:
        if isinstance(step, Sent):
            if step.cuts == EACH:
                # the memo knows them, and must wait its turn
                await pair.compare(Sent(step.requests * 3, []))
            await pair.compare(step)
        elif step == "release":
            await pair.release()
        else:
            pair.kept.vanish()


async def test_the_memo_takes_part(pair: Pair) -> None:
    sent = Sent([b"GET /nutrients/iron HTTP/1.1\r\nHost: memo\r\n\r\n"], [])
    for _ in range(4):
        await pair.compare(sent)
    assert pair.kept.state[STATE].memo.get(sent.requests[0])
    assert pair.plain.state[STATE].memo.size == 0
