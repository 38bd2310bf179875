"""The dataset to take along, used as its consumers do: one file, tables, a static copy, JSON Schemas."""

import asyncio
import csv
import hashlib
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from app.database.engines import writing_engine
from app.schemas import KINDS
from tests.conftest import NewDatabase
from tests.support import NO_CONTENT, TINY, client_for, real_database, run
from tests.test_nginx import nginx

PATH = "/dataset.zip"


async def fetched(client: httpx.AsyncClient) -> bytes:
    response = await client.get(PATH)
    assert response.status_code == 200, response.text
    return response.content


def unpacked(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of the real dataset, by path; they are the same on every database."""

    async def fetch() -> bytes:
        async with client_for(real_database()) as client:
            return await fetched(client)

    return unpacked(asyncio.run(fetch()))


def records_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [record for name in files if name.startswith("json/") for record in json.loads(files[name])]


def rows_of(files: dict[str, bytes], table: str) -> list[dict[str, str]]:
    text = files[f"csv/{table}.csv"].decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# --- one file -------------------------------------------------------------------------------------------------------


async def test_one_file_holds_records_tables_a_database_and_what_describes_them(
    tiny: httpx.AsyncClient,
) -> None:
    response = await tiny.get(PATH)
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == 'attachment; filename="nutrient-knowledge-0.1.0.zip"'
    held = unpacked(response.content)
    assert {"README.md", "datapackage.json", "dataset.sqlite"} < held.keys()
    about = (await tiny.get("/dataset")).json()
    described = json.loads(held["datapackage.json"])
    assert (described["version"], described["title"]) == (about["version"], about["title"])
    assert described["licenses"] == [{"name": about["licence"], "path": about["licence_url"]}]
    assert {resource["path"] for resource in described["resources"]} | set(held) == set(held)
    for prose in (held["README.md"].decode(), described["description"]):
        assert about["disclaimer"] in prose
    for said in (about["licence_url"], "To cite it:"):
        assert said in held["README.md"].decode()
    for kind in KINDS.values():
        lines = (await tiny.get(f"/{kind.collection}.ndjson?sort=name")).text.splitlines()
        expected = sorted((json.loads(line) for line in lines), key=lambda record: record["slug"])
        assert json.loads(held[f"json/{kind.key}.json"]) == expected
        assert [row["slug"] for row in rows_of(held, kind.key)] == [record["slug"] for record in expected]


async def test_the_same_release_gives_the_same_bytes(
    tiny: httpx.AsyncClient, tiny_sqlite: str, exported: tuple[Path, str]
) -> None:
    """Whatever the database, however often it is made, packed or written to a folder."""
    packed = await fetched(tiny)
    async with client_for(tiny_sqlite) as another:
        assert await fetched(another) == packed
    copy, _ = exported
    data = copy / "data"
    written = {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert written == unpacked(packed)
    assert (copy / "site" / "dataset.zip").read_bytes() == packed


async def test_a_download_can_be_checked_and_continued(tiny: httpx.AsyncClient) -> None:
    whole = await tiny.get(PATH)
    tag, size = whole.headers["ETag"], len(whole.content)
    head = await tiny.head(PATH)
    assert (head.content, head.headers["Content-Length"], head.headers["ETag"]) == (b"", str(size), tag)
    assert (await tiny.get(PATH, headers={"If-None-Match": tag})).status_code == 304
    rest = await tiny.get(PATH, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, rest.headers["Content-Range"]) == (206, f"bytes 100-{size - 1}/{size}")
    assert whole.content[:100] + rest.content == whole.content
    outdated = await tiny.get(PATH, headers={"Range": "bytes=100-", "If-Range": '"other"'})
    assert (outdated.status_code, outdated.content) == (200, whole.content)
    outside = await tiny.get(PATH, headers={"Range": f"bytes={size}-"})
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, f"bytes */{size}")


async def test_a_new_release_is_another_file(on_sqlite: NewDatabase, second_release: Path) -> None:
    url = on_sqlite("released", TINY)
    async with client_for(url, release_interval=0.05, cache_bytes=0) as client:
        before = await fetched(client)
        assert run("seed", "load", "--content", str(second_release), "--database", url).returncode == 0
        after = await fetched(client)
    assert json.loads(unpacked(before)["datapackage.json"])["version"] == "0.1.0"
    assert json.loads(unpacked(after)["datapackage.json"])["version"] == "0.2.0"


async def test_without_a_dataset_there_is_nothing_to_pack(new_database: NewDatabase) -> None:
    async with client_for(new_database("unloaded", NO_CONTENT)) as client:
        response = await client.get(PATH)
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")


@pytest.mark.parametrize(("records", "status"), [(20_000, 200), (20_001, 404)])
async def test_a_server_does_not_pack_what_is_too_large(new_database: NewDatabase, records: int, status: int) -> None:
    url = new_database(f"of-{records}", TINY)
    with writing_engine(url).begin() as connection:
        info = json.loads(connection.scalars(text("SELECT info FROM dataset")).one())
        info["counts"] = {"nutrients": records}
        connection.execute(text("UPDATE dataset SET info = :info"), {"info": json.dumps(info)})
    async with client_for(url) as client:
        response = await client.get(PATH)
    assert response.status_code == status
    if status == 404:
        assert "python -m seed export" in response.json()["detail"]


# --- tables ---------------------------------------------------------------------------------------------------------


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value of a record with its JSON Pointer; a reference is its slug."""
    if isinstance(value, dict) and path and value.keys() == {"slug", "name", "kind", "url"}:
        yield path, value["slug"]
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, f"{path}/{key}")
    elif value is not None:
        yield path, value


def test_the_tables_hold_every_value_of_every_record(files: dict[str, bytes]) -> None:
    """No value is lost, and none is invented: each stands at the path that its row and column say."""
    expected = {
        (record["slug"], path.replace("/", "_").strip("_"), str(value))
        for record in records_of(files)
        for path, value in leaves(record)
    }
    found = set()
    with database(files) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            if table == "records":
                continue
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                cells = dict(zip(names, row, strict=True))
                own = {"record", "field", "parent", "path", "position"} if "record" in cells else set()
                slug, path = (cells["record"], cells["path"]) if own else (cells["slug"], "")
                for name, value in cells.items():
                    if name not in own and value is not None:
                        key = name if table not in ("texts", "links") else ""
                        found.add((slug, f"{path}/{key}".replace("/", "_").strip("_"), value))
    assert {(slug, path, plain(value)) for slug, path, value in found} == {
        (slug, path, plain(value)) for slug, path, value in expected
    }


def plain(value: Any) -> str:
    """A value in one form, whether JSON, SQLite or a text says it."""
    text = {"True": "1", "False": "0"}.get(str(value), str(value))
    try:
        return repr(float(text))
    except ValueError:
        return text


def database(files: dict[str, bytes]) -> Any:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(files["dataset.sqlite"])
    return closing(connection)


def test_sqlite_reads_the_database(files: dict[str, bytes]) -> None:
    with database(files) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        graded = """
            SELECT statements.text, count(*) FROM statements
            JOIN citations ON citations.record = statements.record AND citations.parent = statements.path
            WHERE statements.record = 'magnesium' AND statements.field = 'roles'
            GROUP BY statements.path ORDER BY statements.position
        """
        roles = next(record for record in records_of(files) if record["slug"] == "magnesium")["roles"]
        assert connection.execute(graded).fetchall() == [(role["text"], len(role["citations"])) for role in roles]


def test_csv_and_sqlite_hold_the_same_rows(files: dict[str, bytes]) -> None:
    with database(files) as connection:
        for name in files:
            if name.startswith("csv/"):
                table = name[4:-4]
                (count,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
                assert (table, count) == (table, len(rows_of(files, table)))
    # one row each
    amounts = rows_of(files, "amounts")
    spinach = [row for row in amounts if row["record"] == "spinach" and row["nutrient"] == "magnesium"]
    assert {row["per_100g_unit"] for row in spinach} == {"mg"}
    assert all("." in row["per_100g_value"] for row in amounts if row["per_100g_value"])
    assert len(rows_of(files, "intakes")) == len(json.loads(files["json/intakes.json"]))


def test_every_column_is_described(files: dict[str, bytes]) -> None:
    described = json.loads(files["datapackage.json"])
    for resource in described["resources"]:
        content = files[resource["path"]]
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        if fields := resource.get("schema", {}).get("fields"):
            header = content.decode().partition("\r\n")[0].split(",")
            assert [field["name"] for field in fields] == header
            assert all(field["description"] for field in fields), resource["name"]


# --- JSON Schemas ---------------------------------------------------------------------------------------------------


def described_by(response: httpx.Response) -> str:
    found = re.search(r'<([^>]+)>; rel="describedby"', response.headers["Link"])
    assert found
    return found[1]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_record_card_and_page_fits_the_schema_that_it_links_to(
    real_once: httpx.AsyncClient, kind: str
) -> None:
    collection = KINDS[kind].collection
    page = await real_once.get(f"/{collection}?limit=100")
    first = page.json()["items"][0]
    detail = await real_once.get(first["url"])
    addresses = f"/schemas/{kind}.json", f"/schemas/{kind}-card.json", f"/schemas/{kind}-page.json"
    assert (described_by(detail), described_by(page)) == (addresses[0], addresses[2])
    record, card, listed = [await validator(real_once, address) for address in addresses]
    record.validate(detail.json())
    for line in (await real_once.get(f"/{collection}.ndjson")).text.splitlines():
        record.validate(json.loads(line))
    following: str | None = f"/{collection}?limit=100"
    while following:
        answer = (await real_once.get(following)).json()
        listed.validate(answer)
        for item in answer["items"]:
            card.validate(item)
        following = answer["next"]
    # it tells records from what is none
    assert not record.is_valid({**detail.json(), "kind": "other"})
    assert not card.is_valid({key: value for key, value in first.items() if key != "name"})


async def validator(client: httpx.AsyncClient, address: str) -> jsonschema_rs.Draft202012Validator:
    response = await client.get(address)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/schema+json")
    schema = response.json()
    assert (schema["$schema"], schema["$id"]) == ("https://json-schema.org/draft/2020-12/schema", address)
    assert set(re.findall(r'"\$ref":"([^"]*)', response.text)) <= {
        f"#/$defs/{name}" for name in schema.get("$defs", ())
    }
    Draft202012Validator.check_schema(schema)
    # thousands of records: a validator in Python takes half a minute
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


# --- the export -----------------------------------------------------------------------------------------------------


def export(folder: Path, database_url: str) -> str:
    done = run("seed", "export", str(folder), "--database", database_url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def exported(tiny_database: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A static copy of the tiny content, and what the command said."""
    folder = tmp_path_factory.mktemp("export") / "new" / "copy"
    return folder, export(folder, tiny_database)


def test_the_export_says_what_it_wrote(exported: tuple[Path, str]) -> None:
    folder, said = exported
    files = sum(path.is_file() for path in folder.rglob("*"))
    assert said == f"Wrote dataset 0.1.0 to {folder}: {files} files.\n"


async def test_every_address_and_every_link_in_the_data_is_a_file(
    tiny: httpx.AsyncClient, exported: tuple[Path, str]
) -> None:
    site = exported[0] / "site"
    linked = set()
    for path in site.rglob("*.json"):
        linked |= set(re.findall(r'"(?:url|next|previous|intakes_url)":"(/[^"]*)"', path.read_text()))
    assert len(linked) > 30
    for link in linked - {"/livez", "/readyz"}:
        path, _, query = link.partition("?")
        file = site / path[1:]
        if not file.is_file():
            name = f"index@{query}" if query else "index"
            file = next(file for ending in ("json", "html") if (file := site / path[1:] / f"{name}.{ending}").is_file())
        assert file.read_bytes() == (await tiny.get(link)).content, link


@pytest.mark.parametrize(
    "case", ["a file in it", "a file of its name", "no room", "no tables", "no dataset", "no database"]
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    case: str, tiny_sqlite: str, on_sqlite: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = tmp_path / "copy", tiny_sqlite
    expected = {
        "a file in it": f"{folder} is not an empty folder; name another.\n",
        "a file of its name": f"{folder} is not an empty folder; name another.\n",
        "no room": "No space left on device.\n",
        "no tables": "The database has no tables yet; run",
        "no dataset": "No dataset is loaded; run",
        "no database": "refused: unable to open database file. Nothing was changed.\n",
    }[case]
    if case == "a file in it":
        folder.mkdir()
        (folder / "mine").touch()
    elif case == "a file of its name":
        folder.touch()
    elif case == "no room":
        folder.mkdir()

        def full(path: Path, content: bytes) -> int:
            if path.suffix == ".sqlite":
                raise OSError(28, "No space left on device", str(path))
            path.touch()
            return len(content)

        monkeypatch.setattr(Path, "write_bytes", full)
    else:
        content = {"no dataset": NO_CONTENT}.get(case)
        url = f"sqlite:///{tmp_path}/none.db" if case == "no database" else on_sqlite("none", content)
        if case == "no tables":
            sqlite3.connect(url.removeprefix("sqlite:///")).close()
            Path(url.removeprefix("sqlite:///")).touch()
    done = run("seed", "export", str(folder), "--database", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    if case == "a file in it":
        assert [path.name for path in folder.iterdir()] == ["mine"]
    elif case == "no room":
        assert list(folder.iterdir()) == []


# --- as consumers do ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The export of the real dataset, in a folder that a server's workers, another user, can enter: not below pytest's
    own, which each start of pytest closes to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        export(folder, real_database())
        yield folder


@pytest.mark.all
async def test_nginx_serves_the_static_copy_as_the_api_does(folder: Path) -> None:
    text = (Path("deploy") / "static.conf").read_text(encoding="utf-8")
    for name, value in {
        "${STATIC_LISTEN}": "<LISTEN>",
        "${STATIC_DIR}": str(folder),
        "/tmp/nginx": "<FOLDER>/nginx",
    }.items():
        text = text.replace(name, value)
    site = folder / "site"
    files = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    addresses = [
        re.sub(r"/?index(?:@(.*))?\.(?:json|html|md)$", lambda m: f"?{m[1]}" if m[1] else "", name) for name in files
    ]
    every = max(1, len(addresses) // 250)
    asked = sorted({f"/{address}" for address in addresses[::every]})
    assert len(asked) >= 200
    async with client_for(real_database()) as live:
        with nginx(text.replace("auto;", "1;")) as ask:
            for address in asked:
                for accept in ("*/*", "text/html"):
                    expected = await live.get(address, headers={"Accept": accept})
                    if expected.status_code in (406, 422):
                        continue  # a file of another media type; the form of a search, whose JSON needs a question
                    status, headers, body = ask(address, Accept=accept)
                    assert (address, status, headers["content-type"]) == (
                        address,
                        200,
                        expected.headers["Content-Type"],
                    )
                    assert body == expected.content, address
                    assert headers["access-control-allow-origin"] == "*"
            moved = ask("/nutrients/thiamine")
            assert (moved[0], moved[1]["location"]) == (308, "/nutrients/vitamin-b1")
            for unknown in (
                "/nutrients?type=mineral",
                "/nutrients.csv?type=mineral",
                "/nutrients/none",
                "/nutrients?/../x",
            ):
                status, headers, body = ask(unknown)
                assert (unknown, status, headers["content-type"]) == (unknown, 404, "application/problem+json")
                assert json.loads(body)["status"] == 404


@pytest.mark.all
def test_frictionless_finds_the_data_package_valid(folder: Path) -> None:
    frictionless = pytest.importorskip("frictionless", reason="needs the dependency group `outlets`")
    report = frictionless.validate(str(folder / "data" / "datapackage.json"))
    assert report.valid, report.flatten(["title", "fieldName", "message"])[:5]
    assert len(report.tasks) > 20


@pytest.mark.all
def test_pandas_polars_and_duckdb_read_the_tables(folder: Path) -> None:
    """The foods richest in magnesium, by each of them."""
    duckdb = pytest.importorskip("duckdb", reason="needs the dependency group `outlets`")
    pandas = pytest.importorskip("pandas", reason="needs the dependency group `outlets`")
    polars = pytest.importorskip("polars")
    file = str(folder / "data" / "csv" / "amounts.csv")
    query = f"""SELECT record FROM '{file}' WHERE nutrient = 'magnesium' AND per_100g_value IS NOT NULL
        ORDER BY per_100g_value DESC, record LIMIT 5"""
    richest = [row[0] for row in duckdb.sql(query).fetchall()]
    assert len(richest) == 5
    frame = pandas.read_csv(file)
    magnesium = frame[(frame.nutrient == "magnesium") & frame.per_100g_value.notna()]
    ordered = magnesium.sort_values(["per_100g_value", "record"], ascending=[False, True])
    assert list(ordered.record[:5]) == richest
    table = polars.read_csv(file).filter(polars.col("nutrient") == "magnesium").drop_nulls("per_100g_value")
    assert table.sort("per_100g_value", "record", descending=[True, False])["record"].to_list()[:5] == richest
    for path in sorted((folder / "data" / "csv").iterdir()):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        shape = (len(rows) - 1, len(rows[0]))
        assert pandas.read_csv(path).shape == shape
        assert polars.read_csv(path, infer_schema_length=None).shape == shape
        assert len(duckdb.sql(f"SELECT * FROM read_csv('{path}', all_varchar = true)").fetchall()) == shape[0]
