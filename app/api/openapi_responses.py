"""The answers that operations share, as the API description documents them: their headers and their problems."""

from typing import Any

from app.api.errors import MEDIA_TYPE

JSON = dict[str, Any]

HEADERS: dict[str, JSON] = {
    "ETag": {
        "description": "Strong validator of these very bytes; send it back as `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^(W/)?"[^"]*"$'},
        "example": '"5f2c7d0b9a"',
    },
    "Link": {
        "description": "RFC 8288 links: `next`, `prev`, `first` and `last` of a list, the licence, the terms of use.",
        "schema": {"type": "string"},
        "example": '</nutrients?limit=20&offset=20>; rel="next"',
    },
    "Location": {
        "description": "Path of the record.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/nutrients/magnesium",
    },
    "Dataset-Version": {
        "description": "The release of the dataset that the answer comes from: its version, `+`, the start of its "
        "hash.",
        "schema": {"type": "string"},
        "example": "1.0.0+5041235379b5",
    },
}


def headers(*names: str) -> JSON:
    """References to the documented headers of these names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(status: int, title: str, description: str, detail: str) -> JSON:
    example = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/nutrients",
        "errors": [],
    }
    if status == 422:
        wrong = {"parameter": "type", "location": "query", "message": "'minerl' is not a valid value."}
        example["errors"] = [{**wrong, "allowed": ["vitamin", "mineral"], "suggestion": "mineral"}]
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }


RESPONSES: dict[str, tuple[str, JSON]] = {
    "308": (
        "Moved",
        {
            "description": "The record has this path.",
            "headers": headers("Location"),
        },
    ),
    "404": (
        "NotFound",
        _problem(
            404,
            "Not Found",
            "There is no such record; `detail` names the nearest.",
            "There is no nutrient 'magnesum'. Did you mean /nutrients/magnesium?",
        ),
    ),
    "422": (
        "Invalid",
        _problem(
            422,
            "Unprocessable Content",
            "A parameter is unknown or wrong; `errors` names each, and what is allowed.",
            "1 parameter is wrong: type.",
        ),
    ),
    "default": (
        "Problem",
        _problem(
            405,
            "Method Not Allowed",
            "Any other error, in the same shape; after 429 and 503 try again in `Retry-After` seconds.",
            "This API is read-only: POST is not allowed here, only GET, HEAD and OPTIONS.",
        ),
    ),
}
"""By status: name of the component, and the response."""


def components() -> JSON:
    """The `headers` and `responses` of the description's components."""
    return {"headers": HEADERS, "responses": dict(RESPONSES.values())}


def statuses(path: str) -> list[str]:
    """The statuses next to 200 with which an operation at this path may answer."""
    found = set(RESPONSES)
    if "{slug}" not in path and path != "/resolve":
        found -= {"308", "404"}
    return sorted(found)
