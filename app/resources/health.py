"""/livez and /readyz: for load balancers and orchestrators."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.exc import DBAPIError

from app.db import explain
from app.errors import NotReady
from app.kinds.common import Model
from app.reading import Database
from app.snapshot import dataset

router = APIRouter(tags=["Health"])


class Liveness(Model):
    """The process runs."""

    status: Literal["live"] = Field(default="live", description="Always `live`.")


class Readiness(Model):
    """The process can answer."""

    status: Literal["ready"] = Field(default="ready", description="Always `ready`; else the answer is a 503.")
    dataset: str = Field(description="Version of the dataset.")


@router.get("/livez", summary="Is the process alive?")
async def get_liveness(response: Response) -> Liveness:
    """200 as long as the process runs, whatever the state of the database."""
    response.headers["Cache-Control"] = "no-store"
    return Liveness()


@router.get("/readyz", summary="Can it answer?")
def get_readiness(database: Database, response: Response) -> Readiness:
    """200 when the database answers and holds a dataset; else 503 with the reason."""
    response.headers["Cache-Control"] = "no-store"
    try:
        with database.connect() as connection:
            return Readiness(dataset=dataset(connection)["version"])
    except DBAPIError as error:
        # told at once: only a request for data waits for a database that restarts
        raise NotReady(explain(error)) from error
