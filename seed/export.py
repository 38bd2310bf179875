"""Write the dataset as files: the package that /dataset.zip holds, and a static copy of the API.

The copy is made by asking the app for every address that has no query, and for those with one that its answers link to,
such as the next page of a list. docs/deployment.md says which file an address has.
"""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection, select
from sqlmodel import col
from starlette.routing import Route

from app.api.records import release_info
from app.command_line import Refused
from app.database.models import Record, Redirect
from app.http.prefix import prefix_of
from app.main import create_app
from app.outlets.package import package_files
from app.schemas import KINDS
from app.settings import Settings

MEDIA_TYPES = {"application/json": "json", "text/html": "html", "text/markdown": "md"}
"""What one address may answer, by `Accept`, and how the file of each is called."""

LINK = re.compile(rb'"(?:next|previous|url|intakes_url)":"(/[^"]*\?[^"]*)"')
"""A path with a query that an answer links to."""


def export(folder: Path, settings: Settings) -> int:
    """Write everything to an empty or new folder; returns the number of files. After an error it is empty again."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not an empty folder; name another.")
    # nobody is served: no limit, and no port of its own
    own = {"access_log": False, "rate_limit": "", "metrics_port": 0, "tracing": False}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_export(folder, create_app(settings.model_copy(update=own))))
    except BaseException:
        for part in folder.iterdir():
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        raise
    return sum(path.is_file() for path in folder.rglob("*"))


async def _export(folder: Path, app: FastAPI) -> None:
    prefix = prefix_of({}, app.state.settings)
    async with app.router.lifespan_context(app):
        with app.state.engine.connect() as connection:
            release = release_info(connection)
            for name, content in package_files(connection, release).items():
                _write(folder / "data" / name, content)
            _write(folder / "redirects.map", "".join(_redirects(connection, prefix)).encode())
            addresses = list(_addresses(app, connection))
        known = set(addresses)
        while addresses:
            for name, content in (await _answers(app, addresses.pop(), release.tag)).items():
                _write(folder / "site" / name, content)
                if name.endswith(".json"):
                    found = {link.decode().removeprefix(prefix) for link in LINK.findall(content)} - known
                    known |= found
                    addresses += found


def _addresses(app: FastAPI, connection: Connection) -> Iterator[str]:
    """Every path of a route, those of records filled in with each record."""
    paths = [route.path for route in app.routes if isinstance(route, Route)]
    yield from (path for path in paths if "{" not in path)
    for slug, kind in connection.execute(select(col(Record.slug), col(Record.kind)).order_by(col(Record.slug))):
        start = f"/{KINDS[kind].collection}/{{slug}}"
        yield from (path.replace("{slug}", slug) for path in paths if path.startswith(start))


def _redirects(connection: Connection, prefix: str) -> Iterator[str]:
    """Lines of a `map` of nginx, from other slugs to records."""
    selected = select(col(Redirect.kind), col(Redirect.slug), col(Redirect.target))
    for kind, slug, target in connection.execute(selected.order_by(col(Redirect.kind), col(Redirect.slug))):
        yield f"{KINDS[kind].url(slug)} {prefix}{KINDS[kind].url(target)};\n"


async def _answers(app: FastAPI, address: str, tag: str) -> dict[str, bytes]:
    """The files of an address: one for each media type that it answers in and that may be kept."""
    found: dict[str, bytes] = {}
    for accept in ("*/*", "text/html", "text/markdown"):
        status, headers, body = await _ask(app, address, accept)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Refused(f"{address} was answered with {status}: {json.loads(body)['detail']}")
        if status != HTTPStatus.OK or headers.get("cache-control") == "no-store":
            continue
        if headers.get("dataset-version", tag) != tag:
            raise Refused("Another release was loaded in the meantime; run the command again.")
        path, _, query = address.partition("?")
        name = path.strip("/")
        ending = MEDIA_TYPES.get(headers["content-type"].partition(";")[0])
        if ending and "." not in name.rpartition("/")[2]:
            name = f"{name}/index{'@' if query else ''}{query}.{ending}".lstrip("/")
        found[name] = body
    return found


async def _ask(app: FastAPI, address: str, accept: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer, without a server."""
    path, _, query = address.partition("?")
    scope: dict[str, Any] = {"type": "http", "method": "GET", "scheme": "http", "root_path": "", "client": None}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "server": ("localhost", 80)}
    scope["headers"] = [(b"host", b"localhost"), (b"accept", accept.encode())]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
