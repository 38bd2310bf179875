"""The OpenAPI description: what FastAPI makes of the routes, plus what it cannot know."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api import deprecation
from app.api.errors import ProblemDetails
from app.api.exports import MEDIA_TYPES
from app.api.openapi_responses import CACHED, RESPONSES, UNCACHED, components, headers, statuses
from app.schemas.common import MAX_SLUG, SLUG_PATTERN

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
    "contact": {"name": "The maintainers of the Nutrient Knowledge API"},
    "license_info": {"name": "MIT (code), CC-BY-4.0 (content)", "identifier": "MIT AND CC-BY-4.0"},
    # ours need no other host
    "docs_url": None,
    "redoc_url": None,
    "servers": [{"url": "/", "description": "This server"}],
}

TAGS = {
    "Dataset": "What is served, in which version and under which licence; the index of everything.",
    "Nutrients": "Vitamins and minerals: what each does in muscle and nerve, and what too little or too much does.",
    "Mechanisms": "Ordered chains of cause and effect, from a trigger to the symptoms it ends in.",
    "Food sources": "Foods, groups of foods and sunlight, with the nutrients that each provides.",
    "Lifestyle factors": "Habits, states and medicines that bear on twitching or disturb nutrients.",
    "FAQ": "Questions as people ask them, with short answers, the graded facts behind them and warnings.",
    "Symptoms": "Symptoms, signs and conditions, with what bears on them and when to see a doctor.",
    "Interactions": "How one nutrient acts on another.",
    "Intakes": "How much of a nutrient people need and may have, by authority and life stage, side by side.",
    "Claims": "Single statements, each with an evidence grade and the sources for and against it.",
    "Sources": "The publications that everything cites.",
    "Comparison": "The nutrient comparison table, ready to render.",
    "Search": "Everything, by the words that people use; completions as they type.",
    "Health": "For load balancers and orchestrators.",
}
"""What each tag holds; a tag that no operation has is left out."""

HAS_NO_DATABASE = {"/livez"}


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
        contact=app.contact,
        license_info=app.license_info,
        separate_input_output_schemas=True,
    )
    # said outright: no operation needs a key
    schema["security"] = []
    operations = {path: item["get"] for path, item in schema["paths"].items()}
    used = {tag for operation in operations.values() for tag in operation["tags"]}
    schema["tags"] = [{"name": tag, "description": text} for tag, text in TAGS.items() if tag in used]
    schema["components"] |= {"schemas": _schemas(schema["components"]["schemas"])} | components()
    for path, operation in operations.items():
        _complete_parameters(operation.get("parameters", ()))
        _complete_responses(path, operation)
    deprecation.describe(schema, app.state.deprecations)
    text = json.dumps(schema)
    for section in ("headers", "responses"):
        parts = schema["components"][section]
        used = {name for name in parts if f'"#/components/{section}/{name}"' in text}
        schema["components"][section] = {name: parts[name] for name in parts if name in used}
    return schema


UNUSED = ("HTTPValidationError", "ValidationError", "MeasuredFood", "AmountLine")
"""Components that FastAPI adds, and those of excluded keys."""


def _schemas(found: dict[str, Any]) -> dict[str, Any]:
    """The components, with the problem's in place of FastAPI's own, and no more said than is needed."""
    problem = ProblemDetails.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    found |= problem.pop("$defs", {}) | {"ProblemDetails": problem}
    for component in found.values():
        # keys may be added within a major version: clients must not refuse them
        if component.get("additionalProperties") is False:
            del component["additionalProperties"]
        for property_ in component.get("properties", {}).values():
            property_.pop("title", None)
    return {name: found[name] for name in sorted(found) if name not in UNUSED}


def _complete_parameters(parameters: Iterable[dict[str, Any]]) -> None:
    for parameter in parameters:
        schema = parameter["schema"]
        schema |= next((kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}), {})
        for redundant in ("title", "description"):
            schema.pop(redundant, None)
        if parameter["in"] == "path":
            # said, not enforced: another text is a 404 that names the nearest record
            schema |= {"pattern": SLUG_PATTERN, "maxLength": MAX_SLUG}
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
            if not schema["default"]:
                del schema["default"]


def _formats(operation: dict[str, Any]) -> list[str]:
    """What the operation's `format` parameter takes."""
    parameters = operation.get("parameters", ())
    return next((list(p["schema"]["enum"]) for p in parameters if p["name"] == "format"), [])


def _complete_responses(path: str, operation: dict[str, Any]) -> None:
    cached = operation["tags"] != ["Health"]
    responses = operation["responses"]
    success = responses["200"]
    success |= {"description": operation["summary"], "headers": headers(*(CACHED if cached else UNCACHED))}
    content = success["content"]["application/json"]
    content["schema"].pop("title", None)
    example = EXAMPLES / f"{operation['operationId']}.json"
    if example.is_file():
        recorded = json.loads(example.read_text(encoding="utf-8"))
        content["examples"] = {"real": {"summary": recorded["request"], "value": recorded["response"]}}
    for name in _formats(operation):
        media_type = MEDIA_TYPES[name].partition(";")[0]
        schema = {"type": "object"} if name == "jsonld" else {"type": "string"}
        success["content"].setdefault(media_type, {"schema": schema})
    responses.pop("422", None)
    for status in statuses(path, cached=cached, database=path not in HAS_NO_DATABASE):
        responses[status] = {"$ref": f"#/components/responses/{RESPONSES[status][0]}"}
