"""Lists and details: the contract, on the tiny content."""

from typing import Any

import httpx
import pytest

from app.api.included import COLLECTIONS
from app.schemas import KINDS

PATHS = [f"/{kind.collection}" for kind in KINDS.values()]


async def get(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get(url)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    return body


async def slugs(client: httpx.AsyncClient, url: str) -> list[str]:
    page = await get(client, url)
    assert page["total"] == len(page["items"])
    return [item["slug"] for item in page["items"]]


FILTERED = {
    "/nutrients?kind=mineral": ["iron", "sodium"],
    "/nutrients?kind=vitamin": ["vitamin-c"],
    "/nutrients?kind=vitamin,mineral": ["iron", "sodium", "vitamin-c"],
    "/nutrients?electrolyte=true": ["sodium"],
    "/nutrients?electrolyte=false": ["iron", "vitamin-c"],
    "/nutrients?from_article=true": ["iron", "vitamin-c"],
    "/nutrients?from_article=false": ["sodium"],
    "/nutrients?food_source=liver": ["iron"],
    "/nutrients?food_source=greens": ["iron", "vitamin-c"],
    "/nutrients?food_source=liver,lamp": ["iron", "vitamin-c"],
    "/nutrients?lifestyle_factor=running": ["sodium"],
    "/nutrients?lifestyle_factor=sports": [],
    "/nutrients?kind=mineral&electrolyte=false&from_article=true": ["iron"],
    "/nutrients?slug=vitamin-c,iron": ["iron", "vitamin-c"],
    "/nutrients?slug=vitamin-c,iron&kind=mineral": ["iron"],
    "/mechanisms?nutrient=iron": ["low-iron-tires"],
    "/mechanisms?nutrient=sodium": ["running-costs-sodium"],
    "/mechanisms?nutrient=iron,sodium": ["low-iron-tires", "running-costs-sodium"],
    "/mechanisms?lifestyle_factor=running": ["running-costs-sodium"],
    "/mechanisms?symptom=tiredness": ["low-iron-tires", "running-costs-sodium"],
    "/mechanisms?symptom=scurvy": [],
    "/mechanisms?state=deficiency": ["low-iron-tires"],
    "/mechanisms?state=exposure,excess": ["running-costs-sodium"],
    "/mechanisms?grade=limited": ["running-costs-sodium"],
    "/mechanisms?from_article=false": ["running-costs-sodium"],
    "/food-sources?nutrient=iron": ["greens", "liver", "spinach-leaf"],
    "/food-sources?nutrient=vitamin-c": ["greens", "lamp"],
    "/food-sources?nutrient=sodium": [],
    "/food-sources?group=meat": ["liver"],
    "/food-sources?group=leafy-greens,not-a-food": ["greens", "lamp", "spinach-leaf"],
    "/food-sources?is_food=true": ["greens", "liver", "spinach-leaf"],
    "/food-sources?is_food=false": ["lamp"],
    "/food-sources?part_of=greens": ["spinach-leaf"],
    "/food-sources?from_article=true": ["greens", "liver"],
    "/lifestyle-factors?kind=habit": ["running", "sports", "swimming"],
    "/lifestyle-factors?kind=state,medicine": [],
    "/lifestyle-factors?nutrient=sodium": ["running"],
    "/lifestyle-factors?nutrient=iron": [],
    "/lifestyle-factors?symptom=tiredness": ["running", "swimming"],
    "/lifestyle-factors?part_of=sports": ["swimming"],
    "/lifestyle-factors?from_article=false": ["sports", "swimming"],
    "/faq?nutrient=iron": ["does-iron-help"],
    "/faq?nutrient=sodium": [],
    "/faq?symptom=tiredness": ["does-iron-help"],
    "/faq?lifestyle_factor=running": ["is-running-tiring"],
    "/faq?from_article=true": ["does-iron-help"],
    "/symptoms?kind=condition": ["scurvy"],
    "/symptoms?lifestyle_factor=running": ["tiredness"],
    "/symptoms?lifestyle_factor=sports": [],
    "/symptoms?mechanism=low-iron-tires": ["tiredness"],
    "/symptoms?from_article=false": ["scurvy"],
    "/interactions?kind=enables-absorption": ["vitamin-c-and-iron"],
    "/interactions?kind=synergy": [],
    "/interactions?nutrient=iron": ["vitamin-c-and-iron"],
    "/interactions?nutrient=sodium": [],
    "/interactions?grade=strong": ["vitamin-c-and-iron"],
    "/interactions?from_article=false": [],
    "/claims?about=scurvy": ["running-causes-scurvy"],
    "/claims?about=iron": ["iron-is-essential", "low-iron-causes-tiredness"],
    "/claims?subject=iron": ["iron-is-essential", "low-iron-causes-tiredness"],
    "/claims?subject=tiredness": [],
    "/claims?object=tiredness": ["low-iron-causes-tiredness"],
    "/claims?object=iron": [],
    "/claims?relation=causes": ["low-iron-causes-tiredness", "running-causes-scurvy"],
    "/claims?state=deficiency": ["low-iron-causes-tiredness"],
    "/claims?grade=contradicted": ["running-causes-scurvy"],
    "/claims?grade=strong,contradicted": ["iron-is-essential", "low-iron-causes-tiredness", "running-causes-scurvy"],
    "/claims?source=leaflet": ["low-iron-causes-tiredness", "running-causes-scurvy"],
    "/claims?source=handbook": ["iron-is-essential", "low-iron-causes-tiredness"],
    "/claims?from_article=false": ["running-causes-scurvy"],
    "/intakes?nutrient=vitamin-c&authority=UK&kind=recommended-intake&role=need&unit=IU": [
        "vitamin-c-uk-recommended-intake-children-1-10",
        "vitamin-c-uk-recommended-intake-men-and-women-19-64",
    ],
    "/intakes?source=leaflet&status=set&nutrient=iron": [
        "iron-efsa-ul-6-11-months",
        "iron-efsa-ul-everybody-from-1-year",
    ],
    "/intakes?life_stage=pregnant&sex=female&age=30&pregnant=true&lactating=false&from_article=false": [
        "iron-nasem-rda-pregnant",
        "iron-nasem-ul-pregnant",
    ],
    "/sources?kind=review": ["handbook"],
    "/sources?kind=trial": [],
    "/sources?from_article=false": ["leaflet"],
}


@pytest.mark.parametrize("url", FILTERED)
async def test_a_filter_selects(tiny: httpx.AsyncClient, url: str) -> None:
    assert await slugs(tiny, url) == FILTERED[url]


async def test_every_filter_is_tried(tiny: httpx.AsyncClient) -> None:
    shape = {"sort", "fields", "include", "limit", "offset", "slug", "format"}
    tried = {(url.split("?")[0], pair.split("=")[0]) for url in FILTERED for pair in url.split("?")[1].split("&")}
    paths = (await get(tiny, "/openapi.json"))["paths"]
    filters = {(path, p["name"]) for path in PATHS for p in paths[path]["get"]["parameters"] if p["name"] not in shape}
    assert filters <= tried


SORTED = {
    "/nutrients": ["iron", "sodium", "vitamin-c"],
    "/nutrients?sort=-name": ["vitamin-c", "sodium", "iron"],
    "/nutrients?sort=-kind,name": ["vitamin-c", "iron", "sodium"],
    "/nutrients?sort=kind,-name": ["sodium", "iron", "vitamin-c"],
    "/nutrients?sort=kind": ["iron", "sodium", "vitamin-c"],
    "/nutrients?sort=-kind": ["vitamin-c", "iron", "sodium"],
    "/mechanisms": ["low-iron-tires", "running-costs-sodium"],
    "/mechanisms?sort=-grade": ["running-costs-sodium", "low-iron-tires"],
    "/mechanisms?sort=-name": ["running-costs-sodium", "low-iron-tires"],
    "/food-sources?sort=group,-name": ["spinach-leaf", "greens", "liver", "lamp"],
    "/food-sources?sort=-group": ["lamp", "liver", "greens", "spinach-leaf"],
    "/lifestyle-factors?sort=-kind,-name": ["swimming", "sports", "running"],
    "/faq": ["does-iron-help", "is-running-tiring"],
    "/faq?sort=-position": ["is-running-tiring", "does-iron-help"],
    "/faq?sort=name": ["does-iron-help", "is-running-tiring"],
    "/symptoms?sort=kind": ["scurvy", "tiredness"],
    "/symptoms?sort=-name": ["tiredness", "scurvy"],
    "/interactions?sort=kind,grade,-name": ["vitamin-c-and-iron"],
    "/claims": ["iron-is-essential", "low-iron-causes-tiredness", "running-causes-scurvy"],
    "/claims?sort=-grade": ["running-causes-scurvy", "iron-is-essential", "low-iron-causes-tiredness"],
    "/claims?sort=relation,-name": ["low-iron-causes-tiredness", "running-causes-scurvy", "iron-is-essential"],
    "/sources?sort=year": ["handbook", "leaflet"],
    "/sources?sort=-year": ["handbook", "leaflet"],  # what has no year comes last, either way
    "/sources?sort=-kind": ["handbook", "leaflet"],
}


@pytest.mark.parametrize("url", SORTED)
async def test_a_list_is_ordered(tiny: httpx.AsyncClient, url: str) -> None:
    assert await slugs(tiny, url) == SORTED[url]


async def test_a_list_is_sorted_and_cut_as_asked(tiny: httpx.AsyncClient) -> None:
    page = await get(tiny, "/nutrients?sort=-name&fields=name&limit=2")
    assert page["items"] == [
        {"slug": "vitamin-c", "name": "Vitamin C", "url": "/nutrients/vitamin-c"},
        {"slug": "sodium", "name": "sodium", "url": "/nutrients/sodium"},
    ]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    assert page["next"] == "/nutrients?fields=name&limit=2&offset=2&sort=-name"
    assert page["previous"] is None


async def test_the_last_page_has_no_next(tiny: httpx.AsyncClient) -> None:
    page = await get(tiny, "/nutrients?limit=2&offset=2")
    assert [item["slug"] for item in page["items"]] == ["vitamin-c"]
    assert page["next"] is None
    assert page["previous"] == "/nutrients?limit=2&offset=0"


async def test_a_page_beyond_the_end_is_empty(tiny: httpx.AsyncClient) -> None:
    page = await get(tiny, "/nutrients?offset=2147483647")
    assert (page["items"], page["total"], page["next"]) == ([], 3, None)
    assert page["previous"] == "/nutrients?limit=20&offset=0"
    page = await get(tiny, "/nutrients?limit=2&offset=8")
    assert page["previous"] == "/nutrients?limit=2&offset=2"
    page = await get(tiny, "/search?q=iron&limit=1&offset=2000")
    assert page["previous"] == f"/search?limit=1&offset={page['total'] - 1}&q=iron"


async def test_links_between_pages_keep_the_parameters(tiny: httpx.AsyncClient) -> None:
    filters = "is_food=true&nutrient=iron&sort=-group,name"
    page = await get(tiny, f"/food-sources?{filters}&include=nutrients,sources&fields=name&limit=1&offset=1")
    kept = "fields=name&include=nutrients,sources&is_food=true&limit=1&nutrient=iron&offset={}&sort=-group,name"
    assert page["next"] == "/food-sources?" + kept.format(2)
    assert page["previous"] == "/food-sources?" + kept.format(0)


@pytest.mark.parametrize("path", PATHS)
async def test_a_list_has_the_envelope_and_whole_items(tiny: httpx.AsyncClient, path: str) -> None:
    page = await get(tiny, path)
    assert set(page) == {"items", "total", "limit", "offset", "next", "previous", "included", "disclaimer"}
    assert (page["limit"], page["offset"], page["included"]) == (20, 0, {})
    assert page["disclaimer"] == "Not advice."
    for item in page["items"]:
        detail = await get(tiny, item["url"])
        assert {key: detail[key] for key in item} == item
        assert set(detail) - set(item) == {"included", "disclaimer"}


@pytest.mark.parametrize("path", PATHS)
async def test_fields_cut_lists_and_details(tiny: httpx.AsyncClient, path: str) -> None:
    page = await get(tiny, path)
    key = next(key for key in page["items"][0] if key not in ("slug", "name", "url"))
    cut = await get(tiny, f"{path}?fields={key}")
    assert [set(item) for item in cut["items"]] == [{"slug", "url", key}] * len(page["items"])
    detail = await get(tiny, f"{page['items'][0]['url']}?fields={key},name")
    assert set(detail) == {"slug", "url", "name", key, "included", "disclaimer"}


def references(value: Any) -> set[str]:
    """Path of every reference in a JSON value."""
    if isinstance(value, dict):
        if value.keys() == {"slug", "name", "url"}:
            return {value["url"]}
        return set().union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("path", PATHS)
async def test_each_include_holds_what_the_items_refer_to(tiny: httpx.AsyncClient, path: str) -> None:
    parameters = (await get(tiny, "/openapi.json"))["paths"][path]["get"]["parameters"]
    names = next(p["schema"]["items"]["enum"] for p in parameters if p["name"] == "include")
    for name in (name for name in names if name != "intakes"):  # nutrients do not refer to their intakes
        prefix = f"/{COLLECTIONS[name].collection}/"
        for url in (path, (await get(tiny, path))["items"][0]["url"]):
            body = await get(tiny, f"{url}?include={name}")
            assert set(body["included"]) == {name}
            wanted = {ref for ref in references(body.get("items", body)) if ref.startswith(prefix)}
            found = [record["url"] for record in body["included"][name]]
            assert len(found) == len(set(found))
            assert set(found) == wanted - ({url} if url != path else set())
    everything = await get(tiny, f"{path}?include={','.join(names)}")
    assert list(everything["included"]) == names
    for records in everything["included"].values():
        for record in records:
            assert (await get(tiny, record["url"]))["name"] == record["name"]


async def test_include_works_beside_fields(tiny: httpx.AsyncClient) -> None:
    body = await get(tiny, "/nutrients/iron?fields=name&include=claims")
    assert set(body) == {"slug", "url", "name", "included", "disclaimer"}
    assert [claim["slug"] for claim in body["included"]["claims"]] == ["iron-is-essential", "low-iron-causes-tiredness"]


async def test_every_reference_is_slug_name_and_url_of_a_record(tiny: httpx.AsyncClient) -> None:
    for path in PATHS:
        for url in references((await get(tiny, path))["items"]):
            assert (await get(tiny, url))["url"] == url


async def test_backlinks_are_best_supported_first(tiny: httpx.AsyncClient) -> None:
    iron = await get(tiny, "/nutrients/iron")
    assert [ref["slug"] for ref in iron["food_sources"]] == ["greens", "liver", "spinach-leaf"]
    assert [ref["slug"] for ref in iron["faq"]] == ["does-iron-help"]
    assert [ref["slug"] for ref in iron["mechanisms"]] == ["low-iron-tires"]
    assert [ref["slug"] for ref in (await get(tiny, "/nutrients/sodium"))["mechanisms"]] == ["running-costs-sodium"]
    tiredness = await get(tiny, "/symptoms/tiredness")
    assert [ref["slug"] for ref in tiredness["mechanisms"]] == ["low-iron-tires", "running-costs-sodium"]


async def test_a_bulk_get_takes_each_slug_once(tiny: httpx.AsyncClient) -> None:
    assert await slugs(tiny, "/nutrients?slug=sodium,iron,sodium") == ["iron", "sodium"]


async def test_prose_arrives_as_written(tiny: httpx.AsyncClient) -> None:
    sodium = await get(tiny, "/nutrients/sodium")
    assert sodium["summary"] == "A mineral dissolved in all body fluids: über alles."
    assert sodium["deficiency"][0]["text"] == 'Confusion, "dizziness", and more.'


@pytest.mark.parametrize("query", ["", "?fields=name&include=claims,faq"])
async def test_a_former_slug_redirects_for_good_and_keeps_the_query(tiny: httpx.AsyncClient, query: str) -> None:
    response = await tiny.get(f"/nutrients/iron-mineral{query}")
    assert response.status_code == 308
    assert response.headers["location"] == f"/nutrients/iron{query}"
    followed = await tiny.get(response.headers["location"])
    assert followed.json()["slug"] == "iron"


async def test_a_former_slug_redirects_only_in_its_collection(tiny: httpx.AsyncClient) -> None:
    assert (await tiny.get("/symptoms/iron-mineral")).status_code == 404


async def test_the_index_names_everything_that_answers(tiny: httpx.AsyncClient) -> None:
    index = await get(tiny, "/")
    assert {entry["url"] for entry in index["collections"]} >= set(PATHS)
    for entry in index["collections"]:
        assert (await get(tiny, f"{entry['url']}?limit=1"))["total"] == entry["total"]
    for entry in index["resources"]:
        assert (await tiny.get(entry["url"])).status_code == 200, entry


async def test_the_dataset_says_what_it_is(tiny: httpx.AsyncClient) -> None:
    about = await get(tiny, "/dataset")
    assert (about["version"], about["released"], about["licence"]) == ("0.1.0", "2026-01-01", "CC0-1.0")
    assert len(about["content_hash"]) == 64
    assert about["counts"]["nutrients"] == 3
    assert about["counts"]["food-sources"] == 4


async def test_the_comparison_is_ready_to_render(tiny: httpx.AsyncClient) -> None:
    table = await get(tiny, "/comparison")
    keys = [column["key"] for column in table["columns"]]
    assert keys == ["nutrient", "function", "connection", "dietary_sources"]
    assert [set(row) - set(keys) for row in table["rows"]] == [{"citations"}]
    assert table["rows"][0]["nutrient"] == {"slug": "iron", "name": "Iron", "url": "/nutrients/iron"}
    assert [ref["name"] for ref in table["rows"][0]["dietary_sources"]] == ["Liver", "Spinach leaf"]
    assert (table["total"], table["disclaimer"]) == (1, "Not advice.")


async def test_health(tiny: httpx.AsyncClient) -> None:
    assert await get(tiny, "/livez") == {"status": "live"}
    assert await get(tiny, "/readyz") == {"status": "ready", "dataset": "0.1.0"}
