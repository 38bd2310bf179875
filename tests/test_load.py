"""`seed load` and `seed diff`: transactional, idempotent, only sound content, exactly what differs."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update

from app.database.engines import reading_engine, writing_engine
from app.database.models import metadata
from seed.__main__ import main
from seed.check import check
from seed.load import load, lock, prepare
from tests.conftest import NewDatabase
from tests.support import NO_CONTENT, PATIENCE, REAL, ROOT, TINY, client_for, run_process

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def database(new_database: NewDatabase, capsys: Capture) -> str:
    """A database of its own with the tiny content."""
    url = new_database("loaded", TINY)
    capsys.readouterr()
    return url


def seed(command: str, content: Path, url: str) -> int:
    return main([command, "--content", str(content), "--database", url])


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    engine = reading_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def rows_but_time(url: str) -> dict[str, list[tuple[object, ...]]]:
    found = rows(url)
    del found["release"]  # which releases there were is history: it differs, and is meant to
    loaded_at = list(metadata.tables["dataset"].c.keys()).index("loaded_at")
    return found | {"dataset": [row[:loaded_at] + row[loaded_at + 1 :] for row in found["dataset"]]}


def test_a_load_says_what_it_did(new_database: NewDatabase, capsys: Capture) -> None:
    url = new_database("first", NO_CONTENT)
    assert seed("load", TINY, url) == 0
    out, err = capsys.readouterr()
    assert out == "Loaded dataset 0.1.0: 39 added, 0 changed, 0 removed.\n"
    assert "39 records, no problem." in err
    assert "link" in err  # the progress of each table


def test_a_second_load_changes_nothing_and_says_so(database: str, capsys: Capture) -> None:
    before = rows(database)
    assert seed("load", TINY, database) == 0
    assert capsys.readouterr().out == "Nothing to change: dataset 0.1.0 is loaded already.\n"
    assert rows(database) == before


def test_bad_content_is_refused(database: str, content: Path, capsys: Capture) -> None:
    before = rows(database)
    edit(content / "nutrients" / "iron.toml", '"mineral"', '"minerl"')
    for command in ("load", "diff"):
        assert seed(command, content, database) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.endswith("1 problem; the content is not usable.\n")
    assert rows(database) == before


MEASURED = ("greens.toml", "liver.toml", "spinach-leaf.toml")  # foods with a line for every nutrient


def add(content: Path) -> None:
    text = (content / "nutrients" / "sodium.toml").read_text(encoding="utf-8")
    zinc = text.replace('"sodium"', '"Zinc"').replace('"Na"', '"Zn"')
    (content / "nutrients" / "zinc.toml").write_text(zinc, encoding="utf-8")
    for food in MEASURED:
        edit(content / "food-sources" / food, 'sodium = "', 'zinc = "not measured"\nsodium = "')


def change(content: Path) -> None:
    edit(content / "nutrients" / "sodium.toml", "Carries charge.", "Carries electric charge.")


def rename_display(content: Path) -> None:
    edit(content / "symptoms" / "scurvy.toml", '"Scurvy"', '"Scorbutus"')


def remove(content: Path) -> None:
    (content / "claims" / "running-causes-scurvy.toml").unlink()


def rename(content: Path) -> None:
    (content / "nutrients" / "sodium.toml").rename(content / "nutrients" / "natrium.toml")
    for file in ("lifestyle-factors/running.toml", "mechanisms/running-costs-sodium.toml"):
        edit(content / file, '"sodium"', '"natrium"')
    for food in MEASURED:
        edit(content / "food-sources" / food, "sodium =", "natrium =")
    edit(content / "dataset.toml", "[redirects]", '[redirects]\nsodium = "natrium"')


def move_to_another_kind(content: Path) -> None:
    (content / "symptoms" / "scurvy.toml").unlink()
    text = (content / "lifestyle-factors" / "sports.toml").read_text(encoding="utf-8")
    moved = text.replace('"Sports"', '"Scurvy"').replace('"habit"', '"state"')
    (content / "lifestyle-factors" / "scurvy.toml").write_text(moved, encoding="utf-8")


def swap(content: Path) -> None:
    """Two records exchange their slugs."""
    one, other = content / "nutrients" / "sodium.toml", content / "nutrients" / "vitamin-c.toml"
    texts = one.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")
    one.write_text(texts[1], encoding="utf-8")
    other.write_text(texts[0], encoding="utf-8")


def redirect_only(content: Path) -> None:
    edit(content / "dataset.toml", "iron-mineral =", "metal-of-blood =")


EDITS: dict[Callable[[Path], None], list[str]] = {
    add: ["added   /nutrients/zinc"],
    change: ["changed /nutrients/sodium (roles)"],
    rename_display: [
        "changed /claims/running-causes-scurvy (object)",
        "changed /symptoms/scurvy (name)",
    ],
    remove: [
        "removed /claims/running-causes-scurvy",
        "changed /lifestyle-factors/running (claims)",
        "changed /sources/leaflet (claims)",
        "changed /symptoms/scurvy (claims)",
    ],
    rename: [
        "changed /lifestyle-factors/running (disturbs)",
        "changed /mechanisms/running-costs-sodium (involves)",
        "added   /nutrients/natrium",
        "removed /nutrients/sodium",
    ],
    move_to_another_kind: ["/lifestyle-factors/scurvy", "changed /claims/running-causes-scurvy (object)"],
    swap: ["changed /nutrients/sodium (", "changed /nutrients/vitamin-c ("],
    redirect_only: [],
}


@pytest.mark.parametrize("change_content", EDITS, ids=lambda change_content: change_content.__name__)
def test_a_load_leaves_what_a_fresh_one_would(
    database: str,
    tiny_database: str,
    new_database: NewDatabase,
    content: Path,
    capsys: Capture,
    change_content: Callable[[Path], None],
) -> None:
    change_content(content)
    edit(content / "dataset.toml", "0.1.0", "0.2.0")
    assert seed("diff", content, database) == 0
    planned = capsys.readouterr().out
    lines = planned.splitlines()
    for expected in EDITS[change_content]:
        assert any(expected in line for line in lines), planned
    assert lines[-1].startswith("dataset 0.1.0 -> dataset 0.2.0: ")
    assert seed("load", content, database) == 0
    summary = lines[-1].split("0.2.0: ")[1]
    assert capsys.readouterr().out == f"Loaded dataset 0.2.0: {summary}\n"
    fresh = new_database("fresh", NO_CONTENT)
    assert seed("load", content, fresh) == 0
    assert rows_but_time(database) == rows_but_time(fresh)
    capsys.readouterr()
    assert seed("diff", content, database) == 0
    unchanged = "dataset 0.2.0 -> dataset 0.2.0: 0 added, 0 changed, 0 removed.\n"
    assert capsys.readouterr().out == unchanged
    assert main(["rollback", "--database", database]) == 0
    assert rows_but_time(database) == rows_but_time(tiny_database)


def test_a_diff_is_ordered_and_changes_nothing(database: str, content: Path, capsys: Capture) -> None:
    before = rows(database)
    rename(content)
    assert seed("diff", content, database) == 0
    paths = [line.split()[1] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert paths == sorted(paths)
    assert rows(database) == before


def test_a_diff_with_an_empty_database_adds_everything(new_database: NewDatabase, capsys: Capture) -> None:
    url = new_database("nothing", NO_CONTENT)
    assert seed("diff", TINY, url) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "an empty database -> dataset 0.1.0: 39 added, 0 changed, 0 removed."
    assert {line.split()[0] for line in out[:-1]} == {"added"}


def raise_version(content: Path, version: str) -> None:
    file = content / "dataset.toml"
    file.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', file.read_text(encoding="utf-8")))


def drop_redirect(content: Path) -> None:
    edit(content / "dataset.toml", 'iron-mineral = "iron"', "")


DIFFERS = "the content differs from the 1.0.0 that is loaded"
TOO_LOW = "1.0.1 is too low for what changed since 1.0.0"
GONE = "would be gone without a redirect; the version due is"
VERSIONS: dict[str, tuple[str, Callable[[Path], None], str, str | None]] = {
    "same version": (
        "1.0.0",
        change,
        "1.0.0",
        f"{DIFFERS}; the version due is 1.0.1",
    ),
    "lower version": ("1.0.0", change, "0.9.0", "0.9.0 is lower than 1.0.0, which is loaded; the version due is 1.0.1"),
    "lower version, same content": ("1.0.0", lambda _: None, "0.9.0", "0.9.0 is lower than 1.0.0"),
    "correction": ("1.0.0", change, "1.0.1", None),
    "correction, high": ("1.0.0", change, "3.1.4", None),
    "addition as patch": (
        "1.0.0",
        add,
        "1.0.1",
        f"{TOO_LOW}; the version due is 1.1.0",
    ),
    "addition": ("1.0.0", add, "1.1.0", None),
    "removal as patch": ("1.0.0", remove, "1.0.1", f"/claims/running-causes-scurvy {GONE} 2.0.0"),
    "removal as minor": ("1.0.0", remove, "1.1.0", f"/claims/running-causes-scurvy {GONE} 2.0.0"),
    "removal": ("1.0.0", remove, "2.0.0", None),
    "removal below 1.0.0": ("0.1.0", remove, "0.1.1", f"/claims/running-causes-scurvy {GONE} 0.2.0"),
    "removal below 1.0.0, minor": ("0.1.0", remove, "0.2.0", None),
    "renamed with a redirect": ("1.0.0", rename, "1.1.0", None),
    "moved to another kind": ("1.0.0", move_to_another_kind, "1.1.0", f"/symptoms/scurvy {GONE} 2.0.0"),
    "redirect dropped": ("1.0.0", drop_redirect, "1.0.1", f"iron-mineral {GONE} 2.0.0"),
    "redirect renamed": ("1.0.0", redirect_only, "1.0.1", f"iron-mineral {GONE} 2.0.0"),
}


ON_BOTH = ("same version", "addition", "removal as patch", "redirect dropped")
"""What a database says of its release is compared outside of it: the other cases need not both in `make test`."""


@pytest.mark.parametrize(
    ("database", "case"),
    [
        *(pytest.param("on_sqlite", case, id=f"sqlite-{case}") for case in VERSIONS),
        *(
            pytest.param(
                "on_postgresql", case, id=f"postgresql-{case}", marks=[] if case in ON_BOTH else [pytest.mark.all]
            )
            for case in VERSIONS
        ),
    ],
)
def test_a_version_that_does_not_fit_the_changes_is_refused(
    request: pytest.FixtureRequest, content: Path, capsys: Capture, database: str, case: str
) -> None:
    first, change_content, second, problem = VERSIONS[case]
    raise_version(content, first)
    new: NewDatabase = request.getfixturevalue(database)
    url = new("versions", NO_CONTENT)
    assert seed("load", content, url) == 0
    before = rows(url)
    change_content(content)
    raise_version(content, second)
    capsys.readouterr()
    for command in ("check", "load"):
        assert seed(command, content, url) == (1 if problem else 0)
        last = capsys.readouterr().err.splitlines()[-1]
        if problem:
            assert last.startswith(f"dataset.toml: version: {problem}")
            assert rows(url) == before


def test_a_version_that_was_rolled_back_is_not_used_for_other_content(
    database: str, content: Path, capsys: Capture
) -> None:
    change(content)
    raise_version(content, "0.1.1")
    assert seed("load", content, database) == 0
    assert main(["rollback", "--database", database]) == 0
    edit(content / "nutrients" / "sodium.toml", "Carries electric charge.", "Bears electric charge.")
    assert seed("load", content, database) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "dataset.toml: version: 0.1.1 is too low for what changed since 0.1.0; the version due is 0.1.2."
    raise_version(content, "0.1.2")
    assert seed("load", content, database) == 0


def test_check_compares_with_a_configured_database_that_answers(
    database: str, content: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(content)
    assert main(["check", "--content", str(content)]) == 0
    monkeypatch.setenv("DATABASE_URL", database)
    assert main(["check", "--content", str(content)]) == 1
    assert "the version due is 0.1.1" in capsys.readouterr().err
    missing = "sqlite:////no/such/folder/nutrients.db"
    monkeypatch.setenv("DATABASE_URL", missing)
    assert main(["check", "--content", str(content)]) == 0
    assert "The version was not compared with a loaded release: " in capsys.readouterr().err
    assert main(["check", "--content", str(content), "--database", missing]) == 1


async def test_a_renamed_record_redirects(database: str, content: Path) -> None:
    rename(content)
    raise_version(content, "0.2.0")
    assert seed("load", content, database) == 0
    async with client_for(database) as client:
        moved = await client.get("/nutrients/sodium")
        assert (moved.status_code, moved.headers["location"]) == (308, "/nutrients/natrium")
        assert (await client.get("/mechanisms?nutrient=natrium")).json()["total"] == 1


@pytest.mark.parametrize("loaded", ["second release", pytest.param("real", marks=pytest.mark.all)])
async def test_a_killed_load_leaves_the_database_as_it_was(database: str, second_release: Path, loaded: str) -> None:
    before = rows(database)
    killed = run_process("tests.killed_load", str(REAL if loaded == "real" else second_release), database)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    async with client_for(database) as client:
        # the server asks first: it must not depend on a later load to recover
        assert (await answer(client, "/dataset"))["version"] == "0.1.0"
        assert (await answer(client, "/nutrients"))["total"] == 3
    assert rows(database) == before
    assert seed("load", second_release, database) == 0


async def answer(client: httpx.AsyncClient, url: str) -> dict[str, object]:
    response = await client.get(url)
    assert response.status_code == 200, response.text
    body: dict[str, object] = response.json()
    return body


def test_the_second_of_two_loads_at_once_waits(new_database: NewDatabase) -> None:
    url = new_database("contended", NO_CONTENT)
    checked, _ = check(TINY)
    assert checked is not None
    with writing_engine(url).begin() as first:
        lock(first)
        load(first, prepare(checked))
        second = subprocess.Popen(
            [sys.executable, "-m", "seed", "load", "--content", str(TINY), "--database", url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert "no problem" in second.stderr.readline()  # it turns to the database now
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.5)
    out, err = second.communicate(timeout=PATIENCE)
    assert (second.returncode, out) == (0, "Nothing to change: dataset 0.1.0 is loaded already.\n"), err


def test_a_failure_half_way_leaves_the_database_as_it_was(database: str, content: Path) -> None:
    before = rows(database)
    change(content)
    raise_version(content, "0.1.1")
    checked, _ = check(content)
    assert checked is not None

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    def load_it() -> None:
        with writing_engine(database).begin() as connection:
            lock(connection)
            load(connection, prepare(checked), fail)

    with pytest.raises(KeyboardInterrupt):
        load_it()
    assert rows(database) == before


@pytest.mark.parametrize("command", ["load", "diff"])
def test_without_tables_the_message_names_the_correction(
    new_database: NewDatabase, capsys: Capture, command: str
) -> None:
    url = new_database("bare")
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).touch()
    assert seed(command, TINY, url) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("The database has no tables yet; run `make migrate` (")


@pytest.mark.parametrize("command", ["load", "diff"])
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////no/such/folder/nutrients.db",
        "postgresql://nobody@127.0.0.1:8119/nothing",
        "nonsense",
        "mysql://root@127.0.0.1/nothing",
        "oracle+nosuchdriver://x",
    ],
)
def test_an_unusable_database_is_one_sentence(capsys: Capture, command: str, url: str) -> None:
    assert seed(command, TINY, url) == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert re.match(r"The database (\S+ refused|cannot be used): ", err.splitlines()[-1])
    assert err.endswith(".\n")


def test_the_content_hash_follows_the_content(content: Path) -> None:
    def content_hash() -> str:
        checked, problems = check(content)
        assert checked is not None, problems
        return str(prepare(checked).dataset["content_hash"])

    first = content_hash()
    assert content_hash() == first
    redirect_only(content)
    second = content_hash()
    edit(content / "dataset.toml", "Not advice.", "No advice.")
    assert len({first, second, content_hash()}) == 3


def test_records_are_stored_as_they_are_served(database: str) -> None:
    stored = rows(database)
    for table in ("nutrient", "claim"):
        keys = list(metadata.tables[table].c.keys())
        for row in stored[table]:
            record = json.loads(str(row[keys.index("record")]))
            assert record["slug"] == row[keys.index("slug")]
    assert len(stored["dataset"]) == 1


def test_a_load_is_later_than_the_one_before_though_the_clock_is_not(database: str, content: Path) -> None:
    """Else a client would be told that what it keeps is still current."""
    engine = writing_engine(database)
    dataset = metadata.tables["dataset"]

    def loaded_at() -> datetime:
        with engine.connect() as connection:
            time: datetime = connection.execute(select(dataset.c.loaded_at)).scalar_one()
            return time.replace(microsecond=0, tzinfo=UTC)

    future = datetime(2100, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        connection.execute(update(dataset).values(loaded_at=future))
    change(content)
    raise_version(content, "0.1.1")
    assert seed("load", content, database) == 0
    first = loaded_at()
    assert main(["rollback", "--database", database]) == 0
    assert future < first < loaded_at()
    engine.dispose()
