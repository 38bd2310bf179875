"""What every response carries, and what is refused: CORS, security headers, methods, malformed requests."""

import asyncio
import re

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.main import create_app
from app.settings import Settings
from tests.support import client_for, examples, real_database

STATUSES = {
    "/nutrients": 200,
    "/nutrients/none": 404,
    "/none": 404,
    "/nutrients?type=x": 422,
    "/nutrients?type=%zz": 400,
    "/nutrients/iron-mineral": 308,
    "/" + "x" * 9000: 414,
    "/claims.csv": 200,
    "/nutrients/": 308,
}


@pytest.mark.parametrize("path", STATUSES)
async def test_every_answer_may_be_read_by_any_origin_and_sniffed_by_none(tiny: httpx.AsyncClient, path: str) -> None:
    response = await tiny.get(path, headers={"Origin": "https://example.org"})
    assert response.status_code == STATUSES[path]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"]
    for name in ("ETag", "Link", "Content-Language", "Dataset-Version", "Retry-After", "X-Request-ID"):
        assert name in exposed
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Strict-Transport-Security" not in response.headers
    assert "server" not in response.headers
    assert "x-powered-by" not in response.headers
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code


async def test_304_405_406_500_may_be_read_by_any_origin_too(tiny: httpx.AsyncClient, tiny_database: str) -> None:
    answers = [
        await tiny.get("/nutrients", headers={"If-None-Match": "*"}),
        await tiny.post("/nutrients"),
        await tiny.get("/nutrients", headers={"Accept": "image/png"}),
    ]
    app = create_app(Settings(database_url=tiny_database))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("on purpose")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers.append(await client.get("/broken"))
    app.state.engine.dispose()
    assert [answer.status_code for answer in answers] == [304, 405, 406, 500]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"*"}
    assert answers[-1].json()["title"] == "Internal Server Error"
    assert "on purpose" not in answers[-1].text


async def test_browsers_are_told_to_stay_with_tls_only_where_the_operator_says_so(tiny_database: str) -> None:
    for hsts in ("", "max-age=31536000"):
        async with client_for(tiny_database, hsts=hsts) as client:
            response = await client.get("https://test/nutrients")
            assert response.headers.get("Strict-Transport-Security", "") == hsts


async def test_a_preflight_is_answered_whatever_it_asks_for(tiny: httpx.AsyncClient) -> None:
    response = await tiny.options("/nutrients", headers={b"Access-Control-Request-Headers": b"a\x1fb"})
    assert response.status_code == 204
    assert "Access-Control-Allow-Headers" not in response.headers


@pytest.mark.parametrize("path", ["/nutrients", "/nutrients/iron", "/docs", "/"])
async def test_options_answers_with_what_is_allowed(tiny: httpx.AsyncClient, path: str) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    response = await tiny.options(
        path, headers={**asked, "Access-Control-Request-Headers": "x-anything, if-none-match"}
    )
    assert response.status_code == 204
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Headers"] == "x-anything, if-none-match"
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"])
async def test_other_methods_are_refused(tiny: httpx.AsyncClient, method: str) -> None:
    response = await tiny.request(method, "/nutrients", content=b"{}")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.json()["title"] == "Method Not Allowed"
    assert (await tiny.request(method, "/none")).status_code == 404


async def test_links_lead_through_a_list_and_to_licence_and_terms(tiny: httpx.AsyncClient) -> None:
    links = (await tiny.get("/claims?limit=1&offset=1")).links
    assert {relation: link["url"] for relation, link in links.items()} == {
        "first": "/claims?limit=1&offset=0",
        "prev": "/claims?limit=1&offset=0",
        "next": "/claims?limit=1&offset=2",
        "last": "/claims?limit=1&offset=2",
        "describedby": "/schemas/claim-page.json",
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "terms-of-service": "/dataset",
        "service-desc": "/openapi.json",
        "service-doc": "/docs",
    }
    assert (await tiny.get("/nutrients/iron")).links["collection"]["url"] == "/nutrients"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nutrients?limit=%", 400),
        ("/nutrients?limit=%2", 400),
        ("/nutrients?type=%C3%28", 400),
        ("/nutrients?type=a%00b", 400),
        ("/nutrients?type=a%0Ab", 400),
        ("/nutrients/%00", 400),
        ("/nutrients/%FF", 400),
        ("/nutrients?" + "a" * 9000, 414),
        ("/nutrients?" + "&" * 50, 200),
        ("/nutrients?" + "type=a&" * 501, 400),
        ("/nutrients?=", 200),
        ("/nutrients?=x", 422),
        ("/nutrients?kind", 422),
        ("/nutrients?type=", 422),
        ("/nutrients?type=mineral&kind=mineral", 422),
        ("/nutrients?type=mineral,", 422),
        ("/nutrients?limit=1e1", 422),
        ("/nutrients?limit=%2B5", 422),
        ("/nutrients?offset=99999999999999999999", 422),
        ("/nutrients?electrolyte=maybe", 422),
        ("/nutrients//", 404),
        ("/none/", 404),
        ("/nutrients/iron/extra", 404),
        ("/dataset?x=1", 422),
        ("/livez?x=1", 422),
    ],
)
async def test_a_malformed_request_gets_a_clear_error(tiny: httpx.AsyncClient, path: str, status: int) -> None:
    response = await tiny.get(path)
    assert response.status_code == status, response.text
    if status >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/nutrients/", "/nutrients"),
        ("/nutrients/iron/", "/nutrients/iron"),
        ("/nutrients/?type=mineral&limit=1", "/nutrients?type=mineral&limit=1"),
        ("/docs/", "/docs"),
    ],
)
async def test_a_final_slash_leads_to_the_path_without(tiny: httpx.AsyncClient, path: str, location: str) -> None:
    response = await tiny.get(path)
    assert (response.status_code, response.headers["Location"]) == (308, location)
    assert (await tiny.get(location)).status_code == 200


async def test_pages_ignore_parameters_of_other_sites(tiny: httpx.AsyncClient) -> None:
    html = {"Accept": "text/html"}
    page = await tiny.get("/?utm_source=x&fbclid=y", headers=html)
    assert (page.status_code, page.content) == (200, (await tiny.get("/", headers=html)).content)
    assert (await tiny.get("/?utm_source=x")).status_code == 422


async def test_what_is_not_acceptable_names_what_there_is(tiny: httpx.AsyncClient) -> None:
    listed = await tiny.get("/nutrients", headers={"Accept": "application/xml"})
    assert listed.status_code == 406
    for offered in ("application/json", "/nutrients.csv", "/nutrients.ndjson"):
        assert offered in listed.json()["detail"]
    detail = await tiny.get("/nutrients/iron", headers={"Accept": "text/csv"})
    assert detail.status_code == 406
    assert ".csv" not in detail.json()["detail"]


async def test_every_path_leads_back_below_the_prefix() -> None:
    """From the index as a page and as data: every link below the path leads to a success."""
    async with client_for(real_database(), root_path="/api/nutrients") as client:
        for accept in ("text/html", "application/json"):
            index = await client.get("/api/nutrients/", headers={"Accept": accept})
            # the address of a form needs what is filled in
            paths = re.findall(r'(?<!action=)"(/[^"]*)"', index.text)
            assert len(paths) > 15
            for path in paths:
                assert path.startswith("/api/nutrients/"), path
                response = await client.get(path.replace("&amp;", "&"), headers={"Accept": f"{accept}, */*"})
                assert response.status_code == 200, path
        assert (await client.get("/nutrients/magnesium/")).headers["Location"] == "/api/nutrients/nutrients/magnesium"
        rows = (await client.get("/nutrients.csv?fields=slug,url")).text.split()
        assert "magnesium,/api/nutrients/nutrients/magnesium" in rows
        lines = (await client.get("/nutrients.ndjson")).text
        assert '"url":"/nutrients/' not in lines
        assert (await client.get("/openapi.json")).json()["servers"][0]["url"] == "/api/nutrients"


async def test_a_body_on_get_changes_nothing(tiny: httpx.AsyncClient) -> None:
    assert (await tiny.request("GET", "/faq", content=b"x" * 10_000)).json() == (await tiny.get("/faq")).json()


NAMES = st.sampled_from(["kind", "limit", "offset", "sort", "fields", "include", "slug", "type", "type[]", "x"])
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(["1", "name", "-name", "mineral", "csv", "iron", "a,b", ","]),
)
TEXT = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)


async def test_no_request_ends_in_a_server_error(tiny_database: str) -> None:
    async with client_for(tiny_database) as client:
        loop = asyncio.get_running_loop()

        async def ask(path: str, query: list[tuple[str, str]], headers: dict[str, str]) -> int:
            raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
            url = httpx.URL("http://test").copy_with(path="/" + path.lstrip("/"), params=query)
            return (await client.request("GET", url, headers=raw)).status_code

        @given(
            st.one_of(
                st.sampled_from(["nutrients", "claims", "faq", "nutrients/iron", "nutrients.csv", "favicon.ico"]),
                st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="?#"), max_size=20),
            ),
            st.lists(st.tuples(NAMES, VALUES), max_size=4),
            st.fixed_dictionaries(
                {},
                optional=dict.fromkeys(
                    ("Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "X-Forwarded-Prefix"),
                    TEXT,
                ),
            ),
        )
        @settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
        def never(path: str, query: list[tuple[str, str]], headers: dict[str, str]) -> None:
            assert asyncio.run_coroutine_threadsafe(ask(path, query, headers), loop).result() < 500

        await asyncio.to_thread(never)
