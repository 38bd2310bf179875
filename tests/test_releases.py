"""Releases: kept at every load, compared by /changes, brought back by `seed rollback`."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import feedparser
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.database.engines import reading_engine
from app.database.releases import Archive, compare
from app.schemas import KINDS
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support import TINY, client_for, run, tiny_copy

Edit = Callable[[Path], None]


def raise_version(content: Path, version: str) -> None:
    file = content / "dataset.toml"
    file.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', file.read_text()))


def second(content: Path) -> None:
    """A later version: one record changed, one added, one removed."""
    raise_version(content, "0.2.0")
    iron = content / "nutrients" / "iron.toml"
    iron.write_text(iron.read_text().replace("summary = ", "summary = '''Changed.''' #", 1))
    leaflet = (content / "sources" / "leaflet.toml").read_text()
    (content / "sources" / "flyer.toml").write_text(re.sub(r'name = "[^"]*"', 'name = "A flyer"', leaflet, count=1))
    (content / "faq" / "is-running-tiring.toml").unlink()


def third(content: Path) -> None:
    second(content)
    raise_version(content, "0.3.0")
    (content / "sources" / "flyer.toml").unlink()


def version_of(tmp_path: Path, name: str, edit: Edit) -> Path:
    content = Path(shutil.copytree(TINY, tmp_path / name))
    edit(content)
    return content


def seed(url: str, *arguments: str) -> str:
    done = run("seed", *arguments, DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def answers(client: httpx.AsyncClient) -> dict[str, str]:
    paths = ("/dataset", "/nutrients", "/nutrients/iron", "/sources", "/faq", "/nutrients/iron-mineral", "/comparison")
    return {path: (await client.get(path)).text for path in paths}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("contents")
    return version_of(folder, "second", second), version_of(folder, "third", third)


async def test_changes_lists_what_was_added_changed_and_removed(
    new_database: NewDatabase, contents: tuple[Path, Path]
) -> None:
    url = new_database("changes", TINY)
    async with client_for(url, cache_bytes=0) as client:
        same = (await client.get("/changes", params={"since": "0.1.0"})).json()
        assert (same["items"], same["total"], same["version"]) == ([], 0, "0.1.0")
        seed(url, "load", "--content", str(contents[0]))
        page = (await client.get("/changes", params={"since": "0.1.0"})).json()
        found = {item["url"]: (item["action"], item["fields"]) for item in page["items"]}
        assert found["/nutrients/iron"][0] == "changed"
        assert "summary" in found["/nutrients/iron"][1]
        assert found["/sources/flyer"] == ("added", [])
        assert found["/faq/is-running-tiring"] == ("removed", [])
        assert (page["since"], page["version"], page["total"]) == ("0.1.0", "0.2.0", len(found))
        assert list(found) == sorted(found)
        assert page["disclaimer"] == "Not advice."


async def test_changes_say_what_the_records_are(new_database: NewDatabase, contents: tuple[Path, Path]) -> None:
    url = new_database("summaries", TINY)
    seed(url, "load", "--content", str(contents[0]))
    async with client_for(url, cache_bytes=0) as client:
        items = (await client.get("/changes", params={"since": "0.1.0"})).json()["items"]
        found = {item["url"]: (item["name"], item["summary"]) for item in items}
        assert found["/nutrients/iron"] == ("Iron", "Changed.")
        # a removed record is what it was
        assert found["/faq/is-running-tiring"][1]
        everything = (await client.get("/changes", params={"since": "0.0.0", "limit": 100})).json()["items"]
        assert all(item["summary"] for item in everything)


async def test_changes_since_any_older_release(new_database: NewDatabase, contents: tuple[Path, Path]) -> None:
    url = new_database("older", TINY)
    for content in contents:
        seed(url, "load", "--content", str(content))
    async with client_for(url, cache_bytes=0) as client:
        found = {}
        for since in ("0.1.0", "0.2.0"):
            page = (await client.get("/changes", params={"since": since})).json()
            found[since] = {item["url"]: item["action"] for item in page["items"]}
    # it came with 0.2.0 and went with 0.3.0
    assert "/sources/flyer" not in found["0.1.0"]
    assert found["0.1.0"]["/nutrients/iron"] == "changed"
    assert found["0.2.0"]["/sources/flyer"] == "removed"


async def test_the_page_of_changes_shows_the_last_release_and_offers_older_ones(
    new_database: NewDatabase, contents: tuple[Path, Path]
) -> None:
    url = new_database("page", TINY)
    html = {"Accept": "text/html"}
    async with client_for(url, cache_bytes=0) as client:
        first = (await client.get("/changes", headers=html)).text
        assert "It is the first release here" in first
        assert "<table" not in first
        everything = (await client.get("/changes?since=0.0.0", headers=html)).text
        assert "<table" in everything
        for content in contents:
            seed(url, "load", "--content", str(content))
        text = (await client.get("/changes", headers=html)).text
        assert "What is new in version 0.3.0" in text
        assert "Compared with version 0.2.0" in text
        assert re.findall(r'href="/changes\?since=([\d.]+)"', text) == ["0.1.0", "0.0.0"]
        assert (await client.get("/changes")).json()["versions"] == ["0.3.0", "0.2.0", "0.1.0", "0.0.0"]


async def test_a_feed_reader_sees_an_entry_for_each_release(
    new_database: NewDatabase, contents: tuple[Path, Path]
) -> None:
    url = new_database("feed", TINY)
    for content in contents:
        seed(url, "load", "--content", str(content))
    async with client_for(url, cache_bytes=0, public_url="https://example.org/api") as client:
        response = await client.get("/changes.atom")
        assert response.headers["content-type"] == "application/atom+xml"
        feed = feedparser.parse(response.content)
        assert (feed.version, feed.bozo) == ("atom10", False)
        assert feed.feed.link == "https://example.org/api/changes"
        assert {"id", "title", "updated_parsed", "author", "rights"} <= feed.feed.keys()
        assert [entry.title.partition(":")[0] for entry in feed.entries] == [f"Dataset 0.{n}.0" for n in (3, 2, 1)]
        assert len({entry.id for entry in feed.entries}) == 3
        assert sorted((entry.updated_parsed for entry in feed.entries), reverse=True) == [
            entry.updated_parsed for entry in feed.entries
        ]
        second = feed.entries[1]
        assert second.link == "https://example.org/api/changes?since=0.1.0"
        text = second.content[0].value
        assert 'changed: <a href="https://example.org/api/nutrients/iron"><b>Iron</b></a> (summary' in text
        assert "added: <a" in text
        assert "removed: <b>" in text
        ids = [entry.id for entry in feed.entries]
        # after a rollback, the release that was taken back is no news
        seed(url, "rollback")
        feed = feedparser.parse((await client.get("/changes.atom")).content)
        assert [entry.id for entry in feed.entries] == ids[1:]


async def test_pages_of_changes_are_the_whole(new_database: NewDatabase, contents: tuple[Path, Path]) -> None:
    url = new_database("pages", TINY)
    seed(url, "load", "--content", str(contents[0]))
    async with client_for(url, cache_bytes=0) as client:
        whole = (await client.get("/changes", params={"since": "0.1.0", "limit": 100})).json()
        found, path = [], "/changes?limit=1&since=0.1.0"
        while path:
            page = (await client.get(path)).json()
            found += page["items"]
            path = page["next"]
        assert found == whole["items"]


async def test_an_unknown_version_is_told_the_known_ones(
    new_database: NewDatabase, contents: tuple[Path, Path]
) -> None:
    url = new_database("unknown", TINY)
    seed(url, "load", "--content", str(contents[0]))
    async with client_for(url, cache_bytes=0) as client:
        response = await client.get("/changes", params={"since": "0.1"})
        assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
        [error] = response.json()["errors"]
        assert (error["parameter"], error["allowed"]) == ("since", ["0.2.0", "0.1.0", "0.0.0"])
        latest, everything = (await client.get("/changes")).json(), (await client.get("/changes?since=0.0.0")).json()
        assert (latest["since"], latest["included"]) == ("0.1.0", {})
        assert {item["action"] for item in everything["items"]} == {"added"}


async def test_rollback_brings_back_every_answer(new_database: NewDatabase, contents: tuple[Path, Path]) -> None:
    url = new_database("back", TINY)
    async with client_for(url, cache_bytes=0) as client:
        first = await answers(client)
        seed(url, "load", "--content", str(contents[0]))
        then = await answers(client)
        assert then["/dataset"] != first["/dataset"]
        seed(url, "load", "--content", str(contents[1]))
        assert "Loaded dataset 0.2.0: 1 added" in seed(url, "rollback")
        assert await answers(client) == then
        # further back, not forth and back
        assert "Loaded dataset 0.1.0" in seed(url, "rollback")
        assert await answers(client) == first
        removed = (await client.get("/changes", params={"since": "0.2.0"})).json()["items"]
        assert {"/sources/flyer": "removed"}.items() <= {item["url"]: item["action"] for item in removed}.items()
    done = run("seed", "rollback", DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (1, "There is no earlier release to go back to.\n")


async def test_a_list_has_the_total_of_its_own_filters_and_release(
    new_database: NewDatabase, contents: tuple[Path, Path]
) -> None:
    """Whatever was asked for before, of this release or of another."""
    url = new_database("totals", TINY)
    queries = ("", "&from_article=true", "&from_article=false", "&last_reviewed_after=2027-01-01")
    lists = [f"/{kind.collection}?limit=100{query}" for kind in KINDS.values() for query in queries]
    lists += [f"/intakes?limit=100&age={age}&sex=female" for age in (5, 40, 119)]
    seen = set()
    async with client_for(url, cache_bytes=0) as client:
        for step in (None, ("load", "--content", str(contents[0])), ("rollback",)):
            if step:
                seed(url, *step)
            for path in lists * 2:
                page = (await client.get(path)).json()
                assert page["total"] == len(page["items"]), (step, path)
                seen.add((path, page["total"]))
    # the release changed some of them
    assert len(seen) > len(lists)


async def test_a_dry_run_tells_and_changes_nothing(new_database: NewDatabase, contents: tuple[Path, Path]) -> None:
    url = new_database("dry", TINY)
    async with client_for(url, cache_bytes=0) as client:
        before = await answers(client)
        told = seed(url, "load", "--dry-run", "--content", str(contents[0]))
        assert "added   /sources/flyer" in told
        assert "removed /faq/is-running-tiring" in told
        assert "Would load dataset 0.2.0: 1 added" in told
        assert await answers(client) == before
        assert (await client.get("/changes", params={"since": "0.2.0"})).status_code == 422
        seed(url, "load", "--content", str(contents[0]))
        now = await answers(client)
        assert "Would load dataset 0.1.0" in seed(url, "rollback", "--dry-run")
        assert await answers(client) == now


async def test_every_real_record_can_be_brought_back(real: httpx.AsyncClient, real_database: str) -> None:
    engine = reading_engine(Settings(database_url=real_database).database_url, 1)
    with engine.connect() as connection:
        packed = connection.scalar(text("SELECT archive FROM release"))
    engine.dispose()
    records = Archive.unpack(packed).records
    assert len(records) == sum((await real.get("/dataset")).json()["counts"].values())
    for record in records.values():
        kind = KINDS[json.loads(record)["kind"]]
        assert kind.record.model_validate_json(record).model_dump_json() == record


def test_a_load_leaves_no_file_behind(tmp_path: Path, contents: tuple[Path, Path]) -> None:
    url = tiny_copy(tmp_path / "only.db")
    (tmp_path / ".only.db.new").write_bytes(b"left by a load that was killed")
    (tmp_path / "only.db").chmod(0o640)
    seed(url, "load", "--content", str(contents[0]))
    assert [path.name for path in tmp_path.iterdir()] == ["only.db"]
    assert (tmp_path / "only.db").stat().st_mode & 0o777 == 0o640
    identity = (tmp_path / "only.db").stat().st_ino
    seed(url, "load", "--content", str(contents[0]))
    assert (tmp_path / "only.db").stat().st_ino == identity


documents = st.dictionaries(
    st.sampled_from("abcd"), st.dictionaries(st.sampled_from("xyz"), st.none() | st.integers(0, 2))
)


@given(documents, documents)
def test_changes_lead_from_one_release_to_the_other(
    before: dict[str, dict[str, int]], after: dict[str, dict[str, int]]
) -> None:
    def written(release: dict[str, dict[str, int]]) -> dict[str, str]:
        return {s: json.dumps({"slug": s, "name": s, "url": f"/claims/{s}", **record}) for s, record in release.items()}

    patched = dict(before)
    for change in compare(written(before), written(after)):
        if change.action == "removed":
            del patched[change.slug]
        elif change.action == "added":
            patched[change.slug] = after[change.slug]
        else:
            assert change.fields or before[change.slug] == after[change.slug]
            kept = {key: value for key, value in before[change.slug].items() if key not in change.fields}
            new = {key: value for key, value in after[change.slug].items() if key in change.fields}
            patched[change.slug] = kept | new
    assert patched == after
