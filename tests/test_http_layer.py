"""The representation layer by itself, around small apps: what is shared between clients, kept, streamed, retried."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.database.current_release import Watcher
from app.http import streams
from app.http.cache import MAX_KEY, CachedResponse, ResponseCache
from app.http.representation import RepresentationMiddleware
from app.http.routes import Offer
from app.settings import Settings
from tests.support import scope_of

VERSION = {"Dataset-Version": "1.0.0+a", "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}
OFFERS = {
    "/data": Offer(("application/json",)),
    "/page": Offer(("application/json", "text/html"), frozenset({"type"})),
    "/data.csv": Offer(("text/csv",), streamed=True),
    "/file": Offer(),
    "/openapi.json": Offer(),
}


def layered(
    app: ASGIApp, cache: ResponseCache | None = None, **settings: Any
) -> tuple[RepresentationMiddleware, Watcher]:
    watcher = Watcher(create_engine("sqlite://"))
    watcher.saw("1.0.0+a")
    cache = cache if cache is not None else ResponseCache(10**6)
    watcher.subscribe(lambda _tag: cache.clear())
    return RepresentationMiddleware(app, Settings(**settings), cache, watcher, OFFERS.get), watcher


def client_of(layer: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=layer, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"Accept-Encoding": "identity"})


def answering(body: bytes = b'{"a":1}', **headers: str) -> tuple[ASGIApp, list[Scope]]:
    """An app with one answer, and the scopes that it was asked with."""
    asked: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope)
        await asyncio.sleep(0)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await Response(body, headers={**VERSION, **named}, media_type="application/json")(scope, receive, send)

    return app, asked


# --- what is shared -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "special",
    [
        {"Range": "bytes=0-2"},
        {"Range": "bytes=99-"},
        {"If-Modified-Since": "Fri, 06 Nov 2099 08:49:37 GMT"},
        {"If-None-Match": "*"},
        {"If-Match": '"other"'},
        {"Accept-Encoding": "gzip, identity;q=0"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_no_client_gets_what_anothers_headers_asked_for(special: dict[str, str]) -> None:
    """Both ask at the same moment, and nothing is cached: the plain GET gets the whole."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        given = dict(scope["headers"])
        if b"range" in given:
            await Response(b"0,1", 206)(scope, receive, send)
        elif any(name.startswith(b"if-") for name in given):
            await Response(status_code=304)(scope, receive, send)
        else:
            await Response(b'{"a":1}', headers=VERSION)(scope, receive, send)

    for path in ("/data", "/file", "/unknown"):
        async with client_of(layered(app)[0]) as client:
            _, plain, head = await asyncio.gather(
                client.get(path, headers=special), client.get(path), client.head(path, headers=special)
            )
            assert (plain.status_code, plain.content, head.content) == (200, b'{"a":1}', b"")


async def test_a_route_sees_neither_head_nor_any_header() -> None:
    app, asked = answering()
    async with client_of(layered(app)[0]) as client:
        await client.head("/data", headers={"Range": "bytes=0-1", "X-Anything": "1"})
    assert (asked[0]["method"], asked[0]["headers"]) == ("GET", [])


async def test_an_answer_that_ends_early_is_neither_sent_nor_kept(caplog: pytest.LogCaptureFixture) -> None:
    broken = True

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole", "more_body": broken})

    async with client_of(layered(app)[0]) as client:
        assert (await client.get("/data")).status_code == 500
        broken = False
        assert (await client.get("/data")).content == b"whole"


async def test_a_request_that_goes_away_takes_nobody_with_it() -> None:
    """The first of two that wait for one answer is cancelled: the second makes it."""
    release, asked = asyncio.Event(), 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        await release.wait()
        await Response(b"{}", headers=VERSION)(scope, receive, send)

    async with client_of(layered(app)[0]) as client:
        first, second = (asyncio.create_task(client.get("/data")) for _ in range(2))
        while not asked:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        first.cancel()
        release.set()
        assert (await second).content == b"{}"
        assert asked == 2


async def test_an_answer_of_the_last_release_is_not_kept_for_the_next() -> None:
    """Two requests wait for one answer, and a release comes in the meantime."""
    rendering, calls = asyncio.Event(), 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls
        calls += 1
        await rendering.wait()
        await Response(b"{}", headers=VERSION)(scope, receive, send)

    layer, watcher = layered(app)
    async with client_of(layer) as client:
        asked = [asyncio.create_task(client.get("/data")) for _ in range(2)]
        await asyncio.sleep(0.01)
        watcher.saw("1.0.1+new")
        rendering.set()
        await asyncio.gather(*asked)
        assert watcher.tag == "1.0.1+new"
        assert calls == 1
        await client.get("/data")
        assert calls == 2


async def test_whether_an_answer_is_a_function_of_the_requests_bytes_is_told() -> None:
    """The server may remember the bytes of these, and of no others."""
    app, _ = answering()
    layer, _ = layered(app, trust_forwarded_prefix=True)
    states: list[dict[str, Any]] = []

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        states.append(scope.setdefault("state", {}))
        await layer(scope, receive, send)

    async def memo(path: str = "/data", method: str = "GET", **headers: str) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await client.request(method, path, headers=named)
        return bool(states[-1].get("is_memorable"))

    async with client_of(outer) as client:
        assert await memo()
        assert await memo(method="HEAD")
        assert await memo(If_None_Match="*")
        assert not await memo(X_Forwarded_Prefix="/a")
        assert not await memo(X_Forwarded_For="10.0.0.1")
        assert not await memo(If_Match='"other"')
        assert not await memo("/data?" + "a" * MAX_KEY)
        assert not await memo(method="OPTIONS")
        assert not await memo(Accept="image/png")


# --- the bound of the cache -----------------------------------------------------------------------------------------


def cached(size: int) -> CachedResponse:
    return CachedResponse("d", [], b"x" * size)


def test_the_cache_holds_no_more_than_its_capacity_and_drops_the_least_recently_used() -> None:
    cache = ResponseCache(100_000)
    for number in range(8):
        cache.put((str(number),), cached(8_000))
    assert all(cache.get((str(number),)) for number in range(8))
    cache.get(("0",))
    for number in range(8, 12):
        cache.put((str(number),), cached(8_000))
        assert cache.size <= cache.capacity
    assert cache.get(("0",)), "just used"
    assert not cache.get(("1",))
    assert cache.get(("11",))
    cache.put(("11",), cached(1))
    assert cache.get(("11",)).body == b"x"  # type: ignore[union-attr]
    cache.clear()
    assert (cache.size, cache.get(("11",))) == (0, None)


def test_keys_count_and_long_ones_are_not_kept() -> None:
    cache = ResponseCache(1_000_000)
    cache.put(("a" * (MAX_KEY + 1),), cached(1))
    assert cache.size == 0
    cache.put(("a",), cached(1))
    short = cache.size
    cache.put(("b" * 500,), cached(1))
    assert cache.size == 2 * short + 499
    cache.put(("c",), cached(200_000))
    assert not cache.get(("c",)), "more than an eighth of the room"


async def test_encoded_variants_count() -> None:
    cache, response = ResponseCache(100_000), cached(10_000)
    cache.put(("a",), response)
    before = cache.size
    bodies = await asyncio.gather(*(cache.body(("a",), response, "gzip") for _ in range(3)))
    assert cache.size > before + len(bodies[0])
    assert {gzip.decompress(body) for body in bodies} == {response.body}
    assert len({id(body) for body in bodies}) == 1, "encoded once"
    for number in range(100):
        await cache.body(("a", str(number)), cached(10_000), "gzip")
        assert cache.size <= cache.capacity


async def test_hostile_requests_do_not_fill_the_cache() -> None:
    app, _ = answering()
    cache = ResponseCache(50_000)
    layer, _ = layered(app, cache)
    async with client_of(layer) as client:
        for number in range(50):
            await client.get("/data", headers={"Accept": f"application/json, x/{number}" + "a" * 3000})
            await client.get(f"/file?{number}")
            await client.get(f"/page?utm_source={number}", headers={"Accept": "text/html"})
        assert len(cache) == 3
        for number in range(50):
            await client.get(f"/data?slug={number}" + "a" * 5000)
        assert len(cache) == 3
        for number in range(50):
            await client.get(f"/data?slug={number}")
        assert cache.size <= 50_000


async def test_large_bodies_are_compressed_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = answering(b'{"a":1}' * 20_000)
    moved: list[object] = []

    async def to_thread(function: Callable[..., Any], *arguments: Any) -> Any:
        moved.append(function)
        return function(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    async with client_of(layered(app)[0]) as client:
        for coding in ("br", "zstd", "gzip"):
            await asyncio.gather(*(client.get("/data", headers={"Accept-Encoding": coding}) for _ in range(3)))
    assert len(moved) == 3


# --- long exports ---------------------------------------------------------------------------------------------------


class Export:
    """An export of so many pieces of 100 kB."""

    def __init__(self, pieces: int, status: int = 200) -> None:
        self.pieces = pieces
        self.status = status
        self.closed = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                for number in range(self.pieces):
                    yield b"%d,/x\r\n" % number * 16_000
            finally:
                self.closed += 1

        await StreamingResponse(pieces(), self.status, VERSION, "text/csv")(scope, receive, send)


class Reader:
    """A client that stops reading after the head of the response until `reads` is set."""

    def __init__(self, layer: ASGIApp, **headers: str) -> None:
        self.layer = layer
        self.reads = asyncio.Event()
        self.began = asyncio.Event()
        self.messages: list[Any] = []
        self.headers = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]

    async def run(self) -> "Reader":
        await self.layer(scope_of("/data.csv", self.headers), self.receive, self.send)
        return self

    async def receive(self) -> Any:
        await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.body" and message.get("more_body"):
            self.began.set()
            await self.reads.wait()

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def is_whole(self) -> bool:
        return not self.messages[-1].get("more_body", False)


async def test_a_short_export_is_cached_and_a_long_one_is_not() -> None:
    for pieces, length in ((2, True), (5, False)):
        export = Export(pieces)
        async with client_of(layered(export, ResponseCache(10**7))[0]) as client:
            responses = [await client.get("/data.csv") for _ in range(2)]
            assert len({response.content for response in responses}) == 1
            assert export.closed == (1 if length else 2)
            assert ("Content-Length" in responses[0].headers) is length
            assert responses[0].headers["ETag"] == responses[1].headers["ETag"]
            head = await client.head("/data.csv")
            assert int(head.headers["Content-Length"]) == len(responses[0].content)
            packed = await client.get("/data.csv", headers={"Accept-Encoding": "gzip"})
            assert packed.content == responses[0].content
            counted = await client.head("/data.csv", headers={"Accept-Encoding": "gzip"})
            assert 0 < int(counted.headers["Content-Length"]) < len(packed.content)
            assert counted.headers["Content-Encoding"] == "gzip"
            assert (await client.get("/data.csv", headers={"If-None-Match": head.headers["ETag"]})).status_code == 304
            assert (await client.get("/data.csv", headers={"If-Match": '"x"'})).status_code == 412
            assert (await client.get("/data.csv", headers={"Accept-Encoding": "*;q=0"})).status_code == 406


async def test_readers_that_do_not_read_lose_their_place_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    export = Export(9)
    layer, _ = layered(export, max_streams=2)
    slow = [Reader(layer) for _ in range(2)]
    running = [asyncio.create_task(reader.run()) for reader in slow]
    for reader in slow:
        await reader.began.wait()
    refused = await Reader(layer).run()
    assert refused.status == 503
    assert dict(refused.messages[0]["headers"])[b"retry-after"] == b"10"
    monkeypatch.setattr(streams, "GUARANTEED", 0.0)
    for _ in range(5):
        served = Reader(layer)
        served.reads.set()
        assert (await served.run()).is_whole
        assert served.status == 200
    first, second = slow
    await asyncio.sleep(0.01)
    assert running[0].done() or running[1].done()
    first.reads.set()
    second.reads.set()
    await asyncio.gather(*running)
    assert not (first.is_whole and second.is_whole), "whoever was cut can see it"
    assert export.closed == 8


async def test_a_client_that_goes_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    reader = Reader(layered(app)[0])
    reader.receive = gone  # type: ignore[method-assign]
    await reader.run()
    assert not reader.messages
    assert not caplog.records


async def gone() -> Any:
    return {"type": "http.disconnect"}


async def test_an_export_that_fails_is_an_error_before_its_start_and_cut_after_it() -> None:
    for pieces, status in ((1, 500), (5, 200)):

        async def app(scope: Scope, receive: Receive, send: Send, pieces: int = pieces) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
            for _ in range(pieces):
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            raise RuntimeError

        reader = Reader(layered(app)[0])
        reader.reads.set()
        if status == 200:
            with pytest.raises(RuntimeError):
                await reader.run()
            assert not reader.is_whole
        else:
            await reader.run()
        assert reader.status == status


# --- the database restarts ------------------------------------------------------------------------------------------


class OperationalError(Exception):
    """As psycopg's, when the server goes away."""


@pytest.mark.parametrize(("failures", "status", "asked"), [(2, 200, 3), (99, 503, 3)])
async def test_a_database_that_restarts_is_asked_again(failures: int, status: int, asked: int) -> None:
    count = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        count += 1
        if count <= failures:
            raise DBAPIError("SELECT", {}, OperationalError("gone"))
        await Response(b"{}", headers=VERSION)(scope, receive, send)

    layer, _ = layered(app, database_patience=0.5)
    async with client_of(layer) as client:
        response = await client.get("/data")
        assert (response.status_code, count) == (status, asked)
        if status == 503:
            assert response.headers["Retry-After"]
            assert response.headers["Cache-Control"] == "no-store"


async def test_a_database_that_has_been_away_for_long_is_asked_once() -> None:
    count = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        count += 1
        raise DBAPIError("SELECT", {}, OperationalError("gone"))

    layer, watcher = layered(app)
    watcher.gone_since = asyncio.get_running_loop().time() - 100
    async with client_of(layer) as client:
        assert (await client.get("/data")).status_code == 503
    assert count == 1


# --- header values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["de\r\nSet-Cookie: a=b", "de\nX: y", "de\x00"])
async def test_a_header_value_that_would_begin_another_is_never_written(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    app, _ = answering(Content_Language=value)
    with caplog.at_level(logging.ERROR):
        async with client_of(layered(app)[0]) as client:
            for path in ("/data", "/data.csv", "/file", "/unknown"):
                response = await client.get(path)
                assert response.status_code == 500
                assert response.headers["Content-Type"] == "application/problem+json"
                assert "Set-Cookie" not in response.headers
    assert "control character" in caplog.text


async def test_a_version_of_any_length_makes_an_entity_tag() -> None:
    app, _ = answering(Dataset_Version="1" * 500)
    async with client_of(layered(app)[0]) as client:
        assert (await client.get("/data")).headers["ETag"]


async def test_tls_is_only_insisted_on_where_the_operator_says_so() -> None:
    app, _ = answering()
    for hsts in ("", "max-age=300"):
        async with client_of(layered(app, hsts=hsts)[0]) as client:
            assert (await client.get("https://test/data")).headers.get("Strict-Transport-Security", "") == hsts
            assert "Strict-Transport-Security" not in (await client.get("/data")).headers


# --- targets --------------------------------------------------------------------------------------------------------


async def test_a_final_slash_leads_to_the_path_without() -> None:
    app, asked = answering()
    async with client_of(layered(app)[0]) as client:
        response = await client.get("/data/?q=a%20b&c=%C3%A9")
        assert (response.status_code, response.headers["Location"]) == (308, "/data?q=a%20b&c=%C3%A9")
        assert not asked
        for path in ("/none/", "/data//", "/"):
            await client.get(path)
            assert asked.pop()["path"] == path


async def test_pages_ignore_what_they_do_not_know_and_programs_are_told() -> None:
    app, asked = answering()
    query = "utm_source=x&type=a&type%5B%5D=b&fbclid=y"
    async with client_of(layered(app)[0]) as client:
        await client.get(f"/page?{query}", headers={"Accept": "text/html"})
        assert asked[-1]["query_string"] == b"type=a&type%5B%5D=b"
        await client.get(f"/page?{query}")
        assert b"utm_source" in asked[-1]["query_string"]


# --- below a path ---------------------------------------------------------------------------------------------------

PREFIX = "/api/nutrients"


@pytest.mark.parametrize(
    ("media_type", "body", "completed"),
    [
        (
            "application/json",
            '{"url":"/x","next": "/y?a=b","text":"a /b","t":"\\":\\"/z","n":null,"list":["a"]}',
            '{"url":"/p/x","next": "/p/y?a=b","text":"a /b","t":"\\":\\"/z","n":null,"list":["a"]}',
        ),
        ("application/problem+json", '{"instance":"/x"}', '{"instance":"/p/x"}'),
        ("text/html", '<a href="/x">/x</a><img src="/y">', '<a href="/p/x">/x</a><img src="/p/y">'),
        ("text/csv", 'url,text\r\n/x,"a,/b ""c"""\r\n', 'url,text\r\n/p/x,"a,/b ""c"""\r\n'),
        ("text/plain", "/x", "/x"),
    ],
)
async def test_every_path_in_a_body_begins_with_the_prefix(media_type: str, body: str, completed: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body, 200 if scope["path"] == "/data" else 404, media_type=media_type)(scope, receive, send)

    async with client_of(layered(app, root_path="/p")[0]) as client:
        for path in ("/data", "/unknown"):
            response = await client.get(path)
            assert response.text == completed
            assert int(response.headers["Content-Length"]) == len(response.content)


async def test_headers_and_the_layers_own_answers_have_the_prefix() -> None:
    links = '</data>; rel="first", <https://example.org/x>; rel="license"'
    app, _ = answering(Link=links, Location="/data")
    async with client_of(layered(app, root_path=PREFIX)[0]) as client:
        response = await client.get("/data")
        assert response.headers["Location"] == f"{PREFIX}/data"
        assert response.headers["Link"] == f'<{PREFIX}/data>; rel="first", <https://example.org/x>; rel="license"'
        assert (await client.get("/data/")).headers["Location"] == f"{PREFIX}/data"
        refused = await client.get("/data", headers={"Accept": "image/png"})
        assert refused.json()["instance"] == f"{PREFIX}/data"


@pytest.mark.parametrize(
    ("prefix", "asked", "inner"),
    [
        ("/p", "/p/data", "/data"),
        ("/p", "/data", "/data"),
        ("/p", "/p", "/"),
        ("/p", "/p/", "/"),
        ("/p", "/p/none", "/none"),
        ("/p", "/pdata", "/pdata"),
        # the name of a collection, behind a proxy that cuts the prefix off, and behind one that does not
        ("/data", "/data", "/data"),
        ("/data", "/data/data", "/data"),
        ("/data", "/data/page", "/page"),
    ],
)
async def test_requests_come_with_the_prefix_or_without(prefix: str, asked: str, inner: str) -> None:
    app, scopes = answering()
    async with client_of(layered(app, root_path=prefix)[0]) as client:
        await client.get(asked)
    assert scopes[0]["path"] == inner
    assert scopes[0]["root_path"] == ""


async def test_a_forwarded_prefix_counts_where_it_is_trusted_and_never_for_others() -> None:
    app, _ = answering(b'{"url":"/data"}')
    for trusted in (True, False):
        async with client_of(layered(app, root_path="/p", trust_forwarded_prefix=trusted)[0]) as client:
            forwarded = await client.get("/data", headers={"X-Forwarded-Prefix": "/q/"})
            assert forwarded.json()["url"] == ("/q/data" if trusted else "/p/data")
            assert (await client.get("/data")).json()["url"] == "/p/data"
            for hostile in ("//evil.example", "https://evil.example", '/"><script>', "/a/..%2f", "/" + "a" * 300, "/é"):
                response = await client.get("/data", headers={b"X-Forwarded-Prefix": hostile.encode("latin-1")})
                assert response.json()["url"] == "/p/data", hostile


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "/"),
        ({"root_path": "/p"}, "/p"),
        ({"public_url": "https://example.org/p/"}, "https://example.org/p"),
        ({"root_path": "/p", "public_url": "https://example.org/p"}, "https://example.org/p"),
    ],
)
async def test_the_description_names_the_server_as_clients_see_it(settings: dict[str, Any], url: str) -> None:
    app, _ = answering(b'{"servers":[{"url":"/","description":"This"}],"paths":{"/data":{"example":{"url":"/data"}}}}')
    async with client_of(layered(app, **settings)[0]) as client:
        description = (await client.get("/openapi.json?x=1")).json()
    assert description["servers"] == [{"url": url, "description": "This"}]
    below = "" if url == "/" else "/p"
    assert description["paths"] == {"/data": {"example": {"url": f"{below}/data"}}}


# --- whatever clients send ------------------------------------------------------------------------------------------

DATES = st.from_regex(
    r"[A-Z][a-z]{2,8},? \d{1,3}[ -][A-Z][a-z]{2}[ -]\d{1,22} \d{1,12}:\d{1,5}:\d{1,25} ([+-]\d+|GMT)?"
)
WEIGHTED = st.from_regex(r"([a-z*/]{0,9} ?;? ?q? ?=? ?[0-9.]{0,12},? ?){0,5}", fullmatch=True)
TAGS = st.from_regex(r'(W/)?"?[ -~]{0,9}"?(, ?(W/)?"?[ -~]{0,9}"?){0,3}', fullmatch=True)
FREE = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60)
HEADERS = {
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
    "If-None-Match": TAGS,
    "If-Match": TAGS,
    "If-Range": DATES | TAGS,
    "Range": st.from_regex(r"[a-z]{0,6}=?(\d{0,30}-\d{0,30},?){0,3}", fullmatch=True),
    "Accept": WEIGHTED,
    "Accept-Encoding": WEIGHTED,
    "Forwarded": st.from_regex(r'(for|by|host|proto)="?[ -~]{0,20}"?', fullmatch=True),
    "X-Forwarded-Prefix": st.from_regex(r"/?[ -~]{0,20}", fullmatch=True),
    "X-Forwarded-Proto": FREE,
    "X-Forwarded-For": FREE,
    "X-Forwarded-Host": FREE,
    "Access-Control-Request-Headers": FREE,
}


@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS"]),
    st.sampled_from(list(OFFERS)),
    st.fixed_dictionaries({}, optional={name: values | FREE for name, values in HEADERS.items()}),
)
def test_no_header_ends_in_a_server_error(method: str, path: str, headers: dict[str, str]) -> None:
    app, _ = answering(b'{"a":1}' * 200)
    layer, _ = layered(app, root_path="/p", trust_forwarded_prefix=True)

    async def ask() -> httpx.Response:
        async with client_of(layer) as client:
            raw = {name.encode(): value.encode("latin-1", "replace") for name, value in headers.items()}
            return await client.request(method, path, headers=raw)

    assert asyncio.run(ask()).status_code in (200, 204, 206, 304, 406, 412, 416)


async def test_requests_without_state_and_other_protocols_pass() -> None:
    """Servers that keep no state, and the start and end of the app's life."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kinds.append(scope["type"])

    kinds: list[str] = []
    layer, _ = layered(app)
    await layer({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert kinds == ["lifespan"]


async def test_routes_tell_what_they_offer() -> None:
    from app.http.routes import offers_of  # noqa: PLC0415

    async def endpoint(request: Request) -> Response:
        return Response()

    listed, detail = Route("/data", endpoint), Route("/data/{slug}", endpoint)
    listed.media_types = ("application/json",)  # type: ignore[attr-defined]
    app = Starlette(routes=[listed, detail])
    offer_of = offers_of(app.routes)
    assert offer_of("/data") == Offer(("application/json",))
    assert offer_of("/data/x") == Offer()
    assert [offer_of(path) for path in ("/", "/data/", "/data/x/y", "//data", "/other/x")] == [None] * 5
