"""The real content: every fact mapped and served, every question one request, our own words, everything cited."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.schemas import KINDS
from app.schemas.common import Grade
from seed.check import resolve_pointer
from tests.support import REAL, ROOT

FACTS = [f"F{number:03}" for number in range(1, 154)]
ARTICLE_RUNS = ROOT / "tests" / "reference" / "article_runs.txt"
"""Hashes of every seven words in a row of the article, whose text is not ours to copy."""
RUN = 7


@cache
def files() -> dict[str, dict[str, Any]]:
    """Every content file, parsed, by its path."""
    return {str(path.relative_to(REAL)): tomllib.loads(path.read_text("utf-8")) for path in REAL.rglob("*.toml")}


async def get(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get(url)
    assert response.status_code == 200, (url, response.text)
    body: dict[str, Any] = response.json()
    return body


def test_every_fact_is_mapped_once() -> None:
    assert [fact["number"] for fact in files()["coverage.toml"]["fact"]] == FACTS


async def test_every_fact_is_served(real: httpx.AsyncClient) -> None:
    answers: dict[str, dict[str, Any]] = {}
    for fact in files()["coverage.toml"]["fact"]:
        for target in fact["targets"]:
            path, _, pointer = target.partition("#")
            if path not in answers:
                answers[path] = await get(real, path)
            found = resolve_pointer(answers[path], pointer)
            assert found not in (None, "", [], {}), (fact["number"], target)


def test_facts_are_told_in_short() -> None:
    assert all(10 <= len(fact["text"]) <= 200 for fact in files()["coverage.toml"]["fact"])


# The questions that the API exists for


async def export(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await client.get(path)).text.splitlines()]


async def test_all_minerals_by_name(real: httpx.AsyncClient) -> None:
    names = [item["name"] for item in (await get(real, "/nutrients?type=mineral&sort=name"))["items"]]
    assert {"Calcium", "Magnesium", "Potassium"} <= set(names)
    assert names == sorted(names)
    vitamins = {item["slug"] for item in (await get(real, "/nutrients?type=vitamin"))["items"]}
    assert {"vitamin-d", "vitamin-b12", "vitamin-b1", "vitamin-b6"} <= vitamins


async def test_one_nutrient_with_all_that_belongs_to_it(real: httpx.AsyncClient) -> None:
    magnesium = await get(real, "/nutrients/magnesium?include=mechanisms,food_sources,interactions,claims")
    included = magnesium["included"]
    assert all(included[name] for name in ("mechanisms", "food_sources", "interactions", "claims"))
    assert {"pumpkin-seeds", "spinach"} <= {food["slug"] for food in included["food_sources"]}
    assert magnesium["deficiency"]
    assert magnesium["excess"]


async def test_what_bears_on_twitching_and_when_to_see_a_doctor(real: httpx.AsyncClient) -> None:
    twitching = await get(real, "/symptoms/fasciculation?include=claims,mechanisms")
    ranks = [Grade(claim["grade"]).rank for claim in twitching["included"]["claims"]]
    assert ranks == sorted(ranks)
    assert len(ranks) > 10
    assert twitching["included"]["mechanisms"]
    flags = " ".join(flag["text"].lower() for flag in twitching["red_flags"])
    assert all(word in flags for word in ("sudden weakness", "thinner", "swallowing", "more than 2 weeks"))
    assert {flag["urgency"] for flag in twitching["red_flags"]} > {"emergency"}


async def test_foods_that_hold_magnesium_and_the_reverse(real: httpx.AsyncClient) -> None:
    foods = (await get(real, "/food-sources?nutrient=magnesium&limit=100"))["items"]
    assert {"pumpkin-seeds", "almonds", "spinach", "avocado", "legumes"} <= {food["slug"] for food in foods}
    nutrients = (await get(real, "/nutrients?food_source=spinach"))["items"]
    assert "magnesium" in {nutrient["slug"] for nutrient in nutrients}


@pytest.mark.parametrize("key", ["per_100g", "per_serving", "percent_daily_value"])
async def test_foods_in_a_list_show_the_amount_that_they_are_sorted_by(real: httpx.AsyncClient, key: str) -> None:
    foods = (await real.get(f"/food-sources?nutrient=magnesium&sort=-{key}&limit=100")).json()["items"]
    shown = [item[key] for food in foods for item in food["nutrients"] if item["nutrient"]["slug"] == "magnesium"]
    assert len(shown) == len(foods)
    values = [amount["value"] if isinstance(amount, dict) else amount for amount in shown if amount is not None]
    assert values == sorted(values, reverse=True)
    # what has no amount comes last
    assert shown[: len(values)].count(None) == 0


async def test_medicines_that_lower_a_nutrient(real: httpx.AsyncClient) -> None:
    url = "/lifestyle-factors?type=medicine&nutrient=magnesium&effect=lowers&limit=100"
    found = {item["slug"] for item in (await real.get(url)).json()["items"]}
    assert {"diuretics", "proton-pump-inhibitors"} <= found
    for slug in found:
        disturbed = (await real.get(f"/lifestyle-factors/{slug}")).json()["disturbs"]
        assert ("magnesium", "lowers") in {(item["nutrient"]["slug"], item["effect"]) for item in disturbed}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nutrients/kalium", "/nutrients/potassium"),
        ("nutrients/hierro", "/nutrients/iron"),
        ("nutrients/acide-folique", "/nutrients/folate"),
        ("symptoms/muskelzucken", "/symptoms/fasciculation"),
        ("symptoms/crampe-musculaire", "/symptoms/muscle-cramp"),
        ("symptoms/magnesiummangel", "/symptoms/hypomagnesaemia"),
    ],
)
async def test_names_in_german_spanish_and_french_lead_to_the_record(
    real: httpx.AsyncClient, name: str, path: str
) -> None:
    assert (await real.get(f"/{name}")).headers["location"] == path
    word = name.partition("/")[2].replace("-", " ")
    assert (await real.get(f"/search?q={word}")).json()["items"][0]["url"] == path


async def test_who_appears_in_only_one_of_the_articles_lists(real: httpx.AsyncClient) -> None:
    foods = await export(real, "/food-sources.ndjson?nutrient=magnesium")
    listed = {
        food["slug"]: provision["listed_in"]
        for food in foods
        for provision in food["nutrients"]
        if provision["nutrient"]["slug"] == "magnesium"
    }
    assert listed["avocado"] == listed["legumes"] == ["food-list"]
    assert listed["whole-grains"] == listed["leafy-greens"] == ["food-list", "comparison-table"]


async def test_the_source_that_is_no_food(real: httpx.AsyncClient) -> None:
    items = (await get(real, "/food-sources?is_food=false"))["items"]
    assert [item["slug"] for item in items] == ["sunlight"]


async def test_which_habits_and_medicines_disturb_which_nutrients(real: httpx.AsyncClient) -> None:
    factors = (await get(real, "/lifestyle-factors?limit=100"))["items"]
    disturbed = {factor["slug"]: {d["nutrient"]["slug"] for d in factor["disturbs"]} for factor in factors}
    assert "vitamin-b12" in disturbed["metformin"]
    assert "magnesium" in disturbed["proton-pump-inhibitors"]
    assert {"magnesium", "potassium"} <= disturbed["diuretics"]


async def test_the_faq_and_the_faq_about_one_nutrient(real: httpx.AsyncClient) -> None:
    entries = await export(real, "/faq.ndjson")
    assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) >= 7
    about_magnesium = (await get(real, "/faq?nutrient=magnesium"))["items"]
    assert 0 < len(about_magnesium) < len(entries)


async def test_why_believe_a_claim(real: httpx.AsyncClient) -> None:
    claim = await get(real, "/claims/eyelid-twitching-goes-with-low-magnesium?include=sources")
    stances = {citation["stance"] for citation in claim["citations"]}
    assert "refutes" in stances
    cited = {citation["source"]["slug"] for citation in claim["citations"]}
    assert {source["slug"] for source in claim["included"]["sources"]} == cited
    assert claim["grade"] == "contradicted"


async def test_the_version_says_what_is_served(real: httpx.AsyncClient) -> None:
    about = await get(real, "/dataset")
    assert re.fullmatch(r"\d+\.\d+\.\d+", about["version"])
    # a file of intakes holds many records
    own = {collection: count for collection, count in about["counts"].items() if collection != "intakes"}
    assert sum(own.values()) == len([file for file in files() if "/" in file and not file.startswith("intakes/")])


# What the content must show


async def test_the_answer_on_b_complex_warns_of_b6(real: httpx.AsyncClient) -> None:
    answer = await get(real, "/faq/do-b-vitamins-help")
    assert any("B6" in warning["text"] for warning in answer["warnings"])


async def test_the_answer_on_doctors_names_every_red_flag(real: httpx.AsyncClient) -> None:
    answer = await get(real, "/faq/when-to-see-a-doctor")
    twitching = await get(real, "/symptoms/fasciculation")
    assert {flag["text"] for flag in twitching["red_flags"]} <= {flag["text"] for flag in answer["red_flags"]}


def test_what_the_evidence_adds_is_not_of_the_article() -> None:
    added = ("fatigue", "poor-sleep", "screen-time", "beta-agonists", "proton-pump-inhibitors", "metformin")
    assert not any(files()[f"lifestyle-factors/{slug}.toml"]["from_article"] for slug in added)


def test_mechanisms_are_ordered_steps_each_cited() -> None:
    steps = [step for file, record in files().items() if file.startswith("mechanisms/") for step in record["steps"]]
    assert steps
    assert all(step["citations"] for step in steps)


def records() -> list[str]:
    return sorted(file for file in files() if "/" in file and not file.startswith(("sources/", "intakes/")))


def test_every_record_and_statement_is_cited() -> None:
    def bare(value: Any, place: str) -> Iterator[str]:
        if isinstance(value, dict):
            if "text" in value and not value.get("citations"):
                yield place
            for key, item in value.items():
                yield from bare(item, f"{place}.{key}")
        elif isinstance(value, list):
            for i, item in enumerate(value):
                yield from bare(item, f"{place}[{i}]")

    for file in records():
        assert files()[file]["citations"], file
        assert list(bare(files()[file], file)) == []


def test_claims_of_the_article_cite_it_beside_the_evidence() -> None:
    for file, claim in files().items():
        if file.startswith("claims/") and claim["from_article"]:
            cited = {citation["source"] for citation in claim["citations"]}
            assert "muscle-twitching-article" in cited, file
    stances = {
        citation.get("stance", "supports")
        for file in records()
        if file.startswith("claims/")
        for citation in files()[file]["citations"]
    }
    assert stances == {"supports", "qualifies", "refutes"}


@pytest.mark.parametrize(
    ("word", "slug"),
    [
        ("charley horse", "muscle-cramp"),
        ("water pills", "diuretics"),
        ("thiamin", "vitamin-b1"),
        ("cobalamin", "vitamin-b12"),
        ("pepitas", "pumpkin-seeds"),
        ("oily fish", "oily-fish"),
        ("hypocalcemia", "hypocalcaemia"),
        ("hypocalcaemia", "hypocalcaemia"),
    ],
)
def test_lay_words_and_spellings_are_names(word: str, slug: str) -> None:
    record = next(
        data for file, data in files().items() if Path(file).stem == slug and Path(file).parent.name != "intakes"
    )
    names = [record["name"], *record.get("aliases", [])]
    assert any(word in name.casefold() for name in names), names


# Own words


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(text: str) -> dict[str, str]:
    """Every run of seven words, by its hash."""
    found = words(text)
    joined = (" ".join(found[i : i + RUN]) for i in range(len(found) - RUN + 1))
    return {hashlib.sha256(run.encode()).hexdigest()[:16]: run for run in joined}


def prose(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from prose(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from prose(item, f"{key}[{i}]")


def borrowed(known: set[str], contents: dict[str, dict[str, Any]]) -> list[str]:
    """Every text, titles of publications excepted, that shares a run of seven words with the article."""
    return [
        f"{file}: {key}: {min(found[run] for run in found.keys() & known)}"
        for file, content in contents.items()
        for key, text in prose(content)
        if not (file.startswith("sources/") and key == "title") and (found := runs(text)).keys() & known
    ]


def test_no_seven_words_in_a_row_are_the_articles() -> None:
    assert borrowed(set(ARTICLE_RUNS.read_text(encoding="utf-8").split()), files()) == []


def test_seven_planted_words_are_found_and_six_are_not() -> None:
    article = "one two three four five six seven eight nine ten"
    known = set(runs(article))
    assert (
        len(borrowed(known, {"claims/planted.toml": {"summary": "It says two three four five six seven eight."}})) == 1
    )
    assert (
        borrowed(known, {"claims/planted.toml": {"summary": "It says two three four five six seven, and more."}}) == []
    )


def test_every_collection_has_content() -> None:
    for kind in KINDS.values():
        assert any(file.startswith(f"{kind.collection}/") for file in files()), kind.name


async def test_the_most_urgent_red_flag_comes_first(real: httpx.AsyncClient) -> None:
    order = ["emergency", "same-day", "routine"]
    for collection in ("faq", "lifestyle-factors", "nutrients", "symptoms"):
        export = await real.get(f"/{collection}.ndjson")
        for line in export.text.splitlines():
            record = json.loads(line)
            ranks = [order.index(flag["urgency"]) for flag in record["red_flags"]]
            assert ranks == sorted(ranks), record["slug"]
