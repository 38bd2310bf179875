"""/resolve: from a code of another vocabulary to the record with this meaning."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query as QueryParameters
from fastapi import Request, Response
from pydantic import AfterValidator, Field
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.errors import NotFound
from app.api.parameters import Query, check_code
from app.api.records import release_info
from app.api.responses import read
from app.api.routing import Router
from app.database.models import Identifier, Record
from app.schemas import KINDS
from app.schemas.identifier import CODE_PATTERN, Match, code_of

router = Router(tags=["Dataset"])

MOST = 10
"""Records that an error names: a broad code may have many."""


class ResolveQuery(Query):
    """What to look for."""

    code: Annotated[str, AfterValidator(check_code)] = Field(
        description="Vocabulary and code; case does not matter.",
        examples=["icd-11:MB47.5"],
        json_schema_extra={"pattern": CODE_PATTERN},
    )


@router.get(
    "/resolve",
    status_code=HTTPStatus.PERMANENT_REDIRECT,
    summary="Find the record of a code",
    response_class=Response,
)
async def resolve_code(request: Request, query: Annotated[ResolveQuery, QueryParameters()]) -> Response:
    """Redirects to the record that has exactly the meaning of a code of another vocabulary (`same_as`); an error names
    near ones.
    """
    return await read(request, lambda connection: _resolve(connection, query.code))


def _resolve(connection: Connection, code: str) -> Response:
    release_info(connection)
    selected = select(col(Record.slug), col(Record.kind), col(Identifier.match)).join(
        Identifier, col(Identifier.record) == col(Record.slug)
    )
    found = connection.execute(
        # the exact one first, so that the limit never cuts it off
        selected.where(col(Identifier.code) == code_of(code))
        .order_by(col(Identifier.match) != Match.exact, col(Record.slug))
        .limit(MOST)
    ).all()
    paths = [(KINDS[row.kind].url(row.slug), row.match) for row in found]
    for path, match in paths:
        if match == Match.exact:
            return Response(status_code=HTTPStatus.PERMANENT_REDIRECT, headers={"Location": path})
    if not paths:
        raise NotFound(f"No record has the code '{code}'; /search finds records by words.")
    near = ", ".join(f"{path} ({match})" for path, match in paths)
    raise NotFound(f"No record means exactly '{code}', but the code is near to: {near}.")
