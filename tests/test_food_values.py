"""Every amount in foods equals its cell of the USDA table, and what is computed of it follows; figures are facts."""

import csv
import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from seed.import_foods import COLUMNS
from tests.support import ROOT

REFERENCE = ROOT / "tests" / "reference"
"""The rows of the table that are used, copied from it independently of the content."""

SIMPLE = [Decimal(number) for number in ("0.25", "0.5", "0.75", "1", "1.5", "2", "3", "4")]
"""How many of a household measure a serving may be."""

Cells = dict[tuple[str, str], tuple[Decimal | None, str | None]]


def rows(name: str) -> Iterator[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def cells(nutrients: set[str]) -> Cells:
    """The table: by NDB number and nutrient the amount in 100 g with its unit, or nothing."""
    found: Cells = {}
    for row in rows("sr28_foods.csv"):
        for slug in nutrients:
            number = row[COLUMNS[slug]] if slug in COLUMNS else ""
            unit = COLUMNS[slug].rpartition("_")[2] if number else None
            found[row["ndb_no"], slug] = (Decimal(number) if number else None, unit)
    return found


async def foods(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await client.get("/food-sources.ndjson")).text.splitlines()]


async def served(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [amount for food in await foods(client) for amount in food["amounts"]]


async def nutrients_of(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {item["slug"]: item for item in (await client.get("/nutrients?limit=100")).json()["items"]}


def differences(wanted: Cells, found: Cells) -> list[str]:
    return [
        f"{key}: {wanted.get(key)} in the table, {found.get(key)} here"
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]


async def test_every_amount_is_its_cell_of_the_table(real: httpx.AsyncClient) -> None:
    wanted = cells(set(await nutrients_of(real)))
    found: Cells = {}
    descriptions = {}
    for amount in await served(real):
        per_100g = amount["per_100g"]
        number = None if per_100g is None else Decimal(str(per_100g["value"]))
        found[amount["ndb_no"], amount["nutrient"]["slug"]] = (number, per_100g and per_100g["unit"])
        descriptions[amount["ndb_no"]] = amount["description"]
        assert (amount["status"] == "measured") == (per_100g is not None)
    assert differences(wanted, found) == []
    assert descriptions == {row["ndb_no"]: row["description"] for row in rows("sr28_foods.csv")}
    assert len(descriptions) >= 130
    # a planted wrong digit is found
    planted = {**found, ("11233", "magnesium"): (Decimal(46), "mg")}
    assert len(differences(wanted, planted)) == 1


async def test_every_amount_is_stored_as_it_is_served(real: httpx.AsyncClient, real_database: str) -> None:
    engine = create_engine(real_database)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT * FROM amount")).mappings().all()
    engine.dispose()
    found = {
        (row["ndb_no"], row["nutrient"]): (
            None if row["per_100g"] is None else Decimal(str(row["per_100g"])).normalize(),
            row["unit"],
        )
        for row in stored
    }
    wanted = cells(set(await nutrients_of(real)))
    assert differences({key: (n and n.normalize(), unit) for key, (n, unit) in wanted.items()}, found) == []


async def test_what_is_computed_follows_from_the_table(real: httpx.AsyncClient) -> None:
    """Amounts per serving, percentages and verdicts, computed here once more in another way."""
    known = await nutrients_of(real)
    for amount in await served(real):
        place = (amount["ndb_no"], amount["nutrient"]["slug"])
        serving, reference = amount["serving"]["weight"]["value"], amount["reference_amount"]
        if amount["per_100g"] is None:
            assert amount["per_serving"] is amount["percent_daily_value"] is reference["percent_daily_value"] is None
            assert amount["standing"] == "unrated", place
            continue
        exact = Decimal(str(amount["per_100g"]["value"])) * Decimal(str(serving)) / 100
        shown = Decimal(str(amount["per_serving"]["value"]))
        assert abs(shown - exact) <= exact / 200, place
        daily = known[place[1]]["daily_value"]
        assert daily["unit"] == amount["per_100g"]["unit"], place
        percent = 100 * exact / Decimal(str(daily["value"]))
        assert amount["percent_daily_value"] == int(percent.quantize(Decimal(1), ROUND_HALF_UP)), place
        weight = Decimal(str(reference["weight"]["value"]))
        # a division by the serving would round twice
        of_reference = Decimal(str(amount["per_100g"]["value"])) * weight / Decimal(str(daily["value"]))
        of_reference = of_reference.quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert Decimal(str(reference["percent_daily_value"])) == of_reference, place
        verdict = (
            "high" if of_reference >= 20 else "good" if of_reference >= 10 else "some" if of_reference > 5 else "low"
        )
        assert amount["standing"] in (verdict, "poor"), place


async def test_a_food_is_as_good_a_source_as_its_best_form(real: httpx.AsyncClient) -> None:
    best_first = ["poor", "high", "good", "some", "low"]
    for food in await foods(real):
        for provision in food["nutrients"]:
            slug = provision["nutrient"]["slug"]
            own = [amount["standing"] for amount in food["amounts"] if amount["nutrient"]["slug"] == slug]
            if rated := [standing for standing in own if standing != "unrated"]:
                assert provision["standing"] == min(rated, key=best_first.index), (food["slug"], slug)


async def test_servings_are_household_measures_of_the_table(real: httpx.AsyncClient) -> None:
    measures: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for row in rows("sr28_weights.csv"):
        measures.setdefault(row["ndb_no"], []).append((Decimal(row["grams"]), Decimal(row["amount"])))
    for amount in await served(real):
        serving, weight = amount["serving"], Decimal(str(amount["serving"]["weight"]["value"]))
        words = serving["description"].split()
        if words[1:2] == ["oz"]:
            assert abs(Decimal(words[0]) * Decimal("28.35") - weight) < Decimal("0.5"), amount["ndb_no"]
        else:
            fits = [
                grams * many / each for grams, each in measures.get(amount["ndb_no"], ()) for many in (*SIMPLE, each)
            ]
            assert weight in fits, (amount["ndb_no"], serving)
