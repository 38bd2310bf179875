"""Caching, conditional requests, compression: what any client or proxy relies on."""

import asyncio
import gzip
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import brotli
import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import client_for, examples, statements_of

DECODERS = {
    "identity": lambda body: body,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}

BIG = "/nutrients/iron"
SMALL = "/interactions"


async def raw(client: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """A response and its body as it was sent, still encoded."""
    sent = {"Accept-Encoding": "identity", **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with client.stream("GET", path, headers=sent) as response:
        body = b"".join([piece async for piece in response.aiter_raw()])
    return response, body


@pytest.mark.parametrize(
    "path", [BIG, SMALL, "/nutrients", "/comparison", "/dataset", "/", "/openapi.json", "/claims.csv"]
)
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
        # equal dates only: where the clock went backwards, a newer release has the earlier one
        format_datetime(modified + timedelta(days=1), usegmt=True): 200,
        modified.strftime("%A, %d-%b-%y %H:%M:%S GMT"): 304,
        modified.strftime("%a %b %e %H:%M:%S %Y"): 304,
        format_datetime(modified - timedelta(seconds=1), usegmt=True): 200,
        "yesterday": 200,
        "": 200,
        "Mon, 32 Jan 2026 00:00:00 GMT": 200,
        "Fri, 06 Nov 99999999999999999999 08:49:37 GMT": 200,
        "Fri, 06 Nov 1994 08:49:999999999999999999 GMT": 200,
        "Fri, 06 Nov 1994 08:49:37 +99999999999999": 200,
    }
    for date, status in since.items():
        assert (await tiny.get("/nutrients", headers={"If-Modified-Since": date})).status_code == status, date
    both = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert (await tiny.get("/nutrients", headers=both)).status_code == 200


async def test_preconditions_are_evaluated_in_the_order_of_the_standard(tiny: httpx.AsyncClient) -> None:
    """RFC 9110 §13.2.2; for reading, too: a client that pages may insist on one release."""
    first = await tiny.get("/nutrients")
    etag, modified = first.headers["ETag"], parsedate_to_datetime(first.headers["Last-Modified"])
    before = format_datetime(modified - timedelta(days=1), usegmt=True)
    after = format_datetime(modified + timedelta(days=1), usegmt=True)
    expected = [
        ({"If-Match": etag}, 200),
        ({"If-Match": f'"other", {etag}'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f"W/{etag}"}, 412),
        ({"If-Match": ""}, 412),
        ({"If-Unmodified-Since": before}, 412),
        ({"If-Unmodified-Since": first.headers["Last-Modified"]}, 200),
        ({"If-Unmodified-Since": after}, 200),
        ({"If-Unmodified-Since": "yesterday"}, 200),
        ({"If-Match": etag, "If-Unmodified-Since": before}, 200),
        ({"If-Match": etag, "If-None-Match": etag}, 304),
        ({"If-Match": '"other"', "If-None-Match": etag}, 412),
        ({"If-Unmodified-Since": before, "If-None-Match": etag}, 412),
        ({"If-Unmodified-Since": after, "If-Modified-Since": first.headers["Last-Modified"]}, 304),
    ]
    for headers, status in expected:
        for method in ("GET", "HEAD"):
            response = await tiny.request(method, "/nutrients", headers=headers)
            assert response.status_code == status, headers
    failed = await tiny.get("/nutrients", headers={"If-Match": '"other"'})
    assert failed.headers["Content-Type"] == "application/problem+json"
    # a precondition counts only where the answer would else be a success
    assert (await tiny.get("/nutrients/none", headers={"If-Match": "*"})).status_code == 404


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
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
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
    only, packed = await raw(tiny, SMALL, Accept_Encoding="gzip, identity;q=0")
    assert only.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == body


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nutrients", "/nutrients/", "/nutrients/iron", "/nutrients/none", "/faq?x=1", "/faq.jsonld", "/livez"),
        *(
            "/readyz",
            "/docs",
            "/openapi.json",
            "/favicon.ico",
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
    for path in ("/nutrients/none", "/nutrients?type=x", "/none", "/faq.xml", "/faq%zz", "/livez", "/readyz"):
        assert (await tiny.get(path)).headers["Cache-Control"] == "no-store", path


PATHS = st.sampled_from(
    [
        *("/nutrients", "/claims", "/faq", "/food-sources", "/nutrients/iron", "/nutrients/none", "/comparison", "/"),
        *("/nutrients.csv", "/claims.ndjson", "/faq.jsonld", "/nutrients/", "/docs", "/favicon.ico", "/openapi.json"),
    ]
)
PARAMETERS = st.lists(
    st.sampled_from(
        [
            *(("limit", "1"), ("limit", "2"), ("offset", "1"), ("sort", "-name"), ("fields", "name"), ("slug", "iron")),
            *(("bom", "true"), ("type", "mineral"), ("type[]", "vitamin"), ("include", "sources"), ("x", "1")),
            ("nutrient", "iron"),
        ]
    ),
    max_size=3,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(
            ["*/*", "text/csv", "application/json;q=0.1, text/html", "text/html", "image/png", "x"]
        ),
        "Accept-Encoding": st.sampled_from(["identity", "gzip", "br, gzip", "zstd;q=0.9, gzip;q=0.1", "*;q=0"]),
        "If-None-Match": st.sampled_from(["*", '"a"']),
        "If-Match": st.sampled_from(["*", '"a"']),
        "If-Modified-Since": st.just("Fri, 06 Nov 2099 08:49:37 GMT"),
        "Range": st.just("bytes=0-9"),
        "Origin": st.just("https://example.org"),
    },
)


REQUEST = st.tuples(st.sampled_from(["GET", "HEAD"]), PATHS, PARAMETERS, HEADERS)


async def test_the_cache_never_serves_a_wrong_variant(tiny_sqlite: str) -> None:
    """Whatever was asked before, a cached app answers as one that keeps nothing, header by header, byte by byte."""
    async with client_for(tiny_sqlite) as cached, client_for(tiny_sqlite, cache_bytes=0) as uncached:
        loop = asyncio.get_running_loop()

        @given(
            st.lists(st.tuples(st.sampled_from(["GET", "HEAD"]), PATHS, PARAMETERS, HEADERS), min_size=1, max_size=6)
        )
        @settings(max_examples=examples(60), suppress_health_check=list(HealthCheck))
        def same(requests: list[tuple[str, str, list[tuple[str, str]], dict[str, str]]]) -> None:
            asyncio.run_coroutine_threadsafe(compare(requests), loop).result()

        async def compare(requests: list[tuple[str, str, list[tuple[str, str]], dict[str, str]]]) -> None:
            for method, path, parameters, headers in requests:
                sent = {"Accept-Encoding": "identity", **headers}
                one, body = await undecoded(cached, method, path, parameters, sent)
                other, expected = await undecoded(uncached, method, path, parameters, sent)
                drop = ("x-request-id", "date")
                assert one.status_code == other.status_code
                assert [h for h in one.headers.raw if h[0].decode() not in drop] == [
                    h for h in other.headers.raw if h[0].decode() not in drop
                ]
                assert body == expected

        await asyncio.to_thread(same)


async def undecoded(
    client: httpx.AsyncClient, method: str, path: str, parameters: list[tuple[str, str]], headers: dict[str, str]
) -> tuple[httpx.Response, bytes]:
    """A response with its body as it was sent: a part of an encoded one cannot be decoded."""
    async with client.stream(method, path, params=tuple(parameters), headers=headers) as response:
        return response, b"".join([piece async for piece in response.aiter_raw()])


async def test_equivalent_queries_share_an_answer_and_its_tag(tiny: httpx.AsyncClient) -> None:
    one = await tiny.get("/nutrients?limit=2&sort=-name")
    other = await tiny.get("/nutrients?sort=%2Dname&limit=2")
    assert one.headers["ETag"] == other.headers["ETag"]
    assert one.content == other.content


async def test_concurrent_misses_render_once(tiny_database: str) -> None:
    async with client_for(tiny_database) as client:
        await client.get("/search?q=iron")  # the search index is built: its queries are not those of a request
        statements = statements_of(client._transport.app.state.engine)  # type: ignore[attr-defined]
        responses = await asyncio.gather(*(client.get("/nutrients?limit=3") for _ in range(20)))
        assert len({response.content for response in responses}) == 1
        pages = [sql for sql in statements if "FROM nutrient" in sql]
        assert len(pages) == 1


@pytest.mark.parametrize("path", ["/nutrients/iron", "/favicon.ico", "/claims.csv", "/claims.ndjson"])
async def test_a_range_is_a_part_of_the_whole_cold_or_warm(tiny_database: str, path: str) -> None:
    """Readers of data frames fetch files in ranges."""
    async with client_for(tiny_database) as client:
        cold = await client.get(path, headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"})
        whole, body = await raw(client, path)
        etag, size = whole.headers["ETag"], len(body)
        assert whole.headers["Accept-Ranges"] == "bytes"
        for response in (cold, (await raw(client, path, Range="bytes=0-9"))[0]):
            assert response.status_code == 206
            assert response.headers["Content-Range"] == f"bytes 0-9/{size}"
            assert (response.headers["Content-Length"], response.headers["ETag"]) == ("10", etag)
        assert cold.content == body[:10]
        parts = {
            "bytes=5-": body[5:],
            "bytes=-5": body[-5:],
            f"bytes=5-{size * 9}": body[5:],
            f"bytes=-{size * 9}": body,
        }
        for value, part in parts.items():
            response, content = await raw(client, path, Range=value)
            assert (response.status_code, content) == (206, part), value
        for value in (f"bytes={size}-", "bytes=-0", "bytes=999999999999999-"):
            response, _ = await raw(client, path, Range=value)
            assert response.status_code == 416
            assert response.headers["Content-Range"] == f"bytes */{size}"
            assert response.headers["Content-Type"] == "application/problem+json"
        for value in ("bytes=9-0", "lines=1-2", "x", "", "bytes=-", "bytes=0-1,3-4", "bytes=" + "9" * 5000 + "-"):
            response, content = await raw(client, path, Range=value)
            assert (response.status_code, content) == (200, body), value
        for condition, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200), ("yesterday", 200)):
            response, _ = await raw(client, path, Range="bytes=0-9", If_Range=condition)
            assert response.status_code == status, condition
        assert (await client.head(path, headers={"Range": "bytes=0-9"})).status_code == 200
        assert (await raw(client, path, Range="bytes=0-9", If_None_Match=etag))[0].status_code == 304
        packed, part = await raw(client, path, Range="bytes=0-9", Accept_Encoding="gzip, identity;q=0")
        assert (packed.headers["Content-Encoding"], part[:2], len(part)) == ("gzip", b"\x1f\x8b", 10)
