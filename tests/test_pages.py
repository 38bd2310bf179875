"""Pages for people: what programs get as JSON, as HTML for those who prefer it, under a strict policy."""

import json
import re
from html.parser import HTMLParser

import brotli
import httpx
import pytest

from app.pages.assets import FOREVER
from app.pages.pages import POLICY
from app.pages.words import WORDS
from app.schemas import KINDS
from app.schemas.claim import Relation
from app.schemas.intake import Authority, IntakeType
from app.schemas.lifestyle_factor import Disturbance
from tests.support import client_for

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

RECORDS = [
    "/nutrients/magnesium",
    "/mechanisms/low-magnesium-disrupted-nerve-signals",
    "/food-sources/spinach",
    "/food-sources/sunlight",
    "/lifestyle-factors/diuretics",
    "/faq/when-to-see-a-doctor",
    "/symptoms/fasciculation",
    "/interactions/magnesium-and-calcium",
    "/intakes/magnesium-efsa-ai-7-11-months",
    "/claims/low-magnesium-causes-twitching",
    "/sources/kim-2021-eyelid",
]
OTHERS = [
    *("/", "/search?q=magnesium", "/search?q=xyzzyx", "/search", "/comparison", "/dataset", "/changes?since=0.0.0"),
    "/nutrients/magnesium/food-sources?standing=high",
    *(f"/{kind.collection}" for kind in KINDS.values()),
]
BUDGET = 20_000
"""Bytes of a record's page with its styles, compressed as for a browser."""


@pytest.fixture(scope="module")
def real(real_once: httpx.AsyncClient) -> httpx.AsyncClient:
    """A page is made of the JSON of its address, which other tests ask both databases for."""
    return real_once


VOID = {"br", "img", "input", "link", "meta", "path", "rect", "circle", "line"}


async def page(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.get(path, headers={"Accept": BROWSER})


class Balanced(HTMLParser):
    """Fails where an element is not closed, an id comes twice or a style or script stands in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        assert not {name for name in given if name == "style" or name.startswith("on")}, tag
        assert tag != "style"
        assert tag != "script" or given.get("src") or given.get("type") == "application/ld+json"
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if str(given.get("href", "")).startswith("#"):
            self.targets.append(str(given["href"])[1:])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/", "/nutrients", "/nutrients/iron", "/search?q=iron", "/comparison", "/dataset"])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, text/html", "text/html"),
        ("text/html;q=0, */*", "application/json"),
    ],
)
async def test_html_is_for_those_who_rank_it_first(
    tiny: httpx.AsyncClient, path: str, accept: str, media_type: str
) -> None:
    response = await tiny.get(path, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    assert "Accept" in response.headers["Vary"].split(", ")


@pytest.mark.parametrize("path", [*RECORDS, *OTHERS])
async def test_a_page_is_whole_and_holds_no_script_or_style(real: httpx.AsyncClient, path: str) -> None:
    response = await page(real, path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == POLICY
    parser = Balanced()
    parser.feed(response.text)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert set(parser.targets) <= set(parser.ids)
    assert response.text.count("<h1") == 1


@pytest.mark.parametrize("path", RECORDS)
async def test_a_page_says_what_the_record_says(real: httpx.AsyncClient, path: str) -> None:
    text = (await page(real, path)).text
    record = (await real.get(path)).json()
    shown = re.sub(r"\s+", " ", _text(text))
    # /comparison shows the row of the table; that each amount is from the food database is said once
    for said in _prose({key: value for key, value in record.items() if key not in ("comparison", "amounts")}):
        assert re.sub(r"\s+", " ", said) in shown, said
    assert record["disclaimer"] in shown


def _prose(value: object, key: str = "") -> list[str]:
    """Every sentence of a record that a reader must find on its page."""
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in _prose(item, name)]
    if isinstance(value, list):
        return [text for item in value for text in _prose(item, key)]
    wanted = ("text", "action", "meaning", "answer", "remark", "limits", "locator", "finding", "grade_reason", "title")
    return [value] if isinstance(value, str) and key in wanted else []


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _text(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    return "".join(reader.words)


@pytest.mark.parametrize("path", RECORDS)
async def test_the_page_of_a_record_is_light(real: httpx.AsyncClient, path: str) -> None:
    response = await page(real, path)
    styles = re.findall(r'rel="stylesheet" href="([^"]+)"', response.text)
    bodies = [response.content, *[(await real.get(style)).content for style in styles]]
    assert sum(len(brotli.compress(body, quality=7)) for body in bodies) <= BUDGET


async def test_a_page_is_cached_tagged_and_answers_head(real: httpx.AsyncClient) -> None:
    first = await page(real, "/nutrients/iron")
    tag = first.headers["ETag"]
    assert tag != (await real.get("/nutrients/iron")).headers["ETag"]
    again = await real.get("/nutrients/iron", headers={"Accept": BROWSER, "If-None-Match": tag})
    assert again.status_code == 304
    head = await real.head("/nutrients/iron", headers={"Accept": BROWSER})
    assert (head.headers["ETag"], head.content) == (tag, b"")
    for name in ("Dataset-Version", "Last-Modified", "Cache-Control"):
        assert first.headers[name] == (await real.get("/nutrients/iron")).headers[name]


async def test_a_page_ignores_parameters_of_other_sites_and_empty_fields(tiny: httpx.AsyncClient) -> None:
    plain = await page(tiny, "/nutrients?type=mineral")
    other = await page(tiny, "/nutrients?type=mineral&electrolyte=&utm_source=x&fbclid=y")
    assert other.content == plain.content
    assert (await tiny.get("/nutrients?type=mineral&electrolyte=")).status_code == 422


async def test_json_behind_a_path_is_what_the_page_is_made_from(real: httpx.AsyncClient) -> None:
    for path in ("/nutrients", "/nutrients/iron", "/dataset", "/"):
        behind = await page(real, f"{path}.json")
        assert behind.headers["Content-Type"] == "application/json"
        assert behind.content == (await real.get(path)).content
    assert (await page(real, "/nutrients.json?type=gas")).headers["Content-Type"] == "application/problem+json"
    for other in ("/livez.json", "/docs.json"):
        assert (await real.get(other)).status_code == 404


@pytest.mark.parametrize("path", [*RECORDS, *OTHERS])
async def test_every_link_of_a_page_leads_somewhere(real_once: httpx.AsyncClient, path: str) -> None:
    text = (await page(real_once, path)).text
    for link in set(re.findall(r'(?:href|src|action)="(/[^"#]*)[^"]*"', text)):
        response = await page(real_once, link.replace("&amp;", "&"))
        assert response.status_code == 200, link


async def test_below_a_path_every_link_of_a_page_leads_below_it(tiny_sqlite: str) -> None:
    async with client_for(tiny_sqlite, root_path="/api") as client:
        for path in ("/api/nutrients/iron", "/api/nutrients", "/api/dataset", "/api/nutrients/iorn"):
            text = (await page(client, path)).text
            links = re.findall(r'(?:href|src|action|"@id"|"contentUrl")(?:=|: ?)"(/[^"]*)"', text)
            assert links
            assert [link for link in links if not link.startswith("/api/")] == []


@pytest.mark.parametrize(
    ("path", "status", "shown"),
    [
        ("/nutrients/magnesum", 404, 'Did you mean <a href="/nutrients/magnesium">Magnesium</a>?'),
        ("/nutrientz", 404, 'Did you mean <a href="/nutrients">Nutrients</a>?'),
        ("/nutrients?type=minerl", 422, "Did you mean <b>mineral</b>?"),
        ("/search?limit=5", 422, "<b>q</b>"),
        ("/nutrients/%00", 400, "control character"),
        ("/nutrients/iron%3Fx", 404, "There is no nutrient “iron?x”."),
        ("/nutrients/iron/food-sources/x", 404, "There is nothing at this path."),
    ],
)
async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(
    real: httpx.AsyncClient, path: str, status: int, shown: str
) -> None:
    response = await page(real, path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert shown in response.text
    assert "not medical advice" in response.text
    problem = await real.get(path)
    assert (problem.status_code, problem.headers["Content-Type"]) == (status, "application/problem+json")


async def test_what_is_not_offered_is_refused_with_a_page(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/suggest?q=iron", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (406, "text/html; charset=utf-8")


async def test_what_a_client_sends_is_escaped(tiny: httpx.AsyncClient) -> None:
    for path in (
        "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/nutrients/%3Cscript%3E",
        "/nutrients?type=%3Cscript%3E",
    ):
        response = await page(tiny, path)
        assert "<script>" not in response.text


async def test_a_renamed_record_leads_a_reader_on(real: httpx.AsyncClient) -> None:
    response = await page(real, "/nutrients/thiamine")
    assert (response.status_code, response.headers["Location"]) == (308, "/nutrients/vitamin-b1")


async def test_a_reader_can_correct_a_fact_where_the_files_are_known(tiny_sqlite: str) -> None:
    async with client_for(tiny_sqlite, content_url="https://example.org/content/") as client:
        text = (await page(client, "/nutrients/iron")).text
        assert 'href="https://example.org/content/nutrients/iron.toml"' in text
    async with client_for(tiny_sqlite) as client:
        assert "Correct this fact" not in (await page(client, "/nutrients/iron")).text


@pytest.mark.parametrize(
    ("path", "type", "key"),
    [
        ("/faq/when-to-see-a-doctor", "FAQPage", "mainEntity"),
        ("/nutrients/magnesium", "MedicalWebPage", "about"),
        ("/symptoms/fasciculation", "MedicalWebPage", "lastReviewed"),
        ("/dataset", "Dataset", "distribution"),
    ],
)
async def test_a_page_tells_search_engines_what_it_is(real: httpx.AsyncClient, path: str, type: str, key: str) -> None:
    text = (await page(real, path)).text
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    data = json.loads(found)
    assert (data["@context"], data["@type"]) == ("https://schema.org", type)
    assert data[key]


async def test_a_list_leads_to_the_same_list_as_a_table(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/claims?grade=strong&offset=20")).text
    assert 'href="/claims.csv?grade=strong"' in text
    assert 'rel="prev"' in text
    assert '<option value="strong" selected>' in text
    several = (await page(real, "/claims?grade=limited&grade=strong")).text
    assert 'href="/claims.csv?grade=limited%2Cstrong"' in several
    assert '<option value="limited,strong" selected>' in several


async def test_the_reference_loads_only_what_this_host_serves(tiny: httpx.AsyncClient) -> None:
    page = await tiny.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text), "no script within the page"
    for address in re.findall(r'(?:src|<link [^>]*href)="([^"]+)"', page.text):
        asset = await tiny.get(address)
        assert asset.status_code == 200, address
        assert asset.headers["cache-control"] == FOREVER


async def test_the_reference_leads_back_to_the_pages_and_on_without_scripts(tiny_sqlite: str) -> None:
    async with client_for(tiny_sqlite, root_path="/api") as client:
        text = (await page(client, "/api/docs")).text
        assert '<a href="/api/">←' in text.partition('id="reference"')[0]
        links = re.findall(r'<a href="([^"]+)"', text.partition("<noscript>")[2])
        assert links == ["/api/openapi.json", "/api/llms.txt"]
        for link in links:
            assert (await client.get(link)).status_code == 200


async def test_the_address_of_a_second_reference_leads_to_the_one(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/redoc?utm_source=mail", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["location"]) == (308, "/docs")


async def test_an_unknown_asset_is_a_problem(tiny: httpx.AsyncClient) -> None:
    for path in ("/static/none.js", "/static/../main.py", "/static/%2e%2e/main.py"):
        response = await tiny.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_form_keeps_what_it_does_not_ask_for(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/intakes?life_stage=female_31_50&sex=female&age=34&offset=20")).text
    assert '<input type="hidden" name="life_stage" value="female_31_50">' in text
    assert 'name="offset"' not in text
    assert '<option value="female" selected>' in text
    assert 'name="age" value="34"' in text


async def test_what_the_evidence_contradicts_is_nowhere_stated_as_a_fact(real: httpx.AsyncClient) -> None:
    claims = (await real.get("/claims?grade=contradicted,mechanistic,limited&limit=100")).json()["items"]
    for claim in claims:
        text = (await page(real, claim["url"])).text
        beginning = "Not shown to" if claim["grade"] == "contradicted" else "May"
        assert f"<dt>{beginning} {WORDS['infinitives'][claim['relation']]}</dt>" in text
    assert WORDS["infinitives"].keys() == set(Relation)
    stated = (await page(real, "/claims/low-magnesium-causes-twitching")).text
    assert "<dt>Causes</dt>" in stated


@pytest.mark.parametrize("path", [*RECORDS, *OTHERS, "/claims/magnesium-supplements-relieve-cramps"])
async def test_the_first_grade_of_a_page_leads_to_what_it_means(real: httpx.AsyncClient, path: str) -> None:
    text = (await page(real, path)).text
    marks = re.findall(r'<span class="grade .*?</span>(.{,60})', text, re.DOTALL)
    assert [mark for mark in marks if "What the grades mean" in mark] == (marks[:1] if path != "/" else [])
    assert text.count('href="/#grades"') == (len(marks) > 0 and path != "/")
    # not within what opens when it is clicked
    assert "<a" not in "".join(re.findall(r"<summary>.*?</summary>", text, re.DOTALL))
    assert 'id="grades"' in (await page(real, "/")).text


@pytest.mark.parametrize("path", ["/claims?grade=contradicted", "/claims", "/mechanisms", "/interactions", "/faq"])
async def test_a_card_shows_its_grade_before_its_statement(real: httpx.AsyncClient, path: str) -> None:
    cards = re.findall(r'<li class="card">(.*?)</li>', (await page(real, path)).text, re.DOTALL)
    assert cards
    for card in cards:
        assert "grade" in card[: card.index("<h2>")]
    claim = (await page(real, "/claims/magnesium-supplements-relieve-cramps")).text
    assert claim.index("Contradicted") < claim.index('<p class="lead">')


async def test_a_comparison_grades_the_statement_on_the_link_to_twitching(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/comparison")).text
    assert "Certainty" not in text
    cells = re.findall(r'<td data-label="([^"]+)">(.*?)</td>', text, re.DOTALL)
    assert {label for label, cell in cells if 'class="grade' in cell} == {"Link to twitching"}
    assert text.count("How well this statement is supported:") == (await real.get("/comparison")).json()["total"]


@pytest.mark.parametrize("path", ["/food-sources/spinach", "/nutrients/magnesium", "/nutrients/iron/food-sources"])
async def test_a_food_is_not_called_high_or_good_next_to_the_percentage_of_a_serving(
    real: httpx.AsyncClient, path: str
) -> None:
    (table, *_) = re.findall(r'<table class="bars\b.*?</table>', (await page(real, path)).text, re.DOTALL)
    assert "%" in table
    assert not re.search(r"\bhigh\b|good source", _text(table))


@pytest.mark.parametrize("path", ["/food-sources", "/food-sources/spinach", "/nutrients/iron/food-sources"])
async def test_a_food_is_called_high_or_good_next_to_the_rule(real: httpx.AsyncClient, path: str) -> None:
    text = _text((await page(real, path)).text)
    assert re.search(r"\bhigh\b|good source", text)
    assert "“High” stands for 20% or more of the US Daily Value" in text


async def test_the_page_of_intakes_names_the_nutrient_and_expands_what_is_short(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/intakes?nutrient=vitamin-b12&limit=100")).text
    assert "<h1>Intakes: Vitamin B12</h1>" in text
    assert '<option value="vitamin-b12" selected>Vitamin B12</option>' in text
    assert "<h1>Intakes</h1>" in (await page(real, "/intakes")).text
    codes = set(re.findall(r'<abbr title="[^"]+">(\w+)</abbr>', text))
    assert {"NASEM", "EFSA", "RDA", "AI"} <= codes
    assert set(re.findall(r"<div><dt>(\w+)</dt><dd>", text)) == codes
    short = {str(each) for each in (*IntakeType, *Authority) if each.isupper()}
    assert WORDS["abbreviations"].keys() == short
    assert "Adequate Intake" in (await page(real, "/intakes/magnesium-efsa-ai-7-11-months")).text
    # no signs in words
    assert not re.search("&gt;=|-&lt;", text)


@pytest.mark.parametrize("path", ["/claims", "/faq", "/food-sources", "/intakes"])
async def test_a_list_says_which_part_of_it_is_shown(real: httpx.AsyncClient, path: str) -> None:
    total = (await real.get(path)).json()["total"]
    assert f"1\N{EN DASH}20 of {total:,} records" in (await page(real, path)).text
    assert f"21\N{EN DASH}40 of {total:,} records" in (await page(real, f"{path}?offset=20")).text
    assert f"<p>{total:,} records</p>" in (await page(real, f"{path}?offset={total}")).text


async def test_a_search_shows_its_hits_page_by_page(real: httpx.AsyncClient) -> None:
    first = (await page(real, "/search?q=magnesium")).text
    total = (await real.get("/search?q=magnesium")).json()["total"]
    assert f"1\N{EN DASH}20 of {total} records" in first
    (following,) = re.findall(r'<a href="([^"]+)" rel="next">', first)
    second = (await page(real, following.replace("&amp;", "&"))).text
    assert f"21\N{EN DASH}40 of {total} records" in second
    assert 'rel="prev"' in second
    items = (await real.get("/search?q=magnesium")).json()["items"]
    marks = re.findall(r'class="tags">.*?</p>', first)
    grades = [re.findall(r'class="grade (\w+)"', mark) for mark in marks]
    assert grades == [[item["grade"]] if item["grade"] else [] for item in items]


async def test_a_search_for_an_amount_leads_to_the_intakes(real: httpx.AsyncClient) -> None:
    link = '<a href="/intakes?nutrient=magnesium&amp;role=need&amp;sex=female">'
    assert link in (await page(real, "/search?q=how+much+magnesium+for+women")).text
    assert "/intakes?" not in (await page(real, "/search?q=twitching")).text


@pytest.mark.parametrize("path", ["/sources/kim-2021-eyelid", "/sources/usda-sr28", "/sources/efsa-2015-calcium"])
async def test_the_page_of_a_source_leads_to_what_cites_it(real: httpx.AsyncClient, path: str) -> None:
    text = (await page(real, path)).text
    source = (await real.get(path)).json()
    intakes = (await real.get(f"/intakes?source={source['slug']}")).json()["total"]
    assert source["claims"] or source["cited_by"] or intakes
    for record in (*source["claims"], *source["cited_by"]):
        assert f'<a href="{record["url"]}">' in text
    assert (f'<a href="/intakes?source={source["slug"]}">{intakes} reference value' in text) == bool(intakes)


async def test_the_start_page_begins_with_when_to_see_a_doctor(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/")).text
    assert re.findall(r"<h2 [^>]*>(.*?)</h2>", text)[0] == "When to get medical help"
    assert text.count('href="/faq/when-to-see-a-doctor"') == 1


async def test_the_page_of_the_dataset_says_what_it_is(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/dataset")).text
    assert "<h1>About the dataset</h1>" in text
    assert 'href="/dataset.zip"' in text


@pytest.mark.parametrize("path", [*RECORDS, *OTHERS])
async def test_a_feed_reader_finds_the_changes_from_every_page(real: httpx.AsyncClient, path: str) -> None:
    head = (await page(real, path)).text.partition("</head>")[0]
    assert re.search(r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="/changes.atom">', head)


async def test_urgency_is_said_in_plain_words(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/symptoms/fasciculation")).text
    assert re.findall(r'<dt class="([\w-]+)"><b>(.*?)</b>', text)[:2] == [
        ("emergency", "Emergency"),
        ("same-day", "Urgent advice"),
    ]


@pytest.mark.parametrize("path", ["/nutrients/magnesium", "/symptoms/fasciculation", "/lifestyle-factors/diuretics"])
async def test_warning_signs_come_before_the_short_facts(real: httpx.AsyncClient, path: str) -> None:
    text = (await page(real, path)).text
    assert text.index('class="lead"') < text.index('class="flags"') < text.index('<dl class="facts">')


async def test_warning_signs_come_before_what_else_an_answer_warns_of(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/faq/which-form-of-magnesium-is-best")).text
    assert text.index('class="flags"') < text.index('class="warning"')


async def test_filters_are_named_in_plain_words(real: httpx.AsyncClient) -> None:
    intakes = (await page(real, "/intakes?status=set")).text
    labels = re.findall(r'<label for="f-[^>]+>(.*?)</label>', intakes)
    assert {"Breastfeeding", "Purpose", "Value known"} < set(labels)
    assert '<option value="limit">How much is too much</option>' in intakes
    assert '<option value="set" selected>Yes</option>' in intakes
    assert ">Is a food</label>" in (await page(real, "/food-sources")).text
    assert ">As a source</label>" in (await page(real, "/nutrients/iron/food-sources")).text
    assert '<option value="faq_entry">FAQ</option>' in (await page(real, "/search?q=iron")).text


async def test_foods_with_one_nutrient_lead_to_those_that_hold_most_of_it(real: httpx.AsyncClient) -> None:
    link = '<a href="/nutrients/vitamin-b12/food-sources">Foods ranked by vitamin B12'
    assert link in (await page(real, "/food-sources?nutrient=vitamin-b12")).text
    for query in ("", "?nutrient=vitamin-b12,iron"):
        assert "Foods ranked by" not in (await page(real, f"/food-sources{query}")).text


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "/nutrients?type=mineral"),
        ({"root_path": "/api"}, "/api/nutrients?type=mineral"),
        ({"public_url": "https://example.org/api"}, "https://example.org/api/nutrients?type=mineral"),
    ],
)
async def test_the_citation_of_a_page_shows_its_address(
    tiny_sqlite: str, settings: dict[str, str], address: str
) -> None:
    async with client_for(tiny_sqlite, **settings) as client:
        citation = (await page(client, "/nutrients?type=mineral")).text.partition("<footer>")[2]
        assert f"<samp>{address}</samp></a></p>" in citation


async def test_a_search_tells_when_to_call_for_help(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/search?q=chest+pain")).text
    assert text.index("Call 999 or your local emergency number") < text.index('class="cards hits"')


async def test_a_list_of_questions_shows_short_answers(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/faq?limit=100")).text
    items = (await real.get("/faq?limit=100")).json()["items"]
    shown = _text(text)
    assert all(item["summary"] in shown for item in items)
    assert 'class="warning"' not in text


@pytest.mark.parametrize(
    ("here", "numbers"),
    [(1, ["1", "2", "…", "9"]), (5, ["1", "…", "4", "5", "6", "…", "9"]), (9, ["1", "…", "8", "9"])],
)
async def test_pages_of_a_list_are_numbered(real: httpx.AsyncClient, here: int, numbers: list[str]) -> None:
    limit = -(-(await real.get("/claims")).json()["total"] // 9)
    text = (await page(real, f"/claims?limit={limit}&offset={(here - 1) * limit}")).text
    (paging,) = re.findall(r'<nav class="paging".*?</nav>', text, re.DOTALL)
    assert re.findall(r">(\d+|…)<", paging) == numbers
    assert f'<span aria-current="page">{here}</span>' in paging
    for address, number in re.findall(r'<a href="([^"]+)">(\d+)</a>', paging):
        leads_to = (await page(real, address.replace("&amp;", "&"))).text
        assert f'<span aria-current="page">{number}</span>' in leads_to


@pytest.mark.parametrize("path", ["/intakes?age=abc", "/sources?limit=abc", "/nutrients/iron/food-sources?sort=x"])
async def test_a_wrong_parameter_is_no_dead_end(real: httpx.AsyncClient, path: str) -> None:
    response = await page(real, path)
    assert response.status_code == 422
    assert "<title>This page cannot be shown" in response.text
    (link,) = re.findall(r'<a href="([^"]+)">Back to', response.text)
    back = response.url.join(link)
    assert back.path == path.partition("?")[0]
    assert (await page(real, str(back))).status_code == 200


async def test_the_field_for_an_age_says_how_to_write_it(real: httpx.AsyncClient) -> None:
    assert '<label for="f-age">Age (years, or 8mo)</label>' in (await page(real, "/intakes")).text


@pytest.mark.parametrize("path", ["/claims?grade=contradicted&about=fatigue", "/intakes?nutrient=iron&age=34&type=ADI"])
async def test_a_filter_that_nothing_matches_can_be_taken_off(real: httpx.AsyncClient, path: str) -> None:
    assert (await real.get(path)).json()["total"] == 0
    text = (await page(real, path)).text
    plain = path.partition("?")[0]
    assert f'Nothing matches. <a href="{plain}">Show all' in text
    assert "0 records" not in text
    assert 'class="legend"' not in text


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/claims?grade=contradicted&limit=5", "Claims: contradicted"),
        ("/intakes?nutrient=iron&authority=NASEM,EFSA&age=34", "Intakes: Iron, age 34, NASEM, EFSA"),
        ("/nutrients?electrolyte=true", "Nutrients: electrolyte yes"),
        ("/nutrients/magnesium/food-sources?standing=high", "Magnesium in foods: high"),
        ("/intakes/calcium-efsa-ar-4-10-years", "Calcium: average requirement, 4\N{EN DASH}10 years (EFSA)"),
        ("/intakes/magnesium-uk-supplement-guidance-adults", "Magnesium: supplement guidance, adults (UK)"),
    ],
)
async def test_a_title_says_what_the_page_is_about(real: httpx.AsyncClient, path: str, title: str) -> None:
    text = (await page(real, path)).text
    assert re.findall(r"<h1[^>]*>\s*(.*?)</h1>", text) == [title]
    assert f"<title>{title} \N{EN DASH}" in text.replace("\n", "")
    assert f"“{title}”, in:" in text.replace("\n", "")


@pytest.mark.parametrize("path", ["/symptoms", "/symptoms/fasciculation", "/nutrients/iron/food-sources", "/claims"])
async def test_the_menu_marks_the_section_of_a_page(real: httpx.AsyncClient, path: str) -> None:
    marked = re.findall(r'<a href="([^"]+)" aria-current="(\w+)">', (await page(real, path)).text)
    section = "/" + path.split("/")[1]
    assert marked == ([(section, "page" if path == section else "true")] if section != "/claims" else [])


@pytest.mark.parametrize("slug", ["fasciculation", "muscle-cramp", "eyelid-myokymia"])
async def test_the_statements_on_a_symptom_stand_below_what_their_grades_allow(
    real: httpx.AsyncClient, slug: str
) -> None:
    text = (await page(real, f"/symptoms/{slug}")).text
    assert "Certainty" not in text
    for name, allowed in (
        ("claims", {"Established", "Strong", "Moderate"}),
        ("uncertain", {"Limited"}),
        ("unsupported", {"Mechanistic", "Contradicted"}),
    ):
        for section in re.findall(rf'<section aria-labelledby="{name}">(.*?)</section>', text, re.DOTALL):
            assert set(re.findall(r"</i> (\w+)</span>", section)) <= allowed
            assert f'<a href="#{name}">' in text
    board = re.search(r'<svg class="chart board".*?</svg>|<svg [^>]*class="chart board".*?</svg>', text, re.DOTALL)
    name = (await real.get(f"/symptoms/{slug}")).json()["name"]
    assert board
    assert f">{name}<" not in board[0]


async def test_the_start_page_names_no_address_that_only_machines_read(real: httpx.AsyncClient) -> None:
    text = (await page(real, "/")).text
    assert 'href="/llms.txt"' in text
    assert not re.search('href="/(livez|readyz|suggest)', text)


async def test_a_chain_is_told_once_with_the_evidence_of_each_step(real: httpx.AsyncClient) -> None:
    path = "/mechanisms/low-magnesium-disrupted-nerve-signals"
    text, record = (await page(real, path)).text, (await real.get(path)).json()
    (evidence,) = re.findall(r'<section aria-labelledby="steps">(.*?)</section>', text, re.DOTALL)
    for number, step in enumerate(record["steps"], 1):
        assert step["text"] not in evidence
        assert f"<li>Step {number}<" in evidence


async def test_what_a_factor_does_to_a_nutrient_is_said_in_plain_words(real: httpx.AsyncClient) -> None:
    assert WORDS["effects"].keys() == set(Disturbance)
    text = (await page(real, "/nutrients/iron")).text
    assert "impairs-absorption" not in text
    assert "(hinders the absorption of it)" in text
