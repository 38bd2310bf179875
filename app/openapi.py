"""The OpenAPI description: what FastAPI makes of the routes, plus what it cannot know."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.errors import MEDIA_TYPE, ProblemDetails

EXAMPLES = Path(__file__).parent / "examples"

ABOUT: dict[str, Any] = {
    "title": "Nutrient Knowledge API",
    "version": "0.1.0",
    "summary": "Nutrients, mechanisms, foods and habits that bear on muscle twitching, each fact sourced and graded.",
    "description": """
A read-only, keyless API over a curated knowledge base. Every fact carries an evidence grade and citations.

- **Lists** are `{items, total, limit, offset, next, previous, included, disclaimer}`; `next` is null on the last page.
- **References** to other records are always `{slug, name, url}`; `include` adds the records in full under `included`.
- **Several values** are separated by commas: `kind=mineral,vitamin`, `sort=grade,-name`, `slug=magnesium,calcium`.
- **Unknown parameters and values are errors**, never ignored; the error names what is allowed.
- **Errors** are `application/problem+json` (RFC 9457), one shape for every status.

General information, not medical advice.
""",
    "license_info": {"name": "MIT (code), CC-BY-4.0 (content)", "identifier": "MIT AND CC-BY-4.0"},
    # the function's name is unique and readable; FastAPI's default adds path and method
    "generate_unique_id_function": lambda route: route.name,
    "servers": [{"url": "/", "description": "This server"}],
}

PROBLEMS = {
    "404": "There is no such record; `detail` names the nearest.",
    "422": "A parameter is unknown or wrong; `errors` names each, and what is allowed.",
    "503": "The database cannot answer, or holds no dataset; try again after `Retry-After` seconds.",
}


def install(app: FastAPI) -> None:
    """Make `app.openapi()` return the completed description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description.strip(),
        routes=app.routes,
        servers=app.servers,
        license_info=app.license_info,
        separate_input_output_schemas=True,
    )
    components = schema["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError", "MeasuredFood", "AmountLine"):
        components.pop(unused, None)
    problem = ProblemDetails.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    components |= problem.pop("$defs", {})
    components["ProblemDetails"] = problem
    for component in components.values():
        # keys may be added within a major version: clients must not refuse them
        if component.get("additionalProperties") is False:
            del component["additionalProperties"]
    for path, item in schema["paths"].items():
        for operation in item.values():
            _complete(path, operation)
    return schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        schema |= next((kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}), {})
        for redundant in ("title", "description"):
            schema.pop(redundant, None)
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
            if not schema["default"]:
                del schema["default"]
    responses = operation["responses"]
    responses.pop("422", None)
    for status, description in PROBLEMS.items():
        if (status == "404" and "{slug}" not in path) or (status == "503" and path == "/livez"):
            continue
        reference = {"$ref": "#/components/schemas/ProblemDetails"}
        responses[status] = {"description": description, "content": {MEDIA_TYPE: {"schema": reference}}}
    example = EXAMPLES / f"{operation['operationId']}.json"
    if example.is_file():
        recorded = json.loads(example.read_text(encoding="utf-8"))
        content = responses["200"]["content"]["application/json"]
        content["examples"] = {"real": {"summary": recorded["request"], "value": recorded["response"]}}
