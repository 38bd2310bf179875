"""/dataset.zip and /schemas: what is fetched once, to be kept."""

from fastapi import Request, Response
from pydantic_core import to_json
from sqlalchemy import Connection
from starlette.datastructures import State

from app.api.errors import NotFound
from app.api.records import release_info
from app.api.responses import read, release_headers
from app.api.routing import Router
from app.outlets.json_schemas import json_schema, models
from app.outlets.package import NAME, package_files, zipped

ZIP = "application/zip"

MOST = 20_000
"""Records up to which a server packs the dataset: it holds all of them in memory while it does."""

router = Router(include_in_schema=False)

SCHEMAS = models()


def get_schema(request: Request) -> Response:
    """A JSON Schema, which changes with the code alone."""
    path = request.scope["path"]
    return Response(to_json(json_schema(path, SCHEMAS[path])), media_type="application/schema+json")


@router.get("/dataset.zip")
async def get_dataset_zip(request: Request) -> Response:
    """The whole dataset as one file: JSON, CSV tables, SQLite, and what describes them."""
    return await read(request, lambda connection: _packed(connection, request.app.state), is_long=True)


def _packed(connection: Connection, state: State) -> Response:
    release = release_info(connection)
    if sum(release["counts"].values()) > MOST:
        raise NotFound("The dataset is too large to be packed on demand; `python -m seed export` writes it.")
    # kept here, too: packing takes too long to be done again where the response cache has no room
    tag, packed = getattr(state, "dataset_zip", ("", b""))
    if tag != release.tag:
        packed = zipped(package_files(connection, release))
        state.dataset_zip = release.tag, packed
    headers = release_headers(release)
    headers["Content-Disposition"] = f'attachment; filename="{NAME}-{release["version"]}.zip"'
    return Response(packed, headers=headers, media_type=ZIP)


router.offer("/dataset.zip", ZIP)
for path in SCHEMAS:
    router.add_route(path, get_schema)
