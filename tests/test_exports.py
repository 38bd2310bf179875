"""Exports: everything of a filtered list, whole, as programs and spreadsheets read it."""

import csv
import io
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.exports import SEPARATOR, columns
from app.schemas import KINDS
from tests.support import TINY, client_for, make_database, scope_of, with_long_list

PLAIN = {"Accept-Encoding": "identity"}
COLLECTIONS = [kind.collection for kind in KINDS.values()]


async def rows_of(client: httpx.AsyncClient, path: str) -> list[dict[str, str]]:
    """The rows of a CSV answer, read as a spreadsheet does."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    text = response.content.decode("utf-8")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def test_csv_holds_the_whole_list_flattened(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients.csv", headers=PLAIN)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"] == 'attachment; filename="nutrients.csv"'
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert response.content.startswith(b"slug,name,kind,url")
    rows = {row["slug"]: row for row in await rows_of(tiny, "/nutrients.csv")}
    assert set(rows) == {"iron", "vitamin-c", "sodium"}
    assert rows["iron"]["aliases"] == "Fe | ferrum"
    assert rows["iron"]["electrolyte"] == "false"
    assert rows["iron"]["food_sources"] == "greens | liver | spinach-leaf"
    assert rows["iron"]["comparison.dietary_sources"] == "liver | spinach-leaf"
    assert rows["sodium"]["comparison.function"] == ""
    assert rows["sodium"]["summary"].endswith("über alles.")


@pytest.mark.parametrize("collection", COLLECTIONS)
async def test_lists_inside_lists_are_lossless(tiny: httpx.AsyncClient, collection: str) -> None:
    """Every value of a record stands in its cell: the inner level as JSON, the outer one separated."""
    records = [json.loads(line) for line in (await tiny.get(f"/{collection}.ndjson")).text.splitlines()]
    rows = await rows_of(tiny, f"/{collection}.csv")
    assert [row["slug"] for row in rows] == [record["slug"] for record in records]
    for record, row in zip(records, rows, strict=True):
        for statement in (key for key in ("roles", "points", "steps", "effects", "notes") if key in record):
            if not record[statement] or not isinstance(record[statement][0], dict):
                continue
            cited = [json.loads(cell) for cell in row[f"{statement}.citations.source"].split(SEPARATOR)]
            assert cited == [[c["source"]["slug"] for c in item["citations"]] for item in record[statement]]
            assert row[f"{statement}.text"].split(SEPARATOR) == [item["text"] for item in record[statement]]


@pytest.mark.parametrize("collection", COLLECTIONS)
async def test_a_column_has_one_form_of_numbers(real: httpx.AsyncClient, collection: str) -> None:
    """A reader infers a column's type from its first rows: `200` there must not be followed by `0.1`."""
    model = next(kind.record for kind in KINDS.values() if kind.collection == collection)
    for row in await rows_of(real, f"/{collection}.csv"):
        for column in columns(model):
            if column.decimal:
                assert all("." in cell for cell in row[column.name].split(SEPARATOR) if cell)


async def test_a_byte_order_mark_only_where_it_is_asked_for(tiny: httpx.AsyncClient) -> None:
    assert not (await tiny.get("/nutrients.csv")).content.startswith(b"\xef\xbb\xbf")
    assert (await tiny.get("/nutrients.csv?bom=true")).content.startswith(b"\xef\xbb\xbfslug,")


async def test_no_cell_of_a_csv_file_is_a_formula(tiny: httpx.AsyncClient, tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(TINY, content)
    for number, start in enumerate("=+-@"):
        text = (TINY / "sources" / "leaflet.toml").read_text().replace("Leaflet", f"{start}cmd|' /C calc'!A{number}")
        (content / "sources" / f"evil-{number}.toml").write_text(text)
    url = make_database(f"sqlite:///{tmp_path}/evil.db", content)
    async with client_for(url) as client:
        rows = await rows_of(client, "/sources.csv")
    assert [row["name"][:2] for row in rows if row["slug"].startswith("evil")] == ["'+", "'-", "'=", "'@"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_exports_are_filtered_and_sorted_like_the_list(tiny: httpx.AsyncClient) -> None:
    query = "type=mineral&sort=-name"
    items = (await tiny.get(f"/nutrients?{query}")).json()["items"]
    lines = (await tiny.get(f"/nutrients.ndjson?{query}&fields=slug,name,type")).text.splitlines()
    expected = [{key: item[key] for key in ("slug", "name", "type")} for item in items]
    assert [json.loads(line) for line in lines] == expected
    assert await rows_of(tiny, f"/nutrients.csv?{query}&fields=slug,name,type") == expected
    assert [row["slug"] for row in expected] == ["sodium", "iron"]


async def test_ndjson_holds_whole_records(tiny: httpx.AsyncClient) -> None:
    for line in (await tiny.get("/claims.ndjson")).text.splitlines():
        record = json.loads(line)
        detail = (await tiny.get(record["url"])).json()
        assert record == {key: value for key, value in detail.items() if key not in ("included", "disclaimer")}


@pytest.mark.parametrize(
    "path", ["/nutrients.csv", "/claims.ndjson", "/faq.jsonld", "/nutrients/iron/food-sources.csv"]
)
async def test_a_head_request_says_how_long_an_export_is(tiny: httpx.AsyncClient, path: str) -> None:
    head, whole = await tiny.head(path, headers=PLAIN), await tiny.get(path, headers=PLAIN)
    assert head.content == b""
    assert int(head.headers["Content-Length"]) == len(whole.content)


@pytest.mark.parametrize("query", ["limit=1", "offset=1", "include=claims", "typ=mineral", "type=minerl", "fields=x"])
async def test_what_an_export_does_not_take_is_refused(tiny: httpx.AsyncClient, query: str) -> None:
    assert (await tiny.get(f"/nutrients.csv?{query}")).status_code == 422


@pytest.mark.parametrize("path", ["/nutrients.jsonld", "/nutrients.xml", "/none.csv", "/nutrients/iron.csv"])
async def test_other_exports_are_not_found(tiny: httpx.AsyncClient, path: str) -> None:
    response = await tiny.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("accept", ["application/json", "text/html", "image/png", "text/csv;q=0"])
@pytest.mark.parametrize("path", ["/nutrients.csv", "/nutrients/iron/food-sources.ndjson", "/faq.jsonld"])
async def test_the_path_of_an_export_chooses_its_format(tiny: httpx.AsyncClient, path: str, accept: str) -> None:
    plain, asked = await tiny.get(path), await tiny.get(path, headers={"Accept": accept})
    assert (asked.status_code, asked.headers["content-type"]) == (200, plain.headers["content-type"])
    assert asked.text == plain.text


async def test_an_unacceptable_type_is_refused_with_what_there_is(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/nutrients", headers={"Accept": "application/xml"})
    assert response.status_code == 406
    assert "application/json" in response.json()["detail"]
    assert (await tiny.get("/nutrients/iron", headers={"Accept": "text/csv"})).status_code == 406
    assert (await tiny.get("/nutrients.csv", headers={"Accept": "*/*"})).status_code == 200


async def test_the_faq_comes_as_a_schema_org_page(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/faq.jsonld?nutrient=iron")
    assert response.headers["content-type"] == "application/ld+json"
    page: dict[str, Any] = response.json()
    assert (page["@context"], page["@type"]) == ("https://schema.org", "FAQPage")
    (question,) = page["mainEntity"]
    assert question["@type"] == "Question"
    assert question["name"] == "Does iron help with tiredness?"
    # a warning belongs to its answer
    assert question["acceptedAnswer"] == {"@type": "Answer", "text": "Where iron is low, yes. Too much iron harms."}


async def test_a_stream_takes_bounded_memory(new_database: Any) -> None:
    """A list of 40 MB is streamed in a small part of that."""
    async with client_for(with_long_list(new_database("large", TINY))) as client:
        app = client._transport.app  # type: ignore[attr-defined]
        sent = 0

        async def send(message: dict[str, Any]) -> None:
            nonlocal sent
            sent += len(message.get("body", b""))

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        await client.get("/search?q=iron")  # the search index is built: its memory is not the stream's
        tracemalloc.start()
        await app(scope_of("/sources.ndjson", [(b"host", b"t")]), receive, send)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sent > 40_000_000
    assert peak < 8_000_000
