"""Formats and negotiation: CSV, NDJSON, JSON-LD beside JSON."""

import csv
import io
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.http.negotiation import best_media_type
from tests.support import TINY, client_for, make_database, with_long_list

OFFERED = ["application/json", "text/csv", "application/x-ndjson"]


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, */*;q=0.6", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;charset=utf-8;q=0.9, application/*;q=0.1", "text/csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        (",,;;, text/csv", "text/csv"),
    ],
)
def test_the_format_is_the_one_preferred(accept: str | None, best: str | None) -> None:
    assert best_media_type(accept, OFFERED) == best


async def rows_of(client: httpx.AsyncClient, path: str) -> list[dict[str, str]]:
    """The rows of a CSV answer, read as a spreadsheet does."""
    response = await client.get(path)
    assert response.status_code == 200
    text = response.content.decode("utf-8-sig")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def test_csv_holds_the_whole_list_flattened(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients?format=csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"] == 'attachment; filename="nutrients.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfslug,name,url")
    rows = {row["slug"]: row for row in await rows_of(tiny, "/nutrients?format=csv")}
    assert set(rows) == {"iron", "vitamin-c", "sodium"}
    assert rows["iron"]["aliases"] == "Fe | ferrum"
    assert rows["iron"]["electrolyte"] == "false"
    assert rows["iron"]["food_sources"] == "greens | liver | spinach-leaf"
    assert rows["iron"]["roles.citations.source"] == "handbook"
    assert rows["iron"]["comparison.dietary_sources"] == "liver | spinach-leaf"
    assert rows["sodium"]["comparison.function"] == ""
    assert rows["sodium"]["deficiency.text"] == 'Confusion, "dizziness", and more.'
    assert rows["sodium"]["summary"].endswith("über alles.")


async def test_no_cell_of_a_csv_file_is_a_formula(tiny: httpx.AsyncClient, tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(TINY, content)
    for number, start in enumerate("=+-@"):
        text = (TINY / "sources" / "leaflet.toml").read_text().replace("Leaflet", f"{start}cmd|' /C calc'!A{number}")
        (content / "sources" / f"evil-{number}.toml").write_text(text)
    url = make_database(f"sqlite:///{tmp_path}/evil.db", content)
    async with client_for(url) as client:
        rows = await rows_of(client, "/sources?format=csv")
    assert [row["name"][:2] for row in rows if row["slug"].startswith("evil")] == ["'+", "'-", "'=", "'@"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_ndjson_and_csv_are_filtered_sorted_and_cut_like_json(tiny: httpx.AsyncClient) -> None:
    query = "kind=mineral&sort=-name&fields=name,kind"
    items = (await tiny.get(f"/nutrients?{query}")).json()["items"]
    lines = (await tiny.get(f"/nutrients?{query}&format=ndjson")).text.splitlines()
    assert [json.loads(line) for line in lines] == items
    rows = await rows_of(tiny, f"/nutrients?{query}&format=csv")
    assert rows == items
    assert [row["slug"] for row in rows] == ["sodium", "iron"]


async def test_accept_and_format_ask_for_the_same(tiny: httpx.AsyncClient) -> None:
    for name, media_type in (
        ("csv", "text/csv"),
        ("ndjson", "application/x-ndjson"),
        ("jsonld", "application/ld+json"),
    ):
        asked = await tiny.get("/faq", params={"format": name})
        accepted = await tiny.get("/faq", headers={"Accept": media_type})
        assert accepted.headers["Content-Type"] == asked.headers["Content-Type"]
        assert accepted.headers["ETag"] == asked.headers["ETag"]
        assert accepted.content == asked.content


async def test_an_unacceptable_type_is_refused_with_what_there_is(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients", headers={"Accept": "application/xml"})
    assert response.status_code == 406
    for offered in OFFERED:
        assert offered in response.json()["detail"]
    detail = await tiny.get("/nutrients/iron", headers={"Accept": "text/csv"})
    assert detail.status_code == 406


async def test_an_unknown_format_is_refused_with_the_nearest(tiny: httpx.AsyncClient) -> None:
    error = (await tiny.get("/nutrients?format=cvs")).json()["errors"][0]
    assert error["allowed"] == ["json", "csv", "ndjson"]
    assert error["suggestion"] == "csv"


@pytest.mark.parametrize("path", ["/faq", "/faq/does-iron-help"])
async def test_the_faq_comes_as_a_schema_org_page(tiny: httpx.AsyncClient, path: str) -> None:
    response = await tiny.get(path, headers={"Accept": "application/ld+json"})
    page: dict[str, Any] = response.json()
    assert page["@context"] == "https://schema.org"
    assert page["@type"] == "FAQPage"
    question = page["mainEntity"][0]
    assert question["@type"] == "Question"
    assert question["name"] == "Does iron help with tiredness?"
    # a warning belongs to its answer
    assert question["acceptedAnswer"] == {
        "@type": "Answer",
        "text": "Where iron is low, yes. Too much iron harms.",
    }


async def test_a_stream_takes_bounded_memory(new_database: Any) -> None:
    """A list of 40 MB is streamed in a small part of that."""
    async with client_for(with_long_list(make_database(new_database("large"), TINY))) as client:
        app = client._transport.app  # type: ignore[attr-defined]
        sent = 0

        async def send(message: dict[str, Any]) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {"type": "http", "method": "GET", "path": "/sources", "raw_path": b"/sources", "scheme": "http"}
        scope |= {"query_string": b"format=ndjson", "headers": [], "root_path": "", "server": ("t", 1), "client": None}
        tracemalloc.start()
        await app(scope, receive, send)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sent > 40_000_000
    assert peak < 8_000_000
