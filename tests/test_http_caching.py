"""Caching, conditional requests, compression: what any client or proxy relies on."""

import asyncio
import gzip
import zlib
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import brotli
import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import client_for, statements_of

DECODERS = {
    "identity": lambda body: body,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}

BIG = "/nutrients"
SMALL = "/interactions?fields=name"


async def raw(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """A response and its body as it was sent, still encoded."""
    sent = {"Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with client.stream("GET", path, headers=sent) as response:
        body = b"".join([piece async for piece in response.aiter_raw()])
    return response, body


@pytest.mark.parametrize("path", [BIG, SMALL, "/nutrients/iron", "/comparison", "/dataset", "/", "/openapi.json"])
async def test_a_representation_can_be_cached_and_revalidated(tiny: httpx.AsyncClient, path: str) -> None:
    first = await tiny.get(path)
    assert first.status_code == 200
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    assert "stale-while-revalidate=" in first.headers["Cache-Control"]
    assert "stale-if-error=" in first.headers["Cache-Control"]
    assert first.headers["Vary"] == "Accept, Accept-Encoding"
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for given_tags in (etag, f"W/{etag}", f'"other", {etag}', "*", f'W/"x" , W/{etag},'):
        again = await tiny.get(path, headers={"If-None-Match": given_tags})
        assert (again.status_code, again.content) == (304, b""), given_tags
        # RFC 9110 §15.4.5
        for name in ("Cache-Control", "ETag", "Vary", "Last-Modified", "Access-Control-Allow-Origin"):
            assert again.headers.get(name) == first.headers.get(name)
        assert "Content-Type" not in again.headers
    for given_tags in ('"other"', etag.strip('"'), "", 'W/"', '"*"'):
        assert (await tiny.get(path, headers={"If-None-Match": given_tags})).status_code == 200


async def test_if_modified_since_counts_only_without_if_none_match(tiny: httpx.AsyncClient) -> None:
    first = await tiny.get("/nutrients")
    modified = parsedate_to_datetime(first.headers["Last-Modified"])
    since = {
        format_datetime(modified, usegmt=True): 304,
        format_datetime(modified + timedelta(days=1), usegmt=True): 304,
        format_datetime(modified - timedelta(seconds=1), usegmt=True): 200,
        "yesterday": 200,
        "": 200,
        "Mon, 32 Jan 2026 00:00:00 GMT": 200,
    }
    for date, status in since.items():
        assert (await tiny.get("/nutrients", headers={"If-Modified-Since": date})).status_code == status, date
    both = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert (await tiny.get("/nutrients", headers=both)).status_code == 200


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0, *", "br"),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("identity;q=0, gzip", "gzip"),
        ("deflate", "identity"),
        ("", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("x-gzip", "gzip"),
        ("gzip;q=banana", "gzip"),
    ],
)
@pytest.mark.parametrize("path", [BIG, "/claims.ndjson"])
async def test_the_coding_is_the_one_preferred(
    tiny: httpx.AsyncClient, path: str, accept_encoding: str, coding: str | None
) -> None:
    plain, expected = await raw(tiny, path)
    response, body = await raw(tiny, path, Accept_Encoding=accept_encoding)
    if coding is None:
        assert response.status_code == 406
        return
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding", "identity") == coding
    assert DECODERS[coding](body) == expected
    assert (response.headers["ETag"] == plain.headers["ETag"]) == (coding == "identity")


async def test_nothing_small_is_encoded(tiny: httpx.AsyncClient) -> None:
    response, body = await raw(tiny, SMALL, Accept_Encoding="gzip, br, zstd")
    assert len(body) < 1000
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nutrients", "/nutrients/iron", "/nutrients/none", "/faq?x=1", "/faq.jsonld", "/livez"),
        *(
            "/readyz",
            "/docs",
            "/openapi.json",
            "/claims.csv",
            "/claims.ndjson",
            "/nutrients/iron-mineral",
        ),
    ],
)
async def test_head_is_get_without_the_body(tiny: httpx.AsyncClient, path: str) -> None:
    got, head = await tiny.get(path), await tiny.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    ours = {name: value for name, value in got.headers.items() if name not in ("date", "x-request-id")}
    assert {name: value for name, value in head.headers.items() if name not in ("date", "x-request-id")} == ours


async def test_errors_are_not_cached(tiny: httpx.AsyncClient) -> None:
    for path in ("/nutrients/none", "/nutrients?type=x", "/none", "/faq?format=xml", "/faq%zz", "/livez", "/readyz"):
        assert (await tiny.get(path)).headers["Cache-Control"] == "no-store", path


PATHS = st.sampled_from(
    ["/nutrients", "/claims", "/faq", "/food-sources", "/nutrients/iron", "/nutrients/none", "/comparison", "/"]
)
PARAMETERS = st.lists(
    st.sampled_from(
        [
            *(("limit", "1"), ("limit", "2"), ("offset", "1"), ("sort", "-name"), ("fields", "name"), ("slug", "iron")),
            *(("format", "csv"), ("format", "json"), ("format", "jsonld"), ("include", "sources"), ("x", "1")),
            ("nutrient", "iron"),
        ]
    ),
    max_size=3,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(
            ["*/*", "text/csv", "application/json;q=0.1, application/x-ndjson", "image/png", "x"]
        ),
        "Accept-Encoding": st.sampled_from(["identity", "gzip", "br, gzip", "zstd;q=0.9, gzip;q=0.1", "*;q=0"]),
        "If-None-Match": st.sampled_from(["*", '"a"']),
        "Origin": st.just("https://example.org"),
    },
)


REQUEST = st.tuples(st.sampled_from(["GET", "HEAD"]), PATHS, PARAMETERS, HEADERS)


async def test_the_cache_never_serves_a_wrong_variant(tiny_database: str) -> None:
    """Whatever was asked before, a cached app answers as one that keeps nothing, header by header, byte by byte."""
    async with client_for(tiny_database) as cached, client_for(tiny_database, cache_bytes=0) as uncached:
        loop = asyncio.get_running_loop()

        @given(
            st.lists(st.tuples(st.sampled_from(["GET", "HEAD"]), PATHS, PARAMETERS, HEADERS), min_size=1, max_size=6)
        )
        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        def same(requests: list[tuple[str, str, list[tuple[str, str]], dict[str, str]]]) -> None:
            asyncio.run_coroutine_threadsafe(compare(requests), loop).result()

        async def compare(requests: list[tuple[str, str, list[tuple[str, str]], dict[str, str]]]) -> None:
            for method, path, parameters, headers in requests:
                sent = {"Accept-Encoding": "identity", **headers}
                one = await cached.request(method, path, params=parameters, headers=sent)
                other = await uncached.request(method, path, params=parameters, headers=sent)
                drop = ("x-request-id", "date")
                assert one.status_code == other.status_code
                assert [h for h in one.headers.raw if h[0].decode() not in drop] == [
                    h for h in other.headers.raw if h[0].decode() not in drop
                ]
                assert one.content == other.content

        await asyncio.to_thread(same)


async def test_equivalent_queries_share_an_answer_and_its_tag(tiny: httpx.AsyncClient) -> None:
    one = await tiny.get("/nutrients?limit=2&sort=-name")
    other = await tiny.get("/nutrients?sort=%2Dname&limit=2")
    assert one.headers["ETag"] == other.headers["ETag"]
    assert one.content == other.content


async def test_concurrent_misses_render_once(tiny_database: str) -> None:
    async with client_for(tiny_database) as client:
        statements = statements_of(client._transport.app.state.engine)  # type: ignore[attr-defined]
        responses = await asyncio.gather(*(client.get("/nutrients?limit=3") for _ in range(20)))
        assert len({response.content for response in responses}) == 1
        pages = [sql for sql in statements if "FROM nutrient" in sql and "count" not in sql]
        assert len(pages) == 1


async def test_a_stream_is_whole_and_decodes(tiny: httpx.AsyncClient) -> None:
    _, plain = await raw(tiny, "/claims.csv")
    _, packed = await raw(tiny, "/claims.csv", Accept_Encoding="gzip")
    assert zlib.decompress(packed, wbits=31) == plain
