"""Codes of other vocabularies: shown with their address, filtered by, resolved, exported."""

import csv
import io
import json
import re

import httpx
import pytest

from app.schemas.identifier import CODE_PATTERN, FORMS, CodeSystem, Identifier, Match, code_of
from tests.support import real_records

IRON = {
    "vocabulary": "MeSH",
    "id": "D007501",
    "match": "exact",
    "url": "https://id.nlm.nih.gov/mesh/D007501",
}
NEAR = "/lifestyle-factors/running (broad), /symptoms/tiredness (close)"
OBO = "http://purl.obolibrary.org/obo/CHEBI_18248"


def slugs(response: httpx.Response) -> list[str]:
    return [item["slug"] for item in response.json()["items"]]


@pytest.mark.parametrize("system", CodeSystem)
def test_every_vocabulary_has_an_example_that_is_a_code(system: CodeSystem) -> None:
    identifier = Identifier(vocabulary=system, id=FORMS[system].example, match=Match.exact)
    assert re.match("https?://", identifier.url)
    assert "{" not in identifier.url
    for written in (f"{system}:{identifier.id}", f"{system.lower()}:{identifier.id.lower()}", identifier.code):
        assert code_of(written) == identifier.code
    assert re.match(CODE_PATTERN, identifier.code)


async def test_a_record_has_its_codes_and_their_addresses(tiny: httpx.AsyncClient) -> None:
    codes = (await tiny.get("/nutrients/iron")).json()["same_as"]
    assert codes[0] == IRON
    assert codes[1]["url"] == OBO
    assert (await tiny.get("/nutrients/sodium")).json()["same_as"] == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("/nutrients?same_as=mesh:D007501", ["iron"]),
        ("/nutrients?same_as=MeSH:d007501", ["iron"]),
        ("/nutrients?same_as=chebi:18248", ["iron"]),
        ("/nutrients?same_as=CHEBI:CHEBI:18248", ["iron"]),
        ("/nutrients?same_as=mesh:D005221", []),
        ("/nutrients?same_as=mesh:D005221,mesh:D007501", ["iron"]),
        ("/nutrients?same_as=mesh:D007501&same_as=chebi:18248", ["iron"]),
        ("/symptoms?same_as=mesh:D005221", ["tiredness"]),
        ("/lifestyle-factors?same_as=mesh:D005221", ["running"]),
        ("/food-sources?same_as=fdc:169451&group=meat", ["liver"]),
    ],
)
async def test_lists_are_filtered_by_codes(tiny: httpx.AsyncClient, url: str, found: list[str]) -> None:
    assert slugs(await tiny.get(url)) == found


@pytest.mark.parametrize("code", ["D007501", "mash:D007501", "mesh:", ":D007501", "mesh", "mesh:D%00", "hp:HP:"])
@pytest.mark.parametrize("url", ["/nutrients?same_as=", "/resolve?code="])
async def test_what_is_no_code_is_refused(tiny: httpx.AsyncClient, url: str, code: str) -> None:
    response = await tiny.get(url + code)
    assert response.status_code == (400 if "%00" in code else 422)
    if response.status_code == 422:
        assert response.json()["errors"][0]["allowed"] == list(CodeSystem)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("MeSH:D007501", "/nutrients/iron"),
        ("icd-11:5b56.0", "/symptoms/scurvy"),
        ("ICD-11:5B56.0", "/symptoms/scurvy"),
        ("fdc:169451", "/food-sources/liver"),
    ],
)
async def test_a_code_leads_to_the_record_that_means_the_same(tiny: httpx.AsyncClient, code: str, path: str) -> None:
    response = await tiny.get(f"/resolve?code={code}")
    assert (response.status_code, response.headers["location"]) == (308, path)


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (
            "mesh:D005221",
            f"No record means exactly 'mesh:D005221', but the code is near to: {NEAR}.",
        ),
        ("mesh:D999999", "No record has the code 'mesh:D999999'; /search finds records by words."),
    ],
)
async def test_without_such_a_record_the_error_says_what_is_near(
    tiny: httpx.AsyncClient, code: str, detail: str
) -> None:
    response = await tiny.get(f"/resolve?code={code}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == detail


async def test_exports_hold_codes(tiny: httpx.AsyncClient) -> None:
    sheet = (await tiny.get("/nutrients.csv?fields=slug,same_as&slug=iron")).text
    assert list(csv.DictReader(io.StringIO(sheet))) == [
        {
            "slug": "iron",
            "same_as.vocabulary": "MeSH | ChEBI",
            "same_as.id": "D007501 | CHEBI:18248",
            "same_as.match": "exact | close",
            "same_as.url": f"{IRON['url']} | {OBO}",
        }
    ]
    [line] = (await tiny.get("/nutrients.ndjson?same_as=mesh:D007501")).text.splitlines()
    assert json.loads(line)["same_as"][0] == IRON


async def test_questions_say_by_exact_codes_what_they_are_about(tiny: httpx.AsyncClient) -> None:
    page = (await tiny.get("/faq.jsonld?nutrient=iron")).json()
    assert page["mainEntity"][0]["about"] == [
        {"@type": "Thing", "@id": "/nutrients/iron", "name": "Iron", "sameAs": [IRON["url"]]},
        {"@type": "Thing", "@id": "/symptoms/tiredness", "name": "Tiredness", "sameAs": []},
    ]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("ICD-10:R25.3", "/symptoms/fasciculation"),
        ("icd-10-cm:g25.81", "/symptoms/restless-legs-syndrome"),
        ("ATC:C10AA", "/lifestyle-factors/statins"),
        ("RxNorm:6809", "/lifestyle-factors/metformin"),
        ("CAS:7439-95-4", "/nutrients/magnesium"),
    ],
)
async def test_codes_of_everyday_vocabularies_lead_to_records(real: httpx.AsyncClient, code: str, path: str) -> None:
    assert (await real.get(f"/resolve?code={code}")).headers["location"] == path


async def test_a_code_of_a_blood_test_is_close_to_the_nutrient(real: httpx.AsyncClient) -> None:
    tests = (await real.get("/nutrients/iron")).json()["assessment"]
    codes = {(item["vocabulary"], item["id"], item["url"]) for test in tests for item in test["same_as"]}
    assert codes == {("LOINC", "2276-4", "https://loinc.org/2276-4")}
    assert slugs(await real.get("/nutrients?same_as=LOINC:2276-4")) == ["iron"]
    answer = await real.get("/resolve?code=LOINC:2276-4")
    assert answer.status_code == 404
    assert "/nutrients/iron (close)" in answer.json()["detail"]


def test_check_digits_of_the_content_are_right() -> None:
    records = real_records()
    tests = [test for record in records for test in record.get("assessment", ())]
    items = [item for holder in (*records, *tests) for item in holder.get("same_as", ())]
    numbers = {name: {i["id"] for i in items if i["vocabulary"] == name} for name in ("CAS", "LOINC")}
    assert all(numbers.values())
    for number in numbers["CAS"]:
        digits = [int(digit) for digit in number.replace("-", "")][::-1]
        assert sum(place * digit for place, digit in enumerate(digits)) % 10 == digits[0], number
    for number in numbers["LOINC"]:
        body, _, digit = number.partition("-")
        doubled = str(int(body[::-1][::2][::-1]) * 2) + body[::-1][1::2]
        assert -sum(map(int, doubled)) % 10 == int(digit), number
