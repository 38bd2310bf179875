"""What tests share: databases made from content, and clients for them."""

import fcntl
import io
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, redirect_stderr, redirect_stdout
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from sqlalchemy import Engine, event, insert

from app.commands import main as app_main
from app.commands import migrate
from app.database.engines import writing_engine
from app.database.models import TABLES, metadata
from app.main import create_app
from app.search import current_index
from app.settings import Settings
from seed.__main__ import main as seed_main
from seed.check import Checked, check
from seed.problems import Problem

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "content"
REAL = ROOT / "seed" / "content"
NO_CONTENT = Path("no content")
"""Tables alone."""
PATIENCE = 300
"""Seconds after which a process is taken to hang: beside other work one of seconds can take minutes."""


# workers of pytest-xdist inherit it, so that each of these databases is made once
if "MADE_DATABASES" not in os.environ:
    _made = tempfile.TemporaryDirectory(prefix="nutrients-")
    os.environ["MADE_DATABASES"] = _made.name
    # and not among those of servers that run on this machine
    os.environ["INDEX_DIR"] = f"{_made.name}/indexes"
# tests load hundreds of releases: each would soon put out the index of the real content, which takes seconds to build
current_index.KEPT = 10_000


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `app` or `seed` in this process: a process of its own takes a second to import them."""
    main = {"app": app_main, "seed": seed_main}[module]
    with (
        mock.patch.dict(os.environ, environment),
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        status = main(arguments)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def run_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def examples(number: int) -> int:
    """How many random examples a test tries: a third, or all of them in `make test COVERAGE=1`."""
    return number if "ALL_EXAMPLES" in os.environ else number // 3


def make_database(url: str, content: Path) -> str:
    """Migrate the database and load the content, by the commands that an operator uses."""
    assert migrate(Settings(database_url=url)) == 0
    if content != NO_CONTENT:
        with mock.patch("seed.__main__.check", checked if content in (TINY, REAL) else check):
            assert seed_main(["load", "--content", str(content), "--database", url]) == 0
    return url


@cache
def checked(content: Path) -> tuple[Checked | None, list[Problem]]:
    """What `check` gives for content that does not change while the tests run: all workers share it."""
    path = made_once(content, "pickle", lambda path: path.write_bytes(pickle.dumps(check(content))))
    result: tuple[Checked | None, list[Problem]] = pickle.loads(path.read_bytes())
    return result


def made_once(content: Path, suffix: str, make: Callable[[Path], object]) -> Path:
    """A file that is made from this content, by the first of all workers that needs it."""
    path = Path(os.environ["MADE_DATABASES"]) / f"{sha256(str(content).encode()).hexdigest()[:16]}.{suffix}"
    # the others wait
    with path.with_suffix(f".{suffix}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = path.with_suffix(f".{suffix}.new")
            make(unfinished)
            unfinished.rename(path)
    return path


@cache
def sqlite_file(content: Path) -> Path:
    """A SQLite database with this content, to copy or to read: all workers share it."""
    return made_once(content, "db", lambda path: make_database(f"sqlite:///{path}", content))


def tiny_copy(path: Path) -> str:
    """Copy the SQLite database with the tiny content to this path; returns its URL."""
    shutil.copyfile(sqlite_file(TINY), path)
    return f"sqlite:///{path}"


def real_database() -> str:
    """The URL of a SQLite database with the real content."""
    return f"sqlite:///{sqlite_file(REAL)}"


def real_records() -> list[dict[str, Any]]:
    """Every record of the real content, as JSON gives it."""
    with closing(sqlite3.connect(sqlite_file(REAL))) as connection:
        found = [connection.execute(f"SELECT record FROM {table}") for table in TABLES]
        return [json.loads(record) for rows in found for (record,) in rows]


def scope_of(path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """The ASGI scope of a GET, for tests that read the answer's messages themselves."""
    scope: dict[str, Any] = {"type": "http", "method": "GET", "scheme": "http", "asgi": {"spec_version": "2.4"}}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": ""}
    return scope | {"headers": headers, "server": ("t", 80), "client": None}


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
