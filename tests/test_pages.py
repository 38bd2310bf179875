"""Pages for browsers: served from this host, under a strict policy, to those who ask for HTML."""

import re

import httpx
import pytest

from app.pages.assets import FOREVER

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, text/html", "text/html"),
        ("text/html;q=0, */*", "application/json"),
    ],
)
async def test_html_is_for_those_who_rank_it_first(tiny: httpx.AsyncClient, accept: str, media_type: str) -> None:
    response = await tiny.get("/", headers={"Accept": accept})
    assert response.headers["Content-Type"].partition(";")[0] == media_type


async def test_the_index_is_a_page_for_browsers(tiny: httpx.AsyncClient) -> None:
    page = await tiny.get("/", headers={"Accept": BROWSER})
    json = await tiny.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert json.headers["content-type"] == "application/json"
    for response in (page, json):
        assert "accept" in response.headers["vary"].lower()
    for entry in [*json.json()["collections"], *json.json()["resources"]]:
        assert f'href="{entry["url"]}"' in page.text
    assert json.json()["disclaimer"] in page.text


async def test_the_links_of_the_index_lead_somewhere(real: httpx.AsyncClient) -> None:
    page = await real.get("/", headers={"Accept": BROWSER})
    for path in re.findall(r'href="(/[^"]*)"', page.text):
        assert (await real.get(path.replace("&amp;", "&"))).status_code == 200, path


async def test_the_reference_loads_only_what_this_host_serves(tiny: httpx.AsyncClient) -> None:
    page = await tiny.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http" not in page.text
    assert not re.search(r"<script(?![^>]* src=)", page.text), "no script within the page"
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        asset = await tiny.get(address)
        assert asset.status_code == 200, address
        assert asset.headers["cache-control"] == FOREVER


async def test_the_address_of_a_second_reference_leads_to_the_one(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/redoc?utm_source=mail", headers={"Accept": BROWSER})
    assert (response.status_code, response.headers["location"]) == (308, "/docs")


async def test_an_unknown_asset_is_a_problem(tiny: httpx.AsyncClient) -> None:
    for path in ("/static/none.js", "/static/../main.py", "/static/%2e%2e/main.py"):
        response = await tiny.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
