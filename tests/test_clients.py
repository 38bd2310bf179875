"""Clients that others write: linters, generated types and clients, a browser. What is missing is skipped, visibly.

With `REQUIRE_CLIENTS` set, as continuous integration sets it, what is missing is a failure.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.schemas import KINDS
from tests.serving import api_server, file_server
from tests.snapshot import description
from tests.support import ROOT, real_database

CLIENTS = Path(__file__).parent / "clients"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def _need(what: str, *, there: bool) -> None:
    if there:
        return
    if os.environ.get("REQUIRE_CLIENTS"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing; see tests/clients/README.md")


def _tool(*command: str, folder: Path = CLIENTS, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture
def node() -> None:
    _need("Node.js", there=shutil.which("node") is not None)
    _need("tests/clients/node_modules", there=(CLIENTS / "node_modules").is_dir())


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("openapi") / "openapi.json"
    file.write_text(json.dumps(description()), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with api_server(real_database()) as address:
        yield address


@pytest.mark.usefixtures("node")
def test_spectral_has_nothing_to_say(openapi: Path) -> None:
    done = _tool("npx", "spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "hint", str(openapi))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No results" in done.stdout


@pytest.mark.usefixtures("node")
def test_redocly_has_nothing_to_say(openapi: Path) -> None:
    done = _tool("npx", "redocly", "lint", "--config", "redocly.yaml", "--format", "json", str(openapi))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


@pytest.mark.usefixtures("node")
def test_typescript_types_compile(openapi: Path, tmp_path: Path) -> None:
    for file in ("consumer.ts", "tsconfig.json"):
        shutil.copy(CLIENTS / file, tmp_path)
    done = _tool("npx", "openapi-typescript", str(openapi), "--output", str(tmp_path / "generated.d.ts"))
    assert done.returncode == 0, done.stdout + done.stderr
    done = _tool("npx", "tsc", "--project", str(tmp_path / "tsconfig.json"))
    assert done.returncode == 0, done.stdout


def test_a_generated_python_client_fetches_every_collection(openapi: Path, origin: str, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("post_hooks: []\n", encoding="utf-8")
    generator = str(Path(sys.executable).parent / "openapi-python-client")
    options = ["--meta", "none", "--config", str(settings), "--fail-on-warning"]
    done = _tool(
        generator, "generate", "--path", str(openapi), "--output-path", "made_client", *options, folder=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    script = tmp_path / "fetch.py"
    script.write_text(FETCH, encoding="utf-8")
    collections = [kind.collection for kind in KINDS.values()]
    done = _tool(sys.executable, str(script), origin, *collections, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    fetched = json.loads(done.stdout)
    assert fetched.keys() == set(collections)
    assert all(got == total > 0 for got, total in fetched.values()), fetched


FETCH = """
import importlib, json, sys
from made_client import Client

origin, *collections = sys.argv[1:]
fetched = {}
with Client(base_url=origin, raise_on_unexpected_status=True) as client:
    for collection in collections:
        name = collection.replace("-", "_")
        list_all = importlib.import_module(f"made_client.api.{name}.list_{name}")
        items, total = 0, 1
        while items < total:
            page = list_all.sync(client=client, limit=50, offset=items)
            items, total = items + len(page.items), page.total
            assert all(type(item).__name__ != "PartialRecord" for item in page.items), collection
        fetched[collection] = (items, total)
print(json.dumps(fetched))
"""


@pytest.mark.usefixtures("node")
def test_pages_and_front_end_work_in_a_browser(origin: str, tmp_path: Path) -> None:
    _need("Chromium", there=CHROMIUM is not None)
    with file_server(ROOT / "examples" / "frontend") as frontend:
        done = _tool(
            "node",
            "--test",
            "browser.test.mjs",
            API_URL=origin,
            FRONTEND_URL=frontend,
            SCREENSHOTS=str(tmp_path),
            CHROMIUM=str(CHROMIUM),
        )
    assert done.returncode == 0, done.stdout
