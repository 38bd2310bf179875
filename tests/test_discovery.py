"""What programs look for at known addresses, read as they read it."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.robotparser import RobotFileParser

import httpx
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.api.resources import discovery
from app.schemas import KINDS
from tests.support import client_for, run

PUBLIC = "https://example.org/api/nutrients"


def links_of(text: str) -> list[str]:
    """The address of every link in a Markdown document."""
    inline = [child for token in MarkdownIt().parse(text) for child in token.children or ()]
    return [str(token.attrs["href"]) for token in inline if token.type == "link_open"]


def headings_of(tokens: list[Token]) -> list[str]:
    following = pairwise(tokens)
    return [f"{token.tag} {text.content}" for token, text in following if token.type == "heading_open"]


async def test_llms_txt_says_what_this_is_and_leads_to_everything(real_once: httpx.AsyncClient) -> None:
    response = await real_once.get("/llms.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    dataset = (await real_once.get("/dataset")).json()
    tokens = MarkdownIt().parse(response.text)
    assert headings_of(tokens)[0] == f"h1 {dataset['title']}"
    assert tokens[3].type == "blockquote_open"
    assert all(dataset[key] in response.text for key in ("disclaimer", "version", "licence"))
    links = links_of(response.text)
    assert {f"/{kind.collection}" for kind in KINDS.values()} <= set(links)
    assert {link: (await real_once.get(link)).status_code for link in links} == dict.fromkeys(links, 200)


async def test_robots_may_read_everything_and_learn_of_the_sitemap(tiny_database: str) -> None:
    for url, sitemaps in (("", None), (PUBLIC, [f"{PUBLIC}/sitemap.xml"])):
        async with client_for(tiny_database, public_url=url) as client:
            parser = RobotFileParser()
            parser.parse((await client.get("/robots.txt")).text.splitlines())
        assert parser.can_fetch("AnyBot", "/search?q=cramps")
        assert parser.site_maps() == sitemaps


async def test_the_sitemap_holds_every_record(tiny_database: str) -> None:
    async with client_for(tiny_database, public_url=PUBLIC) as client:
        response = await client.get("/sitemap.xml")
        assert response.headers["content-type"] == "application/xml"
        found = [str(element.text) for element in ET.fromstring(response.text).iter() if element.tag.endswith("}loc")]
        assert len(found) == len(set(found))
        counts = (await client.get("/dataset")).json()["counts"]
        assert len(found) == 1 + len(KINDS) + sum(counts.values())
        for address in found:
            assert (await client.get(address.removeprefix(PUBLIC))).status_code == 200, address


async def test_a_sitemap_holds_no_more_than_it_may(tiny_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_SITEMAP", len(KINDS) + 3)
    async with client_for(tiny_database, public_url=PUBLIC) as client:
        assert (await client.get("/sitemap.xml")).text.count("<url>") == len(KINDS) + 3


async def test_without_a_public_url_there_is_no_sitemap(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/sitemap.xml")
    assert response.status_code == 404
    assert "PUBLIC_URL" in response.json()["detail"]


@pytest.mark.parametrize(
    ("settings", "base"), [({}, ""), ({"root_path": "/api"}, "/api"), ({"public_url": PUBLIC}, PUBLIC)]
)
async def test_the_api_catalog_leads_to_description_and_documentation(
    tiny_database: str, settings: dict[str, str], base: str
) -> None:
    async with client_for(tiny_database, **settings) as client:
        response = await client.get("/.well-known/api-catalog")
        assert response.headers["content-type"] == (
            'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
        )
        head = await client.head("/.well-known/api-catalog")
        assert 'rel="api-catalog"' in head.headers["link"]
        [api] = response.json()["linkset"]
        assert api["anchor"] == f"{base}/"
        assert {"service-desc", "service-doc", "service-meta", "status"} <= api.keys()
        for relation in ("service-desc", "service-doc", "service-meta", "status"):
            for link in api[relation]:
                assert link["href"].startswith(f"{base}/")
                answer = await client.get(link["href"].removeprefix(base), headers={"Accept": link["type"]})
                assert answer.status_code == 200, link
                assert answer.headers["content-type"].partition(";")[0] == link["type"]


async def test_security_txt_names_the_contact_for_less_than_a_year(tiny_database: str) -> None:
    async with client_for(tiny_database, security_contact="mailto:security@example.org", public_url=PUBLIC) as client:
        response = await client.get("/.well-known/security.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.org"
    assert fields["Canonical"] == f"{PUBLIC}/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=100) < left < timedelta(days=365)


async def test_without_a_contact_there_is_no_security_txt(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/.well-known/security.txt")
    assert response.status_code == 404
    assert "SECURITY_CONTACT" in response.json()["detail"]


@pytest.mark.parametrize("contact", ["security@example.org", "mailto:a@example.org\nPolicy: none"])
def test_a_contact_is_an_address_with_its_scheme(contact: str) -> None:
    done = run("app", "serve", SECURITY_CONTACT=contact)
    assert done.returncode == 1
    assert done.stderr.startswith("SECURITY_CONTACT=")


@pytest.mark.parametrize("path", ["/llms.txt", "/robots.txt", "/.well-known/api-catalog", "/changes.atom"])
async def test_files_are_cached_whatever_is_asked_with_them(tiny: httpx.AsyncClient, path: str) -> None:
    response = await tiny.get(path)
    assert response.headers["cache-control"].startswith("public, max-age=")
    again = await tiny.get(
        f"{path}?utm_source=x", headers={"Accept": "image/png", "If-None-Match": response.headers["etag"]}
    )
    assert again.status_code == 304


async def test_links_begin_with_the_path_below_which_the_api_is_served(tiny_database: str) -> None:
    async with client_for(tiny_database, root_path="/api/nutrients") as client:
        links = links_of((await client.get("/llms.txt")).text)
        record = links_of((await client.get("/nutrients/iron", headers={"Accept": "text/markdown"})).text)
        feed = (await client.get("/changes.atom")).text
    assert all(link.startswith("/api/nutrients/") for link in links)
    assert all(link.startswith(("/api/nutrients/", "http")) for link in record)
    assert 'href="/api/nutrients/changes.atom"' in feed
    assert 'href="/api/nutrients/nutrients/iron"' in feed


def rendered(text: str) -> str:
    """The text of a Markdown document as its reader sees it."""
    return " ".join(ET.fromstring(f"<div>{MarkdownIt('commonmark', {'xhtmlOut': True}).render(text)}</div>").itertext())


def texts(value: object) -> list[str]:
    """Every text in a parsed record."""
    if isinstance(value, dict):
        return [text for key, part in value.items() if key not in ("slug", "kind") for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_record_as_markdown_holds_every_text_of_its_json(real_once: httpx.AsyncClient, kind: str) -> None:
    for card in (await real_once.get(f"/{KINDS[kind].collection}", params={"limit": 10})).json()["items"]:
        record = (await real_once.get(card["url"])).json()
        response = await real_once.get(card["url"], headers={"Accept": "text/markdown, text/html;q=0.9, */*;q=0.1"})
        assert response.headers["content-type"] == "text/markdown; charset=utf-8"
        seen = rendered(response.text)
        assert headings_of(MarkdownIt().parse(response.text))[0].startswith("h1 ")
        for text in texts(record):
            # the path of a reference is the address of its link
            assert " ".join(text.split()) in " ".join(seen.split()) or f"]({text})" in response.text, text
        assert ": None" not in seen


async def test_a_record_as_markdown_adds_what_is_included(real_once: httpx.AsyncClient) -> None:
    path = "/nutrients/magnesium?include=faq"
    questions = (await real_once.get(path)).json()["included"]["faq"]
    text = (await real_once.get(path, headers={"Accept": "text/markdown"})).text
    assert all(f"]({card['url']})" in text and card["answer"] in rendered(text) for card in questions)


async def test_json_and_markdown_of_a_record_are_kept_apart_by_caches(tiny: httpx.AsyncClient) -> None:
    markdown = await tiny.get("/nutrients/iron", headers={"Accept": "text/markdown"})
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    for accept, media_type in ((browser, "text/html"), ("*/*", "application/json"), ("application/json",) * 2):
        other = await tiny.get("/nutrients/iron", headers={"Accept": accept})
        assert other.headers["content-type"].partition(";")[0] == media_type
        assert other.headers["etag"] != markdown.headers["etag"]
        assert "Accept" in other.headers["vary"]
    assert "Accept" in markdown.headers["vary"]
    assert markdown.headers["dataset-version"] == other.headers["dataset-version"]
    refused = await tiny.get("/nutrients/iron", headers={"Accept": "image/png"})
    assert refused.status_code == 406
    assert "text/markdown" in refused.json()["detail"]


async def test_a_renamed_record_and_an_error_are_the_same_in_markdown(tiny: httpx.AsyncClient) -> None:
    moved = await tiny.get("/nutrients/iron-mineral", headers={"Accept": "text/markdown"})
    assert (moved.status_code, moved.headers["location"]) == (308, "/nutrients/iron")
    wrong = await tiny.get("/nutrients/iron?fields=name", headers={"Accept": "text/markdown"})
    assert json.loads(wrong.text)["status"] == 422
