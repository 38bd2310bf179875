"""/intakes: the question of one person, and the errors of persons who cannot be."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.population import parse_age


async def ask(client: httpx.AsyncClient, question: str) -> list[str]:
    answer = await client.get(f"/intakes?{question}")
    assert answer.status_code == 200, answer.text
    return [item["slug"] for item in answer.json()["items"]]


async def refusal(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    answer = await client.get(f"/intakes?{question}")
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["errors"]) == 1
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("sex=female&age=34", ["nasem-rda-woman", "fda-dv-from-4-years", "efsa-ul-everybody", "nasem-ul-woman"]),
        (
            "sex=female&age=34&pregnant=false",
            ["nasem-rda-woman", "fda-dv-from-4-years", "efsa-ul-every", "nasem-ul-wo"],
        ),
        ("sex=female&age=34&pregnant=true", ["nasem-rda-pregnant", "efsa-ul-everybody", "nasem-ul-pregnant"]),
        ("age=34&lactating=true", ["nasem-rda-lactating", "efsa-ul-everybody", "nasem-ul-lactating"]),
        ("age=51&lactating=true", ["efsa-ul-everybody"]),
        ("sex=male&age=34y", ["nasem-rda-man", "fda-dv-from-4-years", "efsa-ul-everybody", "nasem-ul-man"]),
        ("age=8mo", ["nasem-ai-infant", "efsa-ul-6-11-months", "nasem-ul-infant"]),
        ("age=5mo", ["nasem-ai-infant", "nasem-ul-infant"]),
        ("age=12mo", ["nasem-rda-child", "efsa-ul-everybody", "nasem-ul-child"]),
        ("age=1", ["nasem-rda-child", "efsa-ul-everybody", "nasem-ul-child"]),
        ("age=0", ["nasem-ai-infant", "efsa-ul-6-11-months", "nasem-ul-infant"]),
        ("age=17", ["nasem-rda-child", "fda-dv-from-4-years", "efsa-ul-everybody", "nasem-ul-child"]),
    ],
)
async def test_one_request_answers_one_person(tiny: httpx.AsyncClient, person: str, expected: list[str]) -> None:
    found = await ask(tiny, f"nutrient=iron&{person}")
    assert len(found) == len(expected), found
    assert all(slug.startswith(f"iron-{start}") for slug, start in zip(found, expected, strict=True)), found


async def test_pregnant_and_lactating_shows_what_is_for_either(tiny: httpx.AsyncClient) -> None:
    both = await ask(tiny, "nutrient=iron&pregnant=true&lactating=true&role=need")
    assert both == ["iron-nasem-rda-lactating", "iron-nasem-rda-pregnant"]


async def test_without_a_person_everything_is_shown(tiny: httpx.AsyncClient) -> None:
    assert len(await ask(tiny, "nutrient=iron&limit=100")) == 15


@pytest.mark.parametrize(
    ("question", "parameter", "words"),
    [
        ("sex=male&pregnant=true", "sex", "must be female"),
        ("sex=male&lactating=true", "sex", "must be female"),
        ("age=-3", "age", "'-3' is not an age"),
        ("age=200", "age", "up to 130 years"),
        ("age=old", "age", "completed years as 34"),
        ("age=34.5", "age", "completed years"),
        ("age=8mo&pregnant=true", "age", "from 9 to 65 years"),
        ("age=90&lactating=true", "age", "from 9 to 65 years"),
        ("sex=femal", "sex", "'female' or 'male'"),
        ("life_stage=womn", "life_stage", "no life stage 'womn'"),
        ("type=rda", "type", "'rda'"),
        ("nutrient=irn", "nutrient", "no nutrient 'irn'"),
        ("unit=IU", "nutrient", "say which nutrient"),
        ("unit=IU&nutrient=iron", "unit", "depends on the chemical form"),
        ("unit=mmol&nutrient=iron", "unit", "'mmol'"),
    ],
)
async def test_wrong_questions_get_clear_errors(
    tiny: httpx.AsyncClient, question: str, parameter: str, words: str
) -> None:
    error = await refusal(tiny, question)
    assert error["parameter"] == parameter
    assert words in error["message"]


async def test_errors_name_what_was_meant(tiny: httpx.AsyncClient) -> None:
    assert (await refusal(tiny, "life_stage=womn"))["suggestion"] == "woman"
    assert (await refusal(tiny, "life_stage=womn"))["allowed"][0] == "infant"
    assert (await refusal(tiny, "type=rda"))["suggestion"] == "RDA"
    assert (await refusal(tiny, "sex=femal"))["suggestion"] == "female"
    assert (await refusal(tiny, "unit=IU"))["suggestion"] == "vitamin-c"


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("authority=FDA", 1),
        ("authority=UK,EFSA", 4),
        ("type=UL", 8),
        ("type=RDA,AI", 6),
        ("role=limit", 8),
        ("life_stage=woman", 2),
        ("source=leaflet", 4),
        ("status=not-determined", 1),
        ("nutrient=vitamin-c", 2),
        ("from_article=true", 0),
    ],
)
async def test_filters(tiny: httpx.AsyncClient, filters: str, count: int) -> None:
    assert len(await ask(tiny, f"{filters}&limit=100")) == count


async def test_an_intake_says_all_that_is_needed_to_read_it(tiny: httpx.AsyncClient) -> None:
    item = (await tiny.get("/intakes/iron-nasem-ul-woman")).json()
    assert item["name"] == "Iron: NASEM UL, Women"
    assert item["nutrient"] == {"slug": "iron", "name": "Iron", "kind": "nutrient", "url": "/nutrients/iron"}
    assert item["life_stage"] == {"code": "woman", "label": "Women"}
    assert item["quantity"] == {"value": 45, "unit": "mg", "per": "d"}
    assert item["applies_to"] == "supplements"
    assert [note["text"] for note in item["notes"]] == ["Rounded."]
    assert item["source"]["slug"] == "handbook"
    assert item["citations"][0]["locator"] == "Table 2"


async def test_a_limit_that_was_not_determined_is_a_row_that_says_so(tiny: httpx.AsyncClient) -> None:
    item = (await tiny.get("/intakes/iron-nasem-ul-infant")).json()
    assert (item["status"], item["quantity"]) == ("not-determined", None)
    assert item["notes"][0]["text"] == "No limit is no proof."


async def test_a_range_is_min_and_max(tiny: httpx.AsyncClient) -> None:
    item = (await tiny.get("/intakes/iron-efsa-ul-6-11-months")).json()
    assert item["quantity"] == {"min": 2.2, "max": 2.5, "unit": "mg", "per": "d"}


async def test_international_units_by_the_defined_factor(tiny: httpx.AsyncClient) -> None:
    page = (await tiny.get("/intakes?nutrient=vitamin-c&unit=IU&sort=-age")).json()
    adults, children = page["items"]
    assert adults["quantity"] == {"value": 810, "unit": "[iU]", "per": "d"}
    assert adults["converted_from"] == {"value": 40.5, "unit": "mg", "per": "d"}
    assert children["quantity"] == {"min": 600, "max": 700, "unit": "[iU]", "per": "d"}
    assert adults["conversions"][0]["factor"] == 20
    assert adults["conversions"][0]["citations"][0]["locator"] == "Page 9"


async def test_international_units_of_a_nutrient_by_another_name(tiny: httpx.AsyncClient) -> None:
    page = (await tiny.get("/intakes?nutrient=ascorbic-acid&unit=IU&sort=-age")).json()
    assert page["items"] == (await tiny.get("/intakes?nutrient=vitamin-c&unit=IU&sort=-age")).json()["items"]


async def test_numbers_are_written_as_published(tiny: httpx.AsyncClient) -> None:
    body = (await tiny.get("/intakes?nutrient=iron&limit=100")).text
    assert '"value":0.27,' in body
    assert '"value":27,' in body
    assert "27.0" not in body


async def test_a_nutrient_includes_its_intakes(tiny: httpx.AsyncClient) -> None:
    included = (await tiny.get("/nutrients/iron?include=intakes")).json()["included"]["intakes"]
    assert len(included) == 15
    assert [item["role"] for item in included] == ["need"] * 6 + ["label"] + ["limit"] * 8
    both = (await tiny.get("/nutrients?include=intakes")).json()["included"]["intakes"]
    assert {item["nutrient"]["slug"] for item in both} == {"iron", "vitamin-c"}


async def test_breast_feeding_and_magnesium_in_one_request(real: httpx.AsyncClient) -> None:
    question = "/intakes?nutrient=magnesium&sex=female&age=28&lactating=true"
    items = (await real.get(question)).json()["items"]
    found = [(item["role"], item["authority"], item["type"], item["quantity"]["value"]) for item in items]
    assert found == [
        ("need", "EFSA", "AI", 300),
        ("need", "NASEM", "RDA", 310),
        ("need", "UK", "RNI", 320),
        ("label", "FDA", "DV", 400),
        ("limit", "EFSA", "UL", 250),
        ("limit", "NASEM", "UL", 350),
        ("limit", "UK", "supplement-guidance", 400),
    ]
    assert items[5]["applies_to"] == "supplements and medicines only"
    assert "supplements and medicines only" in items[5]["notes"][0]["text"]


async def test_caveats_stand_with_the_rows_they_concern(real: httpx.AsyncClient) -> None:
    async def notes(slug: str) -> str:
        return " ".join(note["text"] for note in (await real.get(f"/intakes/{slug}")).json()["notes"])

    assert "2011" in await notes("vitamin-d-nasem-ul-male-19-30")
    assert "2011" not in await notes("vitamin-d-nasem-ul-child-1-3")
    for slug in ("nasem-ul-male-19-30", "efsa-ul-adults-incl-pregnancy-lactation", "uk-supplement-limit-adults"):
        assert "100 mg" in await notes(f"vitamin-b6-{slug}")
    assert "4,700 mg" in await notes("potassium-nasem-ai-female-19-30")
    assert "2005" in await notes("potassium-fda-dv-adults-and-children-from-4-years")
    assert "does not mean" in await notes("vitamin-b12-nasem-ul-male-19-30")


async def test_the_daily_value_of_a_nutrient_is_that_of_adults(real: httpx.AsyncClient) -> None:
    labels = (await real.get("/intakes?nutrient=calcium&role=label")).json()["items"]
    assert {item["quantity"]["value"] for item in labels} == {1300, 260, 700}
    daily = {item["slug"]: item["daily_value"] for item in (await real.get("/nutrients?limit=100")).json()["items"]}
    assert (daily["calcium"]["value"], daily["magnesium"]["value"], daily["vitamin-d"]["value"]) == (1300, 420, 20)


@given(st.integers(min_value=0, max_value=130))
def test_years_are_twelve_months_that_follow_on(years: int) -> None:
    assert parse_age(str(years)) == parse_age(f"{years}y") == (12 * years, 12 * years + 11)
    assert parse_age(f"{12 * years}mo") == (12 * years, 12 * years)


@given(st.text(alphabet="0123456789moy-. ٣", max_size=6))
def test_what_is_no_age_is_none(text: str) -> None:
    months = parse_age(text)
    assert months is None or 0 <= months[0] <= months[1] <= 130 * 12 + 11


async def test_every_person_gets_one_value_of_a_type(real: httpx.AsyncClient) -> None:
    """Whoever asks, no authority answers twice with the same type of value."""
    for age in ("0mo", "6mo", "11mo", "12mo", *map(str, range(1, 90, 4))):
        for rest in ("sex=female", "sex=male"):
            items = (await real.get(f"/intakes?age={age}&{rest}&limit=100")).json()["items"]
            answers = [(item["nutrient"]["slug"], item["authority"], item["type"]) for item in items]
            assert len(answers) == len(set(answers)), (age, rest)
            assert answers
