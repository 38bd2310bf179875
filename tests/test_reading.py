"""Lists and details: the contract, on the tiny content."""

import json
from typing import Any

import httpx
import pytest

from app.schemas import COLLECTIONS, KINDS
from tests.support import parameters_of

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
    "/nutrients?type=mineral": ["iron", "sodium"],
    "/nutrients?type=vitamin": ["vitamin-c"],
    "/nutrients?type=vitamin,mineral": ["iron", "sodium", "vitamin-c"],
    "/nutrients?electrolyte=true": ["sodium"],
    "/nutrients?electrolyte=false": ["iron", "vitamin-c"],
    "/nutrients?from_article=true": ["iron", "vitamin-c"],
    "/nutrients?from_article=false": ["sodium"],
    "/nutrients?food_source=liver": ["iron"],
    "/nutrients?food_source=greens": ["iron", "vitamin-c"],
    "/nutrients?food_source=liver,lamp": ["iron", "vitamin-c"],
    "/nutrients?lifestyle_factor=running": ["sodium"],
    "/nutrients?lifestyle_factor=sports": [],
    "/nutrients?type=mineral&electrolyte=false&from_article=true": ["iron"],
    "/nutrients?slug=vitamin-c,iron": ["iron", "vitamin-c"],
    "/nutrients?slug=vitamin-c,iron&type=mineral": ["iron"],
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
    "/lifestyle-factors?type=habit": ["running", "sports", "swimming"],
    "/lifestyle-factors?type=state,medicine": [],
    "/lifestyle-factors?nutrient=sodium": ["running"],
    "/lifestyle-factors?nutrient=iron": [],
    "/lifestyle-factors?symptom=tiredness": ["running", "swimming"],
    "/lifestyle-factors?part_of=sports": ["swimming"],
    "/lifestyle-factors?from_article=false": ["sports", "swimming"],
    "/lifestyle-factors?effect=lowers": ["running"],
    "/lifestyle-factors?effect=raises,impairs-absorption": [],
    "/lifestyle-factors?effect=lowers,raises&nutrient=sodium,iron": ["running"],
    "/lifestyle-factors?effect=lowers&nutrient=iron": [],
    "/faq?nutrient=iron": ["does-iron-help"],
    "/faq?nutrient=sodium": [],
    "/faq?symptom=tiredness": ["does-iron-help"],
    "/faq?lifestyle_factor=running": ["is-running-tiring"],
    "/faq?from_article=true": ["does-iron-help"],
    "/symptoms?type=condition": ["scurvy"],
    "/symptoms?lifestyle_factor=running": ["tiredness"],
    "/symptoms?lifestyle_factor=sports": [],
    "/symptoms?mechanism=low-iron-tires": ["tiredness"],
    "/symptoms?from_article=false": ["scurvy"],
    "/interactions?type=enables-absorption": ["vitamin-c-and-iron"],
    "/interactions?type=synergy": [],
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
    "/intakes?nutrient=vitamin-c&authority=UK&type=recommended-intake&role=need&unit=IU": [
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
    "/sources?type=review": ["handbook"],
    "/sources?type=trial": [],
    "/sources?from_article=false": ["leaflet"],
    "/nutrients?same_as=MeSH:d007501,mesh:D005221": ["iron"],
    "/food-sources?same_as=fdc:169451": ["liver"],
    "/lifestyle-factors?same_as=mesh:D005221": ["running"],
    "/symptoms?same_as=mesh:D005221": ["tiredness"],
    "/nutrients?type=vitamin&type=mineral": ["iron", "sodium", "vitamin-c"],
    "/nutrients?type[]=vitamin&type[]=mineral": ["iron", "sodium", "vitamin-c"],
    "/nutrients?type%5B%5D=vitamin&type=mineral": ["iron", "sodium", "vitamin-c"],
    "/nutrients?electrolyte=True": ["sodium"],
    "/nutrients?electrolyte=FALSE": ["iron", "vitamin-c"],
    "/nutrients?slug=iron&slug=sodium,iron": ["iron", "sodium"],
    # names that people use and former slugs stand for the record, as in paths
    "/nutrients?slug=fe,iron-mineral,sodium": ["iron", "sodium"],
    "/interactions?nutrient=ferrum": ["vitamin-c-and-iron"],
    "/claims?about=jogging": ["running-causes-scurvy"],
    "/lifestyle-factors?effect=lowers&nutrient=fe,sodium": ["running"],
}


LATER = {
    "nutrients": ["sodium"],
    "mechanisms": ["low-iron-tires"],
    "food-sources": ["lamp"],
    "lifestyle-factors": ["running"],
    "faq": ["does-iron-help"],
    "symptoms": ["scurvy"],
    "interactions": ["vitamin-c-and-iron"],
    "claims": ["iron-is-essential"],
    "intakes": ["vitamin-c-uk-recommended-intake-children-1-10", "vitamin-c-uk-recommended-intake-men-and-women-19-64"],
    "sources": ["leaflet"],
}
"""What was reviewed on 15 March 2026; all else was on 1 January."""

for _collection, _later in LATER.items():
    FILTERED |= {
        f"/{_collection}?last_reviewed_after=2026-01-02": _later,
        f"/{_collection}?last_reviewed_after=2026-03-15": _later,
        f"/{_collection}?last_reviewed_after=2026-03-16": [],
        f"/{_collection}?last_reviewed_before=2025-12-31": [],
        f"/{_collection}?last_reviewed_after=2026-03-15&last_reviewed_before=2026-03-15": _later,
    }


@pytest.mark.parametrize("collection", LATER)
async def test_a_review_before_a_day_leaves_out_what_came_later(tiny: httpx.AsyncClient, collection: str) -> None:
    records = [json.loads(line) for line in (await tiny.get(f"/{collection}.ndjson")).text.splitlines()]
    earlier = [record["slug"] for record in records if record["last_reviewed"] == "2026-01-01"]
    assert len(earlier) + len(LATER[collection]) == len(records)
    for day in ("2026-01-01", "2026-03-14"):
        assert await slugs(tiny, f"/{collection}?last_reviewed_before={day}&limit=100") == earlier


@pytest.mark.parametrize("day", ["2026-02-30", "20260101", "2026-1-1", "1767225600", "2026-01-01T00:00:00", "today"])
async def test_a_day_is_written_as_iso_8601_does(tiny: httpx.AsyncClient, day: str) -> None:
    response = await tiny.get(f"/nutrients?last_reviewed_after={day}")
    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == ["last_reviewed_after"]


@pytest.mark.parametrize("url", FILTERED)
async def test_a_filter_selects(tiny: httpx.AsyncClient, url: str) -> None:
    assert await slugs(tiny, url) == FILTERED[url]


async def test_every_filter_is_tried(tiny: httpx.AsyncClient) -> None:
    shape = {"sort", "include", "limit", "offset", "slug"}
    tried = {(url.split("?")[0], pair.split("=")[0]) for url in FILTERED for pair in url.split("?")[1].split("&")}
    described = await get(tiny, "/openapi.json")
    filters = {(path, name) for path in PATHS for name in parameters_of(described, path) if name not in shape}
    assert filters <= tried


SORTED = {
    "/nutrients": ["iron", "sodium", "vitamin-c"],
    "/nutrients?sort=-name": ["vitamin-c", "sodium", "iron"],
    "/nutrients?sort=-type,name": ["vitamin-c", "iron", "sodium"],
    "/nutrients?sort=type,-name": ["sodium", "iron", "vitamin-c"],
    "/nutrients?sort=type": ["iron", "sodium", "vitamin-c"],
    "/nutrients?sort=-type": ["vitamin-c", "iron", "sodium"],
    "/mechanisms": ["low-iron-tires", "running-costs-sodium"],
    "/mechanisms?sort=-grade": ["running-costs-sodium", "low-iron-tires"],
    "/mechanisms?sort=-name": ["running-costs-sodium", "low-iron-tires"],
    "/food-sources?sort=group,-name": ["spinach-leaf", "greens", "liver", "lamp"],
    "/food-sources?sort=-group": ["lamp", "liver", "greens", "spinach-leaf"],
    "/lifestyle-factors?sort=-type,-name": ["swimming", "sports", "running"],
    "/faq": ["does-iron-help", "is-running-tiring"],
    "/faq?sort=-position": ["is-running-tiring", "does-iron-help"],
    "/faq?sort=name": ["does-iron-help", "is-running-tiring"],
    "/symptoms?sort=type": ["scurvy", "tiredness"],
    "/symptoms?sort=-name": ["tiredness", "scurvy"],
    "/interactions?sort=type,grade,-name": ["vitamin-c-and-iron"],
    "/claims": ["iron-is-essential", "low-iron-causes-tiredness", "running-causes-scurvy"],
    "/claims?sort=-grade": ["running-causes-scurvy", "iron-is-essential", "low-iron-causes-tiredness"],
    "/claims?sort=relation,-name": ["low-iron-causes-tiredness", "running-causes-scurvy", "iron-is-essential"],
    "/sources?sort=year": ["handbook", "leaflet"],
    "/sources?sort=-year": ["handbook", "leaflet"],  # what has no year comes last, either way
    "/sources?sort=-type": ["handbook", "leaflet"],
}


@pytest.mark.parametrize("url", SORTED)
async def test_a_list_is_ordered(tiny: httpx.AsyncClient, url: str) -> None:
    assert await slugs(tiny, url) == SORTED[url]


async def test_a_list_is_sorted_and_cut_as_asked(tiny: httpx.AsyncClient) -> None:
    page = await get(tiny, "/nutrients?sort=-name&limit=2")
    assert [item["name"] for item in page["items"]] == ["Vitamin C", "sodium"]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    assert page["next"] == "/nutrients?limit=2&offset=2&sort=-name"
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
    page = await get(tiny, f"/food-sources?{filters}&include=nutrients,sources&limit=1&offset=1")
    kept = "include=nutrients,sources&is_food=true&limit=1&nutrient=iron&offset={}&sort=-group,name"
    assert page["next"] == "/food-sources?" + kept.format(2)
    assert page["previous"] == "/food-sources?" + kept.format(0)


@pytest.mark.parametrize("path", PATHS)
async def test_a_list_holds_cards_and_a_detail_the_whole_record(tiny: httpx.AsyncClient, path: str) -> None:
    page = await get(tiny, path)
    assert set(page) == {"items", "total", "limit", "offset", "next", "previous", "included", "disclaimer"}
    assert (page["limit"], page["offset"], page["included"]) == (20, 0, {})
    assert page["disclaimer"] == "Not advice."
    kind = next(kind for kind in KINDS.values() if path == f"/{kind.collection}")
    assert page["items"]
    for item in page["items"]:
        assert list(item) == list(kind.card.model_fields)
        detail = await get(tiny, item["url"])
        assert set(detail) == {*kind.record.model_fields, "included", "disclaimer"} - _excluded(kind.record)
        assert (detail["slug"], detail["name"], detail["kind"]) == (item["slug"], item["name"], kind.name)


def _excluded(model: Any) -> set[str]:
    return {name for name, field in model.model_fields.items() if field.exclude}


def references(value: Any) -> set[str]:
    """Path of every reference in a JSON value."""
    if isinstance(value, dict):
        if value.keys() == {"slug", "name", "kind", "url"}:
            return {value["url"]}
        return set().union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("path", PATHS)
async def test_each_include_holds_cards_of_what_the_records_refer_to(tiny: httpx.AsyncClient, path: str) -> None:
    names = parameters_of(await get(tiny, "/openapi.json"), path)["include"]["schema"]["items"]["enum"]
    items = (await get(tiny, path))["items"]
    details = {item["url"]: await get(tiny, item["url"]) for item in items}
    for name in (name for name in names if name != "intakes"):  # nutrients do not refer to their intakes
        prefix = f"/{COLLECTIONS[name].collection}/"
        for url, records in ((path, list(details.values())), (items[0]["url"], [details[items[0]["url"]]])):
            body = await get(tiny, f"{url}?include={name}")
            assert set(body["included"]) == {name}
            expected = {ref for ref in references(records) if ref.startswith(prefix)}
            found = [card["url"] for card in body["included"][name]]
            assert len(found) == len(set(found))
            assert set(found) == expected
            for card in body["included"][name]:
                assert list(card) == list(COLLECTIONS[name].card.model_fields)
    everything = await get(tiny, f"{path}?include={','.join(names)}")
    assert list(everything["included"]) == names


async def test_a_nutrient_includes_its_intakes(tiny: httpx.AsyncClient) -> None:
    iron = await get(tiny, "/nutrients/iron?include=intakes")
    listed = await get(tiny, f"{iron['intakes_url']}&limit=100")
    assert iron["included"]["intakes"] == listed["items"]


async def test_a_nutrient_carries_its_unit_daily_value_and_symptoms(tiny: httpx.AsyncClient) -> None:
    iron = await get(tiny, "/nutrients/iron")
    assert [ref["slug"] for ref in iron["symptoms"]] == ["tiredness"]
    card = next(item for item in (await get(tiny, "/nutrients"))["items"] if item["slug"] == "iron")
    assert (card["unit"], card["daily_value"]) == (iron["unit"], iron["daily_value"])


async def test_every_reference_leads_to_its_record(tiny: httpx.AsyncClient) -> None:
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


async def test_a_source_names_what_cites_it(tiny: httpx.AsyncClient) -> None:
    citing: dict[str, set[str]] = {}
    for path in PATHS:
        for item in (await get(tiny, f"{path}?limit=100"))["items"]:
            record = await get(tiny, item["url"])
            for url in references(record):
                citing.setdefault(url, set()).add(record["url"])
    sources = (await get(tiny, "/sources?limit=100"))["items"]
    for url in (source["url"] for source in sources):
        source = await get(tiny, url)
        named = {ref["url"] for ref in (*source["claims"], *source["cited_by"])}
        assert named == {path for path in citing.get(url, ()) if not path.startswith("/intakes/")}


async def test_a_bulk_get_takes_each_slug_once(tiny: httpx.AsyncClient) -> None:
    assert await slugs(tiny, "/nutrients?slug=sodium,iron,sodium") == ["iron", "sodium"]


async def test_prose_arrives_as_written(tiny: httpx.AsyncClient) -> None:
    sodium = await get(tiny, "/nutrients/sodium")
    assert sodium["summary"] == "A mineral dissolved in all body fluids: über alles."
    assert sodium["deficiency"]["signs"][0]["text"] == 'Confusion, "dizziness", and more.'


@pytest.mark.parametrize("query", ["", "?include=claims,faq"])
async def test_a_former_slug_redirects_for_good_and_keeps_the_query(tiny: httpx.AsyncClient, query: str) -> None:
    response = await tiny.get(f"/nutrients/iron-mineral{query}")
    assert response.status_code == 308
    assert response.headers["location"] == f"/nutrients/iron{query}"
    followed = await tiny.get(response.headers["location"])
    assert followed.json()["slug"] == "iron"


async def test_an_unambiguous_alias_redirects(tiny: httpx.AsyncClient) -> None:
    nutrient = await get(tiny, "/nutrients/vitamin-c")
    for alias in nutrient["aliases"]:
        response = await tiny.get(f"/nutrients/{alias.lower().replace(' ', '-')}?include=claims")
        assert (response.status_code, response.headers["location"]) == (308, "/nutrients/vitamin-c?include=claims")


async def test_links_between_pages_name_records_by_their_slugs(tiny: httpx.AsyncClient) -> None:
    page = await get(tiny, "/claims?about=ferrum,iron&limit=1")
    assert page["next"] == "/claims?about=iron&limit=1&offset=1"
    assert page == await get(tiny, "/claims?about=iron&limit=1")


async def test_a_claim_in_a_list_names_what_it_cites(tiny: httpx.AsyncClient) -> None:
    for card in (await get(tiny, "/claims"))["items"]:
        citations = (await get(tiny, card["url"]))["citations"]
        assert card["sources"] == list({c["source"]["slug"]: c["source"] for c in citations}.values())


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
    assert about["counts"]["food_sources"] == 4


async def test_the_comparison_is_ready_to_render(tiny: httpx.AsyncClient) -> None:
    table = await get(tiny, "/comparison")
    keys = [column["key"] for column in table["columns"]]
    assert keys == ["nutrient", "function", "connection", "food_sources"]
    assert [set(row) - set(keys) for row in table["rows"]] == [{"grade", "grade_reason", "citations"}]
    assert table["rows"][0]["nutrient"] == {
        "slug": "iron",
        "name": "Iron",
        "kind": "nutrient",
        "url": "/nutrients/iron",
    }
    assert [ref["name"] for ref in table["rows"][0]["food_sources"]] == ["Liver", "Spinach leaf"]
    assert (table["total"], table["disclaimer"]) == (1, "Not advice.")


async def test_health(tiny: httpx.AsyncClient) -> None:
    assert await get(tiny, "/livez") == {"status": "live"}
    assert await get(tiny, "/readyz") == {"status": "ready", "dataset": "0.1.0"}
