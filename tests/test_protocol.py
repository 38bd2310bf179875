"""The server's protocol without a network: what is parsed, remembered and answered, and when."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from app.http.access_log import AccessLog, LoggedRequest
from app.http.memo import RequestMemo
from app.http.protocol import STATE, ServerProtocol, Shared
from app.http.request_log import RequestLogMiddleware
from app.settings import Settings

REQUEST = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = self.paused = self.aborted = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("::ffff:192.0.2.1", 1) if name == "peername" else default

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Connection:
    """A connection to an app that answers `answer` when `release` is set; `asked` are the requests it has seen."""

    def __init__(self, status: int = 200, *, is_memorable: bool = True) -> None:
        self.release = asyncio.Event()
        self.release.set()
        self.asked: list[Scope] = []
        self.memo = RequestMemo(10**6)
        self.status = status
        self.is_memorable = is_memorable
        self.log = AccessLog("console", written=False)
        middleware = RequestLogMiddleware(self._app, self.log, self.memo, lambda _path: None, log_query=False)
        config = uvicorn.Config(middleware, http=ServerProtocol, ws="none", log_config=None, proxy_headers=False)
        config.load()
        state = {STATE: Shared(Settings(), self.memo, self.log, None)}
        self.protocol = ServerProtocol(config, ServerState(), state, asyncio.get_running_loop())
        self.transport = Transport()
        self.protocol.connection_made(self.transport)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        await self.release.wait()
        if self.is_memorable:
            scope["state"]["is_memorable"] = True
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def sends(self, *parts: bytes) -> int:
        """Send the parts, wait until nothing more is answered; returns how many requests the app saw of them."""
        before = len(self.asked)
        for part in parts:
            self.protocol.data_received(part)
        await self.settles()
        return len(self.asked) - before

    async def settles(self) -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    @property
    def answers(self) -> int:
        return self.transport.written.count(b"HTTP/1.1 ")


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    made = Connection()
    yield made
    made.protocol.connection_lost(None)
    await made.settles()


async def test_a_request_is_answered_from_the_memo_the_third_time(connection: Connection) -> None:
    assert [await connection.sends(REQUEST) for _ in range(5)] == [1, 1, 0, 0, 0]
    assert connection.answers == 5
    ids = [line for line in connection.transport.written.split(b"\r\n") if line.startswith(b"x-request-id")]
    assert len(set(ids)) == 5


async def test_an_answer_is_remembered_only_where_a_layer_says_so() -> None:
    connection = Connection(is_memorable=False)
    assert [await connection.sends(REQUEST) for _ in range(4)] == [1, 1, 1, 1]
    assert connection.memo.size == 0
    connection.protocol.connection_lost(None)
    await connection.settles()


def head(line: bytes) -> bytes:
    return b"GET /x HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % line


NOT_REMEMBERED = {
    "request id": (head(b"X-Request-ID: abcdefgh"),),
    "forwarded for": (head(b"X-Forwarded-For: 192.0.2.1"),),
    "forwarded": (head(b"Forwarded: for=192.0.2.1"),),
    "body": (head(b"Content-Length: 2") + b"ab",),
    "empty body": (head(b"Content-Length: 0"),),
    "other method": (b"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n",),
    "in two reads": (REQUEST[:10], REQUEST[10:]),
    "long": (head(b"Cookie: " + b"x" * 5000),),
}


@pytest.mark.parametrize("name", NOT_REMEMBERED)
async def test_what_depends_on_more_than_its_bytes_is_not_remembered(connection: Connection, name: str) -> None:
    for _ in range(4):
        assert await connection.sends(*NOT_REMEMBERED[name]) == 1
    assert connection.memo.size == 0
    assert connection.answers == 4


async def test_several_requests_in_one_read_are_not_remembered(connection: Connection) -> None:
    for _ in range(4):
        assert await connection.sends(REQUEST * 2) == 2
    assert connection.memo.size == 0


async def test_half_a_request_is_completed_by_bytes_that_are_known(connection: Connection) -> None:
    for _ in range(3):
        await connection.sends(REQUEST)
    await connection.sends(b"GET /y HTTP/1.1\r\nHost: a\r\nX-Rest: ")
    assert await connection.sends(REQUEST) == 1
    assert connection.asked[-1]["path"] == "/y"


async def test_an_answer_of_an_older_release_is_not_remembered(connection: Connection) -> None:
    await connection.sends(REQUEST)
    connection.release.clear()
    await connection.sends(REQUEST)
    connection.memo.clear()
    # another connection asked for the same in the new release
    connection.memo.put(REQUEST, connection.memo.generation, 200, [], b"", LoggedRequest("GET", "/", "/", 200, 0, None))
    connection.release.set()
    await connection.settles()
    assert await connection.sends(REQUEST) == 1


async def test_the_memo_waits_its_turn(connection: Connection) -> None:
    for _ in range(3):
        await connection.sends(REQUEST)
    connection.release.clear()
    other = REQUEST.replace(b"/x", b"/y")
    await connection.sends(other)
    assert await connection.sends(REQUEST) == 0
    assert connection.answers == 3
    connection.release.set()
    await connection.settles()
    assert connection.answers == 5
    assert [scope["path"] for scope in connection.asked[2:]] == ["/y", "/x"]


async def test_the_memo_is_silent_while_the_client_does_not_read_or_the_server_stops(connection: Connection) -> None:
    for _ in range(3):
        await connection.sends(REQUEST)
    connection.protocol.pause_writing()
    assert await connection.sends(REQUEST) == 1
    connection.protocol.resume_writing()
    await connection.settles()
    connection.protocol.shutdown()
    assert await connection.sends(REQUEST) == 1
    assert connection.transport.written.endswith(b"connection: close\r\n\r\nok")
    assert connection.transport.closed


async def test_one_request_is_parsed_at_a_time(connection: Connection) -> None:
    connection.release.clear()
    assert await connection.sends(REQUEST * 5000) == 1
    assert not connection.protocol.pipeline
    assert connection.transport.paused
    connection.release.set()
    while connection.answers < 5000:
        await connection.settles()
    assert not connection.transport.paused
    assert await connection.sends(REQUEST.replace(b"/x", b"/z")) == 1


async def test_a_client_that_vanishes_has_its_other_requests_dropped(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    connection.release.clear()
    statuses: list[int] = []
    connection.log.wanted = True
    connection.log.add = lambda *args: statuses.append(args[3].status)  # type: ignore[method-assign]
    await connection.sends(REQUEST * 10)
    connection.protocol.connection_lost(None)
    connection.release.set()
    await connection.settles()
    assert len(connection.asked) == 1
    assert 500 not in statuses
    assert caplog.records == []


async def test_a_client_that_closes_its_half_gets_all_answers(connection: Connection) -> None:
    connection.release.clear()
    await connection.sends(REQUEST * 3)
    assert connection.protocol.eof_received()
    connection.release.set()
    await connection.settles()
    assert connection.answers == 3
    assert connection.transport.closed


async def test_an_answer_that_has_begun_when_the_server_stops_leaves_room_for_one_more() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await more.wait()
        await send({"type": "http.response.body", "body": b"whole"})

    more = asyncio.Event()
    connection = Connection()
    connection.protocol.app = stream
    await connection.sends(REQUEST)
    connection.protocol.shutdown()
    more.set()
    await connection.settles()
    assert connection.transport.written.endswith(b"0\r\n\r\n")
    assert not connection.transport.closed
    await connection.sends(REQUEST)
    assert b"connection: close\r\n" in connection.transport.written
    assert connection.transport.written.endswith(b"0\r\n\r\n")
    assert connection.transport.closed
    connection.protocol.connection_lost(None)


async def test_of_the_requests_that_have_come_when_the_server_stops_the_last_answer_says_so(
    connection: Connection,
) -> None:
    connection.release.clear()
    await connection.sends(REQUEST + REQUEST.replace(b"/x", b"/y"))
    connection.protocol.shutdown()
    connection.release.set()
    await connection.settles()
    assert connection.answers == 2
    first, last = connection.transport.written.split(b"ok")[:2]
    assert (b"connection: close" in first, b"connection: close" in last) == (False, True)


async def test_text_in_the_target_is_encoded(connection: Connection) -> None:
    await connection.sends("GET /señal?q=Müsli&raw=%41 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    [scope] = connection.asked
    assert scope["path"] == "/señal"
    assert scope["query_string"] == b"q=M%C3%BCsli&raw=%41"


async def test_bytes_that_are_no_text_reach_the_app_encoded(connection: Connection) -> None:
    await connection.sends(b"GET /x?q=\xff HTTP/1.1\r\nHost: a\r\n\r\n")
    assert connection.asked[0]["query_string"] == b"q=%FF"


async def test_the_connection_ends_with_an_upgrade_that_is_not_made(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = head(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk")
    assert await connection.sends(upgrade + REQUEST) == 1
    assert connection.answers == 1
    assert b"connection: close\r\n" in connection.transport.written
    assert connection.transport.closed
    assert caplog.records == []


async def test_ipv4_on_a_socket_for_both_is_known_by_its_plain_address(connection: Connection) -> None:
    await connection.sends(REQUEST)
    assert connection.asked[0]["client"] == ("192.0.2.1", 1)


App = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[int]:
    """A server in this process; gives its port."""
    config = uvicorn.Config(app, http=ServerProtocol, ws="none", log_config=None, lifespan="off", port=0)
    config.load()
    state = {STATE: Shared(Settings(), RequestMemo(0), AccessLog("console", written=False), None)}
    server = await asyncio.get_running_loop().create_server(
        lambda: ServerProtocol(config, ServerState(), state, asyncio.get_running_loop()), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


def streaming(*messages: Message) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for message in messages:
            await send({"type": "http.response.body", **message})

    return app


async def test_http_1_0_gets_a_stream_without_chunks() -> None:
    app = streaming({"body": b"one", "more_body": True}, {"body": b"two"})
    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        received = await reader.read()
        writer.close()
    fields, _, body = received.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in fields
    assert b"connection: close" in fields
    assert body == b"onetwo"


async def test_http_1_0_sees_that_a_stream_was_cut(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(streaming({"body": b"one", "more_body": True})) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
    assert "without completing response" in caplog.text
