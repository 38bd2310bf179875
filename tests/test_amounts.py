"""Amounts in foods: richest first, what a food holds, and percentages of the Daily Value."""

import csv
import io
import json
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.food_source import Standing
from app.schemas.quantity import plain
from seed.amounts import standing_of


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Liver, fried", "Spinach, boiled", "Liver, boiled", "Greens, mixed"]),
        ("?sort=-per_100g", ["Liver, boiled", "Liver, fried", "Spinach, boiled", "Greens, mixed"]),
        ("?sort=per_100g", ["Greens, mixed", "Spinach, boiled", "Liver, fried", "Liver, boiled"]),
        ("?sort=-per_serving", ["Liver, fried", "Spinach, boiled", "Liver, boiled", "Greens, mixed"]),
        ("?sort=-name,per_100g", ["Spinach, boiled", "Liver, fried", "Liver, boiled", "Greens, mixed"]),
        ("?group=meat", ["Liver, fried", "Liver, boiled"]),
        ("?from_article=false", ["Spinach, boiled"]),
    ],
)
async def test_foods_of_a_nutrient(tiny: httpx.AsyncClient, sort: str, expected: list[str]) -> None:
    page = (await tiny.get(f"/nutrients/iron/food-sources{sort}")).json()
    assert [item["description"] for item in page["items"]] == expected
    assert page["total"] == len(expected)


async def test_an_amount_has_unit_basis_and_source(tiny: httpx.AsyncClient) -> None:
    item = (await tiny.get("/nutrients/iron/food-sources?from_article=false")).json()["items"][0]
    assert item["food_source"] == {
        "slug": "spinach-leaf",
        "name": "Spinach leaf",
        "kind": "food_source",
        "url": "/food-sources/spinach-leaf",
    }
    assert item["per_100g"] == {"value": 3.57, "unit": "mg", "per": "100.g"}
    assert item["serving"] == {"description": "1/2 cup", "weight": {"value": 90, "unit": "g"}}
    assert item["per_serving"] == {"value": 3.21, "unit": "mg", "per": "{serving}"}
    assert item["percent_daily_value"] == 18
    assert (item["standing"], item["remark"]) == ("poor", "Oxalate binds it.")
    assert item["citations"][0]["source"]["slug"] == "handbook"
    assert item["citations"][0]["locator"] == "NDB 00003"


async def test_pages_of_amounts(tiny: httpx.AsyncClient) -> None:
    first = (await tiny.get("/nutrients/iron/food-sources?limit=3&include=food_sources")).json()
    assert first["next"] == "/nutrients/iron/food-sources?include=food_sources&limit=3&offset=3"
    assert [record["slug"] for record in first["included"]["food_sources"]] == ["liver", "spinach-leaf"]
    last = (await tiny.get(first["next"])).json()
    assert (len(last["items"]), last["next"]) == (1, None)


async def test_totals_are_of_the_nutrient_in_the_path(tiny: httpx.AsyncClient) -> None:
    totals = [(await tiny.get(f"/nutrients/{slug}/food-sources")).json()["total"] for slug in ("iron", "vitamin-c")]
    assert totals == [4, 4]


async def test_what_was_not_measured_comes_last_and_is_not_zero(tiny: httpx.AsyncClient) -> None:
    for sort in ("", "?sort=per_100g", "?sort=-per_serving"):
        items = (await tiny.get(f"/nutrients/vitamin-c/food-sources{sort}")).json()["items"]
        assert [item["status"] for item in items] == ["measured", *["not-measured"] * 3]
        assert {item["per_100g"] and item["per_100g"]["value"] for item in items} == {0.03, None}
        assert all(item["per_serving"] is item["percent_daily_value"] is None for item in items[1:])
        assert {item["standing"] for item in items} == {"unrated"}
    sodium = next(a for a in (await tiny.get("/food-sources/greens")).json()["amounts"] if a["status"] != "measured")
    assert sodium["citations"][0]["finding"] == "No value for sodium."


async def test_only_good_sources_of_a_nutrient(real: httpx.AsyncClient) -> None:
    everything = (await real.get("/nutrients/magnesium/food-sources?limit=100")).json()
    good = (await real.get("/nutrients/magnesium/food-sources?standing=high,good&limit=100")).json()
    assert 0 < good["total"] < everything["total"] / 3
    assert {item["standing"] for item in good["items"]} == {"high", "good"}
    assert all(item["reference_amount"]["percent_daily_value"] >= 10 for item in good["items"])
    named = (await real.get("/food-sources.ndjson?nutrient=magnesium")).text.splitlines()
    assert {item["food_source"]["slug"] for item in good["items"]} <= {json.loads(line)["slug"] for line in named}


async def test_every_food_has_the_whole_panel(real: httpx.AsyncClient) -> None:
    nutrients = {item["slug"] for item in (await real.get("/nutrients?limit=100")).json()["items"]}
    foods = [json.loads(line) for line in (await real.get("/food-sources.ndjson")).text.splitlines()]
    assert sum(bool(food["amounts"]) for food in foods) >= 130
    for food in foods:
        panels = [(amount["ndb_no"], amount["nutrient"]["slug"]) for amount in food["amounts"]]
        assert sorted(panels) == sorted((number, slug) for number in {n for n, _ in panels} for slug in nutrients)
    numbers = [number for food in foods for number in {amount["ndb_no"] for amount in food["amounts"]}]
    assert len(numbers) == len(set(numbers))


async def test_brands_and_portions_that_decide_are_marked(real: httpx.AsyncClient) -> None:
    cereal = (await real.get("/food-sources/fortified-cereal")).json()["amounts"]
    assert {amount["brand"] for amount in cereal} == {"General Mills"}
    apricots = {a["nutrient"]["slug"]: a for a in (await real.get("/food-sources/dried-apricots")).json()["amounts"]}
    # 16 % of the Daily Value in half a cup of 65 g, 9.9 % in the 40 g of the FDA
    assert apricots["potassium"]["percent_daily_value"] == 16
    assert apricots["potassium"]["reference_amount"] == {
        "weight": {"value": 40, "unit": "g"},
        "percent_daily_value": 9.9,
    }
    assert (apricots["potassium"]["standing"], apricots["potassium"]["portion_decides"]) == ("some", True)
    assert (apricots["calcium"]["brand"], apricots["calcium"]["portion_decides"]) == (None, False)


async def test_preparations_stand_side_by_side(real: httpx.AsyncClient) -> None:
    kale = (await real.get("/food-sources/kale")).json()["amounts"]
    own = [amount for amount in kale if amount["nutrient"]["slug"] == "magnesium"]
    assert {a["ndb_no"]: (a["per_100g"]["value"], a["standing"]) for a in own} == {
        "11233": (47, "some"),
        "11234": (18, "low"),
    }


async def test_amounts_and_intakes_as_csv(tiny: httpx.AsyncClient) -> None:
    amounts = await tiny.get("/nutrients/iron/food-sources.csv")
    assert amounts.headers["content-disposition"] == 'attachment; filename="food-sources-of-iron.csv"'
    first = next(csv.DictReader(io.StringIO(amounts.text)))
    assert (first["food_source"], first["per_100g.value"], first["serving.weight.value"]) == ("liver", "6.5", "85.0")
    intakes = await tiny.get("/intakes.csv?nutrient=iron&type=UL&age=6mo")
    ranged, unset = csv.DictReader(io.StringIO(intakes.text))
    assert (ranged["quantity.value"], ranged["quantity.min"], ranged["quantity.max"]) == ("", "2.2", "2.5")
    assert (unset["status"], unset["quantity.value"], unset["quantity.unit"]) == ("not-determined", "", "")
    international = await tiny.get("/intakes.ndjson?nutrient=vitamin-c&unit=IU")
    assert {json.loads(line)["quantity"]["unit"] for line in international.text.splitlines()} == {"[iU]"}


async def test_amounts_are_cut_to_the_fields_asked_for(tiny: httpx.AsyncClient) -> None:
    sheet = (await tiny.get("/nutrients/iron/food-sources.csv?fields=ndb_no,group")).text
    assert sheet.splitlines()[0] == "ndb_no,group"
    refused = await tiny.get("/nutrients/iron/food-sources.csv?fields=grp")
    assert (refused.status_code, refused.json()["errors"][0]["suggestion"]) == (422, "group")


async def test_an_unknown_or_renamed_nutrient(tiny: httpx.AsyncClient) -> None:
    unknown = await tiny.get("/nutrients/irn/food-sources")
    assert unknown.status_code == 404
    assert "/nutrients/iron" in unknown.json()["detail"]
    moved = await tiny.get("/nutrients/iron-mineral/food-sources")
    assert (moved.status_code, moved.headers["location"]) == (308, "/nutrients/iron/food-sources")
    moved = await tiny.get("/nutrients/iron-mineral/food-sources.csv?group=meat")
    assert (moved.status_code, moved.headers["location"]) == (308, "/nutrients/iron/food-sources.csv?group=meat")


async def test_food_sources_richest_first(tiny: httpx.AsyncClient) -> None:
    async def ask(sort: str) -> list[str]:
        page = (await tiny.get(f"/food-sources?nutrient=iron&sort={sort}")).json()
        assert page["total"] == 3
        return [item["slug"] for item in page["items"]]

    assert await ask("-per_100g") == ["liver", "spinach-leaf", "greens"]
    assert await ask("percent_daily_value") == ["greens", "spinach-leaf", "liver"]
    refused = await tiny.get("/food-sources?sort=-per_100g")
    assert refused.status_code == 422
    assert "exactly one nutrient" in refused.json()["errors"][0]["message"]


async def test_sources_without_an_amount_come_last(real: httpx.AsyncClient) -> None:
    for sort in ("per_100g", "-per_100g"):
        lines = (await real.get(f"/food-sources.ndjson?nutrient=vitamin-d&sort={sort}")).text.splitlines()
        known = [any(a["nutrient"]["slug"] == "vitamin-d" for a in json.loads(line)["amounts"]) for line in lines]
        assert known == sorted(known, reverse=True)
        assert not all(known)


async def test_what_a_food_holds(tiny: httpx.AsyncClient) -> None:
    record = (await tiny.get("/food-sources/greens")).json()
    assert [amount["nutrient"]["slug"] for amount in record["amounts"]] == ["iron", "vitamin-c", "sodium"]
    assert "foods" not in record


async def test_honest_standings(real: httpx.AsyncClient) -> None:
    async def provision(food: str, nutrient: str) -> tuple[str, str, str]:
        record = (await real.get(f"/food-sources/{food}")).json()
        found = next(item for item in record["nutrients"] if item["nutrient"]["slug"] == nutrient)
        return found["standing"], str(found["remark"]), json.dumps(found["citations"])

    assert (await provision("kale", "magnesium"))[0] == "some"
    assert (await provision("avocado", "magnesium"))[0] == "low"
    assert (await provision("almonds", "magnesium"))[0] == "good"
    standing, remark, citations = await provision("spinach", "calcium")
    assert standing == "poor"
    assert "oxalate" in remark
    assert "heaney-1988-spinach" in citations


async def test_foods_of_the_article_are_tied_to_their_rows(real: httpx.AsyncClient) -> None:
    spinach = (await real.get("/food-sources/spinach")).json()
    assert {amount["ndb_no"] for amount in spinach["amounts"]} == {"11457", "11458"}
    assert spinach["from_article"] is True
    assert (await real.get("/food-sources/tofu")).json()["from_article"] is False


async def test_most_calcium_per_serving_in_one_request(real: httpx.AsyncClient) -> None:
    page = (await real.get("/nutrients/calcium/food-sources?sort=-per_serving&limit=3")).json()
    found = [(item["food_source"]["slug"], item["per_serving"]["value"]) for item in page["items"]]
    assert found == [("fortified-cereal", 1000), ("tofu", 861), ("low-fat-yoghurt", 415)]


@given(st.decimals(min_value=0, max_value=10**6, places=3, allow_nan=False))
def test_a_number_is_written_without_noise(number: Decimal) -> None:
    assert Decimal(json.dumps(plain(number))) == number


@given(st.decimals(min_value=0, max_value=5000, places=1))
def test_standings_follow_the_percentage(percent: Decimal) -> None:
    words = [Standing.low, Standing.some, Standing.good, Standing.high]
    assert words.index(standing_of(percent)) <= words.index(standing_of(percent + 1))
    assert (standing_of(percent) is Standing.high) == (percent >= 20)
    assert (standing_of(percent) is Standing.low) == (percent <= 5)
