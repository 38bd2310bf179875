"""The answers that operations share, as the API description documents them: their headers and their problems."""

import json

from app.api.errors import MEDIA_TYPE, ParameterError, problem_body, wrong
from app.schemas.common import Json

HEADERS: dict[str, Json] = {
    "Location": {
        "description": "Path of the record.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/nutrients/magnesium",
    },
}


def _problem(status: int, description: str, detail: str, *errors: ParameterError) -> Json:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    example = json.loads(problem_body(status, detail, "/nutrients", errors))
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


RESPONSES: dict[str, tuple[str, Json]] = {
    "308": (
        "Moved",
        {
            "description": "The record has this path.",
            "headers": {"Location": {"$ref": "#/components/headers/Location"}},
        },
    ),
    "404": (
        "NotFound",
        _problem(
            404,
            "There is no such record; `detail` names the nearest.",
            "There is no nutrient 'magnesum'. Did you mean /nutrients/magnesium?",
        ),
    ),
    "422": (
        "Invalid",
        _problem(
            422,
            "A parameter is unknown or wrong; `errors` names each, and what is allowed.",
            "1 parameter is wrong: type.",
            wrong("type", "'minerl' is not a valid value.", ("vitamin", "mineral"), "mineral"),
        ),
    ),
    "default": (
        "Problem",
        _problem(
            405,
            "Any other error, in the same shape; after 429 and 503 try again in `Retry-After` seconds.",
            "This API is read-only: POST is not allowed here, only GET, HEAD and OPTIONS.",
        ),
    ),
}
"""By status: name of the component, and the response."""


def components() -> Json:
    """The `headers` and `responses` of the description's components."""
    return {"headers": HEADERS, "responses": dict(RESPONSES.values())}


def statuses(path: str) -> list[str]:
    """The statuses next to 200 with which an operation at this path may answer."""
    found = set(RESPONSES)
    if "{slug}" not in path and path != "/resolve":
        found -= {"308", "404"}
    return sorted(found)
