"""What tests share: databases made from content, and clients for them."""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, event, insert

from app.__main__ import migrate
from app.database.engines import writing_engine
from app.database.models import metadata
from app.main import create_app
from app.settings import Settings
from seed.__main__ import main as load

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "content"
REAL = ROOT / "seed" / "content"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def make_database(url: str, content: Path) -> str:
    """Migrate the database and load the content, by the commands that an operator uses."""
    assert migrate(Settings(database_url=url)) == 0
    assert load(["load", "--content", str(content), "--database", url]) == 0
    return url


@cache
def real_database() -> str:
    """A SQLite database with the real content, made once a process."""
    folder = tempfile.mkdtemp(prefix="nutrients-")
    return make_database(f"sqlite:///{folder}/real.db", REAL)


@asynccontextmanager
async def client_for(url: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app over this database."""
    app = create_app(Settings(database_url=url, **settings))
    if app.state.access_log:
        # its thread writes between tests too, when pytest does not capture
        app.state.access_log.stream = io.StringIO()
    # as a server does: an unexpected error is answered, not raised
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


def parameters_of(description: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """The parameters of a path's operation in an API description, by name."""
    parameters = description["paths"][path]["get"].get("parameters", ())
    shared = description["components"].get("parameters", {})
    full = [shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in parameters]
    return {parameter["name"]: parameter for parameter in full}


def statements_of(engine: Engine) -> list[str]:
    """A list that grows by every statement of the engine from now on."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    return statements


def with_long_list(url: str) -> str:
    """Add ten thousand records to the list of sources, 40 MB altogether; returns the URL."""
    engine = writing_engine(url)
    filler = json.dumps({"slug": "s", "name": "n", "kind": "source", "url": "/sources/s", "title": "x" * 4000})
    with engine.begin() as connection:
        for start in range(0, 10_000, 1000):
            slugs = [f"s{number}" for number in range(start, start + 1000)]
            rows = [{"slug": slug, "kind": "source", "name": "n"} for slug in slugs]
            connection.execute(insert(metadata.tables["record"]), rows)
            columns = {
                "sort_name": "n",
                "from_article": False,
                "last_reviewed": date(2026, 1, 1),
                "record": filler,
                "card": filler,
                "type": "review",
                "year": None,
            }
            connection.execute(insert(metadata.tables["source"]), [{"slug": slug, **columns} for slug in slugs])
    engine.dispose()
    return url
