"""Every number of the file of reference values stands in the database and in the API, digit for digit."""

import copy
import json
from decimal import Decimal
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from tests.support import ROOT

FILE = ROOT / "tests" / "reference" / "reference_values.json"
"""The figures of the named publications, copied from them independently of the content."""

KINDS = {"supplement advice (autumn and winter)": "supplement-advice"}
PER = {"day": "d", "MJ energy": "MJ", "kg body weight and day": "kg.d"}

Numbers = dict[tuple[str, ...], tuple[Decimal | None, ...]]


def expected(values: dict[str, Any]) -> Numbers:
    """Each line of the file: what it is about, and its numbers."""
    found: Numbers = {}
    for row in values["intakes"]:
        kind = KINDS.get(row["kind"], row["kind"].replace(" ", "-"))
        about = (
            "intake",
            row["nutrient"],
            row["authority"],
            kind,
            row.get("life_stage", ""),
            row.get("population", ""),
        )
        none = row.get("status") == "not-determined"
        basis = ("", "") if none else (row["unit"], PER[row["per"]])
        numbers = (row.get("value"), row.get("value_min"), row.get("value_max"))
        found[(*about, row["source"], *basis)] = tuple(map(_exact, numbers))
    assert len(found) == len(values["intakes"])
    return found


def stored(url: str) -> Numbers:
    """The same out of the database's columns."""
    found: Numbers = {}
    engine = create_engine(url)
    with engine.connect() as connection:
        for row in connection.execute(text("SELECT * FROM intake")).mappings():
            document = json.loads(row["card"])
            label = "" if row["life_stage"] else document["population"]["label"]
            about = ("intake", row["nutrient"], row["authority"], row["type"], row["life_stage"] or "", label)
            key = (*about, row["source"], row["unit"] or "", row["per"] or "")
            found[key] = tuple(_exact(row[name]) for name in ("value", "value_min", "value_max"))
    engine.dispose()
    return found


async def served(client: httpx.AsyncClient) -> Numbers:
    """The same out of the API's answers."""
    found: Numbers = {}
    for item in await _items(client, "/intakes?limit=100"):
        quantity = item["quantity"] or {}
        stage = item["life_stage"] or {"code": ""}
        label = "" if item["life_stage"] else item["population"]["label"]
        about = ("intake", item["nutrient"]["slug"], item["authority"], item["type"], stage["code"], label)
        key = (*about, item["source"]["slug"], quantity.get("unit", ""), quantity.get("per", ""))
        found[key] = tuple(_exact(quantity.get(name)) for name in ("value", "min", "max"))
    return found


async def test_all_1042_numbers_are_served(real: httpx.AsyncClient) -> None:
    wanted = expected(json.loads(FILE.read_text(encoding="utf-8")))
    assert len(wanted) == 1042
    assert not differences(wanted, await served(real))


def test_all_1042_numbers_are_stored(real_database: str) -> None:
    wanted = expected(json.loads(FILE.read_text(encoding="utf-8")))
    assert not differences(wanted, stored(real_database))


def test_a_planted_wrong_digit_is_found(real_database: str) -> None:
    values = json.loads(FILE.read_text(encoding="utf-8"))
    kept = stored(real_database)
    wrong = copy.deepcopy(values)
    wrong["intakes"][17]["value"] += 1
    assert len(differences(expected(wrong), kept)) == 1


def test_numbers_come_out_as_they_went_in(tiny_database: str) -> None:
    kept = {key[:5]: numbers for key, numbers in stored(tiny_database).items()}
    assert kept["intake", "iron", "NASEM", "AI", "infant"] == (Decimal("0.27"), None, None)


def differences(wanted: Numbers, found: Numbers) -> list[str]:
    """Lines that are missing, or too many, or of which a number differs."""
    return [
        f"{key}: {wanted.get(key)} in the file, {found.get(key)} here"
        for key in sorted(wanted.keys() | found.keys())
        if wanted.get(key) != found.get(key)
    ]


def _exact(number: Any) -> Decimal | None:
    return None if number is None else Decimal(str(number))


async def _items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        page = (await client.get(following)).json()
        items += page["items"]
        following = page["next"]
    return items
