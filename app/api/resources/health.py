"""/livez and /readyz: for load balancers and orchestrators."""

from typing import Literal

from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.api.errors import NotReady
from app.api.records import ReleaseInfo, release_info
from app.api.responses import read
from app.api.routing import Router
from app.database.engines import OLD_SCHEMA, explain
from app.database.models import schema_is_current
from app.schemas.common import Json, Model, Text

router = Router(tags=["Health"])


def _example(**answer: str) -> dict[int | str, Json]:
    """An answer shown in the API description; those of all records would be a third of it."""
    return {200: {"content": {"application/json": {"example": answer}}}}


class Liveness(Model):
    """The process runs."""

    status: Literal["live"] = Field(default="live", description="Always `live`.")


class Readiness(Model):
    """The process can answer."""

    status: Literal["ready"] = Field(default="ready", description="Always `ready`; else the answer is a 503.")
    dataset: Text = Field(description="Version of the dataset.")


@router.get("/livez", response_model=Liveness, summary="Is the process alive?", responses=_example(status="live"))
async def get_liveness() -> Response:
    """200 as long as the process runs."""
    return _uncached(Liveness())


@router.get(
    "/readyz",
    response_model=Readiness,
    summary="Can it answer?",
    responses=_example(status="ready", dataset="1.2.0"),
)
async def get_readiness(request: Request) -> Response:
    """200 when every route can answer: the database does, and holds a dataset; else 503 with the reason."""
    try:
        release = await read(request, _release)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # it is asked again: what was lost while nobody used it tells nothing
        # fails immediately: only a request for data waits for a database that restarts
        raise NotReady(explain(error)) from error
    return _uncached(Readiness(dataset=release["version"]))


def _release(connection: Connection) -> ReleaseInfo:
    release = release_info(connection)
    if not schema_is_current(connection):
        raise NotReady(OLD_SCHEMA)
    return release


def _uncached(state: Model) -> Response:
    return Response(state.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")
