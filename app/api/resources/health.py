"""/livez and /readyz: for load balancers and orchestrators."""

from typing import Literal

from fastapi import Response
from pydantic import Field
from sqlalchemy.exc import DBAPIError

from app.api.errors import NotReady
from app.api.reading import Database
from app.api.routing import Router
from app.api.snapshot import dataset
from app.database.engines import explain
from app.schemas.common import Model

router = Router(tags=["Health"])


class Liveness(Model):
    """The process runs."""

    status: Literal["live"] = Field(default="live", description="Always `live`.")


class Readiness(Model):
    """The process can answer."""

    status: Literal["ready"] = Field(default="ready", description="Always `ready`; else the answer is a 503.")
    dataset: str = Field(description="Version of the dataset.")


@router.get("/livez", response_model=Liveness, summary="Is the process alive?")
async def get_liveness() -> Response:
    """200 as long as the process runs, whatever the state of the database."""
    return _fresh(Liveness())


@router.get("/readyz", response_model=Readiness, summary="Can it answer?")
def get_readiness(database: Database) -> Response:
    """200 when the database answers and holds a dataset; else 503 with the reason."""
    try:
        with database.connect() as connection:
            return _fresh(Readiness(dataset=dataset(connection)["version"]))
    except DBAPIError as error:
        # told at once: only a request for data waits for a database that restarts
        raise NotReady(explain(error)) from error


def _fresh(state: Model) -> Response:
    """An answer that no cache may keep."""
    return Response(state.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")
