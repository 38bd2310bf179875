"""Charts: well-formed, accessible SVG that a strict policy lets through, from any data and from every real record."""

import re
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from app.pages.charts import bar, claims_board, mechanism_diagram
from app.pages.intake_chart import intake_chart
from app.schemas.claim import Relation, SubjectState
from app.schemas.common import Grade
from app.schemas.intake import Authority, IntakeType, Role
from app.schemas.mechanism import TriggerState
from app.schemas.population import Sex, State
from app.schemas.quantity import Unit
from tests.drawings import FOLDER, by_itself, drawings
from tests.support import client_for, examples, real_database

SVG = "{http://www.w3.org/2000/svg}"
PHONE = 320
"""Pixels that a chart has on a phone of 360."""

few = settings(max_examples=examples(50))
texts = st.text(min_size=1, max_size=60)
grades = st.sampled_from([str(grade) for grade in Grade])
refs = st.fixed_dictionaries({"name": texts})
months = st.integers(0, 1571)
amounts = st.decimals(0, 10**6, places=3).map(float)
quantities = st.one_of(
    st.fixed_dictionaries({"value": amounts}), st.fixed_dictionaries({"min": amounts, "max": amounts})
).flatmap(
    lambda number: st.fixed_dictionaries(
        {key: st.just(value) for key, value in number.items()}
        | {"unit": st.sampled_from([str(unit) for unit in Unit]), "per": st.sampled_from(["d", "MJ", "kg.d"])}
    )
)
intakes = st.fixed_dictionaries(
    {
        "nutrient": refs,
        "authority": st.sampled_from([str(authority) for authority in Authority]),
        "type": st.sampled_from([str(kind) for kind in IntakeType]),
        "role": st.sampled_from([str(role) for role in Role]),
        "population": st.fixed_dictionaries(
            {
                "label": texts,
                "sex": st.sampled_from([str(sex) for sex in Sex]),
                "age_min_months": months,
                "age_max_months": st.none() | months,
                "states": st.lists(st.sampled_from([str(state) for state in State]), min_size=1, unique=True),
            }
        ),
        "quantity": st.none() | quantities,
        "applies_to": st.none() | texts,
    }
)
mechanisms = st.fixed_dictionaries(
    {
        "name": texts,
        "trigger": st.fixed_dictionaries({"record": refs, "state": st.sampled_from([str(s) for s in TriggerState])}),
        "steps": st.lists(st.fixed_dictionaries({"text": texts, "grade": grades}), min_size=2, max_size=6),
        "symptoms": st.lists(refs, max_size=4),
    }
)
claims = st.fixed_dictionaries(
    {
        "subject": refs,
        "state": st.none() | st.sampled_from([str(state) for state in SubjectState]),
        "relation": st.sampled_from([str(relation) for relation in Relation]),
        "grade": grades,
    }
)


def check(svg: Markup, most: int = 20_000) -> ElementTree.Element:
    """A chart that any page can hold; returns its root."""
    assert len(svg.encode()) <= most
    root = ElementTree.fromstring(by_itself(svg))
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert (root[0].text or "").strip()
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    assert width <= PHONE
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {"svg", "title", "desc", "g", "path", "rect", "circle", "text", "tspan"}
        # identifiers would meet those of another chart on the page
        assert not {"style", "id", "href", "onload"} & set(element.attrib)
        assert float(element.get("font-size", 12)) >= 11
        assert not re.search("nan|inf", element.get("d", ""))
        for x, y in re.findall(r"M(-?\d*\.?\d+) ?(-?\d*\.?\d+)", element.get("d", "")):
            assert 0 <= float(x) <= width, element.get("d")
            assert 0 <= float(y) <= height, element.get("d")
        if element.tag in (f"{SVG}text", f"{SVG}rect"):
            assert 0 <= float(element.get("x", 0)) <= width
            assert -8 <= float(element.get("y", 0)) <= height
    return root


@few
@given(st.none() | st.floats(0, 1e5), texts)
def test_any_bar_is_a_small_picture_with_a_name(percent: float | None, label: str) -> None:
    root = check(bar(percent, label), most=900 + 8 * len(label))
    name = root[0].text or ""
    assert ("not measured" in name) == (percent is None)


def test_a_bar_is_as_long_as_the_percentage_up_to_100_and_says_what_is_beyond() -> None:
    assert 'd="M.5.5h30v9h-30z"' in bar(30, "Iron")
    assert 'd="M.5.5h100v9h-100zm' in bar(250, "Iron")
    assert "Iron: 250 % of the Daily Value" in bar(250, "Iron")


@few
@given(st.lists(intakes, max_size=12))
def test_any_intakes_give_a_chart(rows: list[dict[str, Any]]) -> None:
    svg = intake_chart(rows)
    assert bool(svg) == any(row["quantity"] and row["quantity"]["per"] == "d" for row in rows)
    if svg:
        check(svg)


@few
@given(mechanisms)
def test_any_mechanism_gives_a_diagram(record: dict[str, Any]) -> None:
    check(mechanism_diagram(record))


@few
@given(st.lists(claims, max_size=40))
def test_any_claims_give_a_board(cards: list[dict[str, Any]]) -> None:
    svg = claims_board(cards)
    assert bool(svg) == bool(cards)
    if svg:
        check(svg, most=40_000)


@pytest.fixture(scope="module")
async def api() -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(real_database()) as client:
        yield client


async def everything(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Every item of a list."""
    items: list[dict[str, Any]] = []
    while path:
        page = (await api.get(path)).raise_for_status().json()
        items += page["items"]
        path = page["next"]
    return items


@few
@given(st.sampled_from([grade for grade in Grade if grade != Grade.contradicted]), st.integers(1, 12))
def test_dots_stand_in_the_middle_of_their_grade_s_column(grade: Grade, count: int) -> None:
    card = {"subject": {"name": "Iron"}, "state": None, "relation": "causes", "grade": str(grade)}
    dots = re.findall(r'class="solid" d="M([\d.]+) (\d+)', claims_board([card] * count))[1:]
    rows = [[float(x) for x, y in dots if y == of] for of in sorted({y for _, y in dots}, key=int)]
    assert [len(row) for row in rows] == [4] * (count // 4) + [count % 4] * (count % 4 > 0)
    middle = PHONE / len(Grade) * (list(Grade).index(grade) + 0.5)
    assert sum(rows[0]) / len(rows[0]) == pytest.approx(middle, abs=0.1)
    assert all(b - a == pytest.approx(12, abs=0.1) for row in rows for a, b in pairwise(row))
    assert all(row[0] == rows[0][0] for row in rows)


def test_pictures_change_only_on_purpose() -> None:
    """After `make generate`, look at tests/drawings/*.svg: what a picture says, no other test can see."""
    assert drawings() == {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}


async def test_each_nutrient_has_a_chart_of_its_intakes(api: httpx.AsyncClient) -> None:
    for nutrient in await everything(api, "/nutrients?limit=100"):
        rows = await everything(api, f"/intakes?limit=100&nutrient={nutrient['slug']}")
        svg = intake_chart(rows)
        assert bool(svg) == bool(rows)
        if svg:
            root = check(svg)
            description = root[1].text or ""
            # the text alternative says what holds for adults
            for authority in {row["authority"] for row in rows}:
                assert {"NASEM": "(NASEM)", "EFSA": "(EFSA)", "UK": "Kingdom", "FDA": "(FDA)"}[authority] in description


def amounts_in_all_units(quantity: dict[str, Any]) -> Iterator[float]:
    """The numbers of a quantity; a mass in each unit of mass, as a chart may be in another."""
    for number in (quantity[key] for key in ("value", "min", "max") if quantity.get(key) is not None):
        yield from (number * factor for factor in (1, 1e3, 1e6, 1e-3, 1e-6))


def drawn(lane: ElementTree.Element) -> Iterator[tuple[str, float, float]]:
    """What the lines of a lane say by its axes: whose need, or the limit, an age in months, an amount."""
    labels = [(float(each.attrib["y"]) - 4, each.text or "") for each in lane if each.get("text-anchor") == "end"]
    (top, highest), (lower, next_lower) = [(y, float(said.replace(",", ""))) for y, said in labels[:2]]
    years = {int(each.text or ""): float(each.attrib["x"]) for each in lane.iter(f"{SVG}tspan")}
    for line in lane:
        who = line.attrib.get("class", "").removeprefix("line ")
        if who not in ("female", "male", "limit"):
            continue
        x = y = 0.0
        for word, numbers in re.findall(r"([MVH])([-\d. ]+)", line.attrib["d"]):
            given = [float(number) for number in numbers.split()]
            if word == "H":
                # the axis of ages is that of the square root
                middle = ((x + given[0]) / 2 - years[0]) / (years[71] - years[0])
                yield who, 12 * 71 * middle**2, highest - (y - top) / (lower - top) * (highest - next_lower)
            x, y = given if word == "M" else (given[0], y) if word == "H" else (x, given[0])


async def test_every_line_of_a_chart_stands_where_a_row_of_the_tables_does(api: httpx.AsyncClient) -> None:
    count = 0
    for nutrient in await everything(api, "/nutrients?limit=100"):
        rows = await everything(api, f"/intakes?limit=100&nutrient={nutrient['slug']}")
        lanes = [lane for lane in check(intake_chart(rows)) if lane.tag == f"{SVG}g"] if rows else []
        for who, age, amount in (line for lane in lanes for line in drawn(lane)):
            count += 1
            assert any(
                (row["role"] == "limit") == (who == "limit")
                and row["population"]["sex"] in ("any", who, *(("female", "male") if who == "limit" else ()))
                and row["population"]["age_min_months"] <= age <= (row["population"]["age_max_months"] or 2000) + 1
                and any(amount == pytest.approx(number, rel=0.02) for number in amounts_in_all_units(row["quantity"]))
                for row in rows
                if row["quantity"]
            ), (nutrient["slug"], who, age, amount)
    assert count > 300


async def test_the_chart_of_magnesium_says_what_the_tables_say(api: httpx.AsyncClient) -> None:
    text = " ".join(check(intake_chart(await everything(api, "/intakes?limit=100&nutrient=magnesium"))).itertext())
    assert (
        "(NASEM): Adults: women 310 to 320 mg by age, men 400 to 420 mg by age. Limit: 350 mg (supplements and" in text
    )
    assert "European Union (EFSA): Adults: women 300 mg, men 350 mg. Limit: 250 mg (supplements, and" in text
    assert "Food labels in the United States (FDA): Adults: 420 mg." in text


async def test_a_chart_gives_one_number_for_adults_only_where_it_holds_at_every_age(api: httpx.AsyncClient) -> None:
    for nutrient, said in (
        ("iron", "(NASEM): Adults: women 8 to 18 mg by age, men 8 mg. Limit: 45 mg."),
        ("phosphorus", "(NASEM): Adults: 700 mg. Limit: 3,000 to 4,000 mg by age."),
        ("zinc", "(EFSA): Adults: women 7.5 to 12.7 mg, men"),
    ):
        root = check(intake_chart(await everything(api, f"/intakes?limit=100&nutrient={nutrient}")))
        assert said in (root[1].text or "")


async def test_a_limit_far_above_the_need_is_said_to_be_off_the_chart(api: httpx.AsyncClient) -> None:
    text = " ".join(check(intake_chart(await everything(api, "/intakes?limit=100&nutrient=vitamin-b6"))).itertext())
    assert "Limit: 100 mg, off the chart." in text


async def test_each_mechanism_has_a_diagram_with_every_step_and_its_grade(api: httpx.AsyncClient) -> None:
    for card in await everything(api, "/mechanisms?limit=100"):
        record = (await api.get(card["url"])).json()
        description = check(mechanism_diagram(record))[1].text or ""
        for step in record["steps"]:
            assert f"{step['text']} Evidence: {step['grade']}." in description
        for symptom in record["symptoms"]:
            assert symptom["name"] in description


async def test_each_symptom_has_a_board_that_counts_every_claim(api: httpx.AsyncClient) -> None:
    for symptom in await everything(api, "/symptoms?limit=100"):
        cards = await everything(api, f"/claims?limit=100&about={symptom['slug']}")
        svg = claims_board(cards)
        assert bool(svg) == bool(cards)
        if svg:
            description = check(svg, most=40_000)[1].text or ""
            counts = re.findall(rf"(\d+) (?:{'|'.join(Grade)})", description)
            assert sum(map(int, counts)) == len(cards)
