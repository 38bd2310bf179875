"""Errors: one shape everywhere, naming what was wrong, what is allowed and what was probably meant."""

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.parameters import MAX_ERRORS
from app.api.records import MAX_SUGGESTIONS
from app.commands import migrate
from app.schemas import KINDS
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support import client_for, examples

PATHS = [f"/{kind.collection}" for kind in KINDS.values()]


async def problem(client: httpx.AsyncClient, url: str, status: int, method: str = "GET") -> dict[str, Any]:
    """The problem details that a request is answered with, their shape proved."""
    response = await client.request(method, url)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["instance"] == httpx.URL(url).path
    assert body["title"]
    assert body["detail"].endswith((".", "?"))
    for error in body["errors"]:
        assert set(error) == {"parameter", "location", "message", "allowed", "suggestion"}
    return body


async def wrong(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """The one wrong parameter of a request."""
    body = await problem(client, url, 422)
    assert body["title"] == "Unprocessable Content"
    assert len(body["errors"]) == 1, body
    error: dict[str, Any] = body["errors"][0]
    assert body["detail"] == f"1 parameter is wrong: {error['parameter']}."
    assert error["location"] == "query"
    return error


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_parameter_is_refused(tiny: httpx.AsyncClient, path: str) -> None:
    error = await wrong(tiny, f"{path}?limti=3")
    assert (error["parameter"], error["message"]) == ("limti", "Unknown parameter.")
    assert error["suggestion"] == "limit"
    assert {"sort", "include", "limit", "offset", "slug", "from_article"} <= set(error["allowed"])


async def test_everything_that_is_wrong_is_reported_together(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients?lmit=3&limit=0&type=minerl&electrolyte=&offset=1&offset=2")
    assert response.status_code == 422
    reported = {error["parameter"]: error["message"] for error in response.json()["errors"]}
    assert reported.keys() == {"lmit", "limit", "type", "electrolyte", "offset"}
    misspelt = (await tiny.get("/search?query=iron")).json()["errors"]
    assert [(error["parameter"], error["message"]) for error in misspelt] == [
        ("query", "Unknown parameter."),
        ("q", "Field required."),
    ]


async def test_a_detail_refuses_what_only_a_list_takes(tiny: httpx.AsyncClient) -> None:
    error = await wrong(tiny, "/nutrients/iron?limit=3")
    assert (error["parameter"], error["allowed"]) == ("limit", ["include"])


@pytest.mark.parametrize("path", ["/dataset", "/comparison", "/livez", "/readyz"])
async def test_resources_without_parameters_refuse_any(tiny: httpx.AsyncClient, path: str) -> None:
    assert (await wrong(tiny, f"{path}?x=1"))["allowed"] == []


async def test_a_scalar_given_twice_is_refused(tiny: httpx.AsyncClient) -> None:
    error = await wrong(tiny, "/nutrients?electrolyte=true&electrolyte=true")
    assert error["message"] == "Given more than once, but it takes one value."


async def test_an_error_names_a_bounded_number_of_parameters(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients?" + "&".join(f"p{number}=1" for number in range(400)))
    assert response.status_code == 422
    assert len(response.json()["errors"]) == MAX_ERRORS


async def test_unknown_slugs_have_a_bounded_number_of_suggestions(tiny: httpx.AsyncClient) -> None:
    errors = (await tiny.get(f"/nutrients?slug={','.join(f'iron{number}' for number in range(100))}")).json()["errors"]
    assert sum(error["suggestion"] is not None for error in errors) == MAX_SUGGESTIONS


@pytest.mark.parametrize("url", ["/nutrients?type=", "/nutrients?limit", "/nutrients?slug=", "/nutrients?electrolyte="])
async def test_an_empty_parameter_is_refused(tiny: httpx.AsyncClient, url: str) -> None:
    assert (await wrong(tiny, url))["message"] == "Empty; give a value or leave the parameter out."


@pytest.mark.parametrize("url", ["/nutrients?type=mineral,", "/nutrients?slug=iron,", "/nutrients?sort=,name"])
async def test_an_empty_value_among_others_is_refused(tiny: httpx.AsyncClient, url: str) -> None:
    assert (await wrong(tiny, url))["message"] in ("A value is empty.", "'' is not a valid value.")


@pytest.mark.parametrize(
    ("url", "allowed", "suggestion"),
    [
        ("/nutrients?type=minerl", ["vitamin", "mineral"], "mineral"),
        ("/nutrients?type=mineral,vitamine", ["vitamin", "mineral"], "vitamin"),
        ("/nutrients?type=Mineral", ["vitamin", "mineral"], "mineral"),
        ("/nutrients?type=zzz", ["vitamin", "mineral"], None),
        ("/nutrients?sort=nam", ["name", "-name", "type", "-type"], "name"),
        ("/nutrients?sort=-nmae", ["name", "-name", "type", "-type"], "-name"),
        ("/claims?grade=strng", ["strong", "moderate", "limited", "mechanistic", "contradicted"], "strong"),
        ("/sources/handbook?include=claim", ["claims"], "claims"),
        ("/nutrients?electrolyte=maybe", ["true", "false"], None),
        ("/food-sources?is_food=2", ["true", "false"], None),
        ("/claims?from_article=ja", ["true", "false"], None),
    ],
)
async def test_a_wrong_value_is_refused(
    tiny: httpx.AsyncClient, url: str, allowed: list[str], suggestion: str | None
) -> None:
    error = await wrong(tiny, url)
    assert set(allowed) <= set(error["allowed"])
    assert error["suggestion"] == suggestion
    assert error["message"].endswith(".")


async def test_unknown_fields_and_includes_name_the_valid_ones(tiny: httpx.AsyncClient) -> None:
    error = await wrong(tiny, "/nutrients.csv?fields=name,aliasses")
    assert (error["parameter"], error["suggestion"]) == ("fields", "aliases")
    assert {"slug", "name", "url", "roles", "deficiency", "excess"} <= set(error["allowed"])
    for url in ("/nutrients?fields=name", "/nutrients/iron?fields=name", "/nutrients?" + "format=csv"):
        assert (await wrong(tiny, url))["message"] == "Unknown parameter."
    error = await wrong(tiny, "/nutrients/iron?include=claims,mechanism")
    assert (error["parameter"], error["suggestion"]) == ("include", "mechanisms")


@pytest.mark.parametrize("value", ["0", "101", "-1", "abc", "1.5", "1e9", "99999999999999999999"])
async def test_a_wrong_limit_is_refused_not_clamped(tiny: httpx.AsyncClient, value: str) -> None:
    assert (await wrong(tiny, f"/nutrients?limit={value}"))["parameter"] == "limit"


@pytest.mark.parametrize("value", ["-1", "x", "2147483648"])
async def test_a_wrong_offset_is_refused(tiny: httpx.AsyncClient, value: str) -> None:
    assert (await wrong(tiny, f"/nutrients?offset={value}"))["parameter"] == "offset"


async def test_too_many_values_are_refused(tiny: httpx.AsyncClient) -> None:
    error = await wrong(tiny, f"/nutrients?slug={','.join(f'n{i}' for i in range(101))}")
    assert error["message"] == "At most 100 values are allowed."


@pytest.mark.parametrize(
    ("url", "message", "suggestion"),
    [
        ("/nutrients?slug=irn", "There is no nutrient 'irn'.", "iron"),
        ("/nutrients?slug=iron,running", "There is no nutrient 'running'.", None),
        ("/nutrients?slug=Iron", "There is no nutrient 'Iron'.", "iron"),
        ("/symptoms?slug=iron-mineral", "There is no symptom 'iron-mineral'.", None),
        ("/food-sources?nutrient=sodum", "There is no nutrient 'sodum'.", "sodium"),
        ("/food-sources?part_of=green", "There is no food source 'green'.", "greens"),
        ("/mechanisms?symptom=tired", "There is no symptom 'tired'.", "tiredness"),
        ("/claims?source=handbok", "There is no source 'handbok'.", "handbook"),
        (
            "/claims?about=runing",
            "There is no nutrient or symptom or food source or lifestyle factor 'runing'.",
            "running",
        ),
    ],
)
async def test_a_filter_by_an_unknown_record_is_refused(
    tiny: httpx.AsyncClient, url: str, message: str, suggestion: str | None
) -> None:
    error = await wrong(tiny, url)
    assert (error["message"], error["suggestion"]) == (message, suggestion)


async def test_an_alias_of_two_records_is_refused_with_both(new_database: NewDatabase, content: Path) -> None:
    for file, alias in (("nutrients/iron.toml", "ferrum"), ("lifestyle-factors/running.toml", "jogging")):
        path = content / file
        path.write_text(
            path.read_text(encoding="utf-8").replace(f'"{alias}"', f'"{alias}", "pumping"'), encoding="utf-8"
        )
    async with client_for(new_database("ambiguous", content)) as client:
        error = await wrong(client, "/claims?about=pumping")
        assert (error["message"], error["suggestion"]) == ("'pumping' may mean iron or running.", "iron")
        assert (await client.get("/claims?about=jogging")).status_code == 200
        assert (await client.get("/food-sources?nutrient=pumping")).status_code == 200


async def test_every_wrong_parameter_is_named(tiny: httpx.AsyncClient) -> None:
    body = await problem(tiny, "/nutrients?type=minerl&limit=0&sort=x", 422)
    assert {error["parameter"] for error in body["errors"]} == {"limit", "type", "sort"}
    assert body["detail"].startswith("3 parameters are wrong: ")
    body = await problem(tiny, "/food-sources?nutrient=irn&part_of=gren", 422)
    assert [error["suggestion"] for error in body["errors"]] == ["iron", "greens"]


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("/nutrients/irno", "There is no nutrient 'irno'. Did you mean /nutrients/iron?"),
        ("/nutrients/Iron", "There is no nutrient 'Iron'. Did you mean /nutrients/iron?"),
        ("/nutrients/zzz", "There is no nutrient 'zzz'."),
        ("/food-sources/green", "There is no food source 'green'. Did you mean /food-sources/greens?"),
        ("/faq/does-iron-hlep", "There is no faq entry 'does-iron-hlep'. Did you mean /faq/does-iron-help?"),
        ("/nutrient", "There is nothing at this path. Did you mean /nutrients?"),
        ("/qqqqqq", "There is nothing at this path. See / for what there is."),
        ("/nutrients/iron/claims", None),
    ],
)
async def test_what_does_not_exist_is_not_found(tiny: httpx.AsyncClient, url: str, detail: str | None) -> None:
    body = await problem(tiny, url, 404)
    assert body["title"] == "Not Found"
    assert body["errors"] == []
    assert detail is None or body["detail"] == detail


@pytest.mark.parametrize("path", PATHS)
async def test_no_collection_finds_an_unknown_slug(tiny: httpx.AsyncClient, path: str) -> None:
    await problem(tiny, f"{path}/no-such-record", 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/nutrients", "/nutrients/iron", "/dataset", "/livez"])
async def test_writing_is_not_allowed(tiny: httpx.AsyncClient, method: str, path: str) -> None:
    body = await problem(tiny, path, 405, method)
    assert f"{method} is not allowed" in body["detail"]
    allow = (await tiny.request(method, path)).headers["allow"]
    assert {"GET", "HEAD", "OPTIONS"} == {word.strip() for word in allow.split(",")}


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
# Hypothesis also draws words that stand in the tests, and some of them name a record: letters are left out
@given(text=st.text(st.characters(exclude_categories=["Ll", "Lu", "Cs"]), min_size=1, max_size=90))
async def test_no_text_is_more_than_not_found(tiny: httpx.AsyncClient, text: str) -> None:
    path = f"/nutrients/{quote(text, safe='')}"
    malformed = any(unicodedata.category(character) == "Cc" for character in text)
    status = (await tiny.get(path)).status_code
    # a dot is a path of its own; a slash at the end may be one too many
    assert status == (400 if malformed else 404) or text in (".", "..") or (text.endswith("/") and status == 308)
    parameters = {"slug": text, "food_source": text, "type": text}
    assert (await tiny.get("/nutrients", params=parameters)).status_code == (400 if malformed else 422)


@pytest.mark.parametrize("slug", ["%C3%BC", "..%2e", "a" * 500, "%25", "_", "'"])
async def test_odd_slugs_are_not_found(tiny: httpx.AsyncClient, slug: str) -> None:
    response = await tiny.get(f"/nutrients/{slug}")
    assert response.status_code == 404, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert (await wrong(tiny, f"/nutrients?slug={slug}"))["parameter"] == "slug"


@pytest.fixture
async def empty(new_database: NewDatabase) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API over a database without a dataset."""
    url = new_database("empty")
    assert migrate(Settings(database_url=url)) == 0
    async with client_for(url) as client:
        yield client


async def test_without_a_dataset_nothing_but_liveness_answers(empty: httpx.AsyncClient) -> None:
    paths = ("/readyz", "/nutrients", "/nutrients/iron", "/comparison", "/dataset")
    for path in (*paths, "/intakes?life_stage=woman", "/nutrients?slug=iron", "/nutrients.csv?slug=iron"):
        body = await problem(empty, path, 503)
        assert body["detail"] == "No dataset is loaded; run `make load` (in the container: `python -m seed load`)."
        assert int((await empty.get(path)).headers["retry-after"]) > 0
    assert (await empty.get("/livez")).status_code == 200


async def test_without_a_database_the_service_is_unavailable() -> None:
    async with client_for("sqlite:////no/such/folder/nutrients.db") as client:
        body = await problem(client, "/readyz", 503)
        assert body["detail"].startswith("The database file is missing or cannot be opened; check DATABASE_URL")
        assert (await client.get("/livez")).status_code == 200
