"""The OpenAPI description: what FastAPI makes of the routes, plus what it cannot know."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app import __version__
from app.api.exports import MEDIA_TYPES, SEPARATOR
from app.api.openapi_responses import RESPONSES, components, statuses
from app.api.openapi_schemas import REFERENCE, schemas
from app.api.routing import StrictRoute
from app.schemas import KINDS
from app.schemas.common import SLUG_PATTERN
from app.schemas.identifier import CODE_PATTERN

INFO: dict[str, Any] = {
    "title": "Nutrient Knowledge API",
    "version": __version__,
    "summary": "Nutrients, foods and habits that affect muscle twitching, each fact sourced and graded.",
    "description": """
A read-only, keyless API. Every fact carries a grade and citations.

- **Lists** hold cards; `next` is null on the last page. **Details** hold the whole record with its citations.
  **Exports** (`/nutrients.csv`, `/claims.ndjson`, `/faq.jsonld`) hold everything of a filtered list.
- **References** are `{slug, name, kind, url}`; `include` adds their records as cards under `included`.
- **Several values**: `type=mineral,vitamin`, `type=mineral&type=vitamin` or `type[]=mineral&type[]=vitamin`.
- **Unknown parameters and values are errors**; the error names what is allowed.
- **Errors** are `application/problem+json` (RFC 9457), one shape for every status.
- **Caches** may keep everything: strong `ETag`, `Last-Modified`, 304, `Vary`; `Dataset-Version` tells the release.
- Every address is also a page for `Accept: text/html`.

General information, not medical advice.
""",
    "contact": {"name": "The maintainers of the Nutrient Knowledge API"},
    "license_info": {"name": "MIT (code), CC-BY-4.0 (content)", "identifier": "MIT AND CC-BY-4.0"},
    # ours need no other host
    "docs_url": None,
    "redoc_url": None,
    "servers": [{"url": "/", "description": "This server"}],
}

COMPONENTS = {SLUG_PATTERN: "Slugs", CODE_PATTERN: "Codes"}
"""Components for parameters with several values, by the pattern of a value."""

TAGS = {
    "Dataset": "What is served, in which version.",
    **{kind.title: kind.description for kind in KINDS.values()},
    "Exports": "Everything of a filtered list, for spreadsheets and programs.",
    "Comparison": "The nutrient comparison table, ready to render.",
    "Search": "Everything, by the words that people use; completions as they type.",
    "Health": "For load balancers and orchestrators.",
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
        contact=app.contact,
        license_info=app.license_info,
        separate_input_output_schemas=True,
    )
    # said outright: no operation needs a key
    schema["security"] = []
    schema["tags"] = [{"name": tag, "description": text} for tag, text in TAGS.items()]
    schema["components"] |= {"schemas": schemas(schema["components"]["schemas"])} | components()
    examples = {route.path: _examples(route) for route in app.routes if isinstance(route, StrictRoute)}
    for path, item in schema["paths"].items():
        _complete_parameters(item["get"].get("parameters", ()), examples[path])
        _complete_responses(path, item["get"])
    schema["paths"]["/{collection}.{format}"] = {"get": _export_operation()}
    _refer_to_enumerations(schema)
    schema["components"]["parameters"] = _share_parameters([item["get"] for item in schema["paths"].values()])
    _drop_unused(schema)
    return schema


def _drop_unused(schema: dict[str, Any]) -> None:
    """Leave out components that nothing refers to: those that FastAPI adds, and those of excluded keys."""
    before = ""
    while (text := json.dumps(schema)) != before:
        before = text
        for section, parts in schema["components"].items():
            used = {name: part for name, part in parts.items() if f'"#/components/{section}/{name}"' in text}
            schema["components"][section] = used


def _examples(route: StrictRoute) -> dict[str, Any]:
    """An example of each parameter that has one."""
    in_path = {field.name: field.field_info for field in route.dependant.path_params}
    infos = {**route.query_model.model_fields, **in_path}
    return {name: info.examples[0] for name, info in infos.items() if info.examples}


def _share_parameters(operations: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Components for the parameters that several operations have; each operation then refers to them."""
    uses = Counter(json.dumps(parameter) for operation in operations for parameter in operation.get("parameters", ()))
    shared: dict[str, Any] = {}
    names: dict[str, str] = {}
    for text, times in uses.items():
        if times > 1:
            parameter = json.loads(text)
            name = parameter["name"]
            candidates = chain([name], (f"{name}_{number}" for number in count(2)))
            names[text] = next(candidate for candidate in candidates if candidate not in shared)
            shared[names[text]] = parameter
    for operation in operations:
        for parameter in operation.get("parameters", ()):
            if name := names.get(json.dumps(parameter)):
                parameter.clear()
                parameter["$ref"] = f"#/components/parameters/{name}"
    return shared


def _refer_to_enumerations(schema: dict[str, Any]) -> None:
    """In parameters, refer to the enumerations and the slug that are components already."""
    found = schema["components"]["schemas"]
    names = {json.dumps(each["enum"]): name for name, each in found.items() if "enum" in each}
    for item in schema["paths"].values():
        for parameter in item["get"].get("parameters", ()):
            items = parameter["schema"].get("items", {})
            if parameter["schema"].get("pattern") == CODE_PATTERN:
                parameter["schema"] = {"$ref": f"{REFERENCE}Code"}
            elif name := COMPONENTS.get(items.get("pattern")):
                parameter["schema"] = {"$ref": REFERENCE + name}
            elif name := names.get(json.dumps(items.get("enum"))):
                parameter["schema"]["items"] = {"$ref": REFERENCE + name}


def _complete_parameters(parameters: Iterable[dict[str, Any]], examples: Mapping[str, Any]) -> None:
    for parameter in parameters:
        schema = parameter["schema"]
        schema |= next((part for part in schema.pop("anyOf", ()) if part != {"type": "null"}), {})
        for redundant in ("title", "description"):
            schema.pop(redundant, None)
        if parameter["in"] == "path":
            # described, not enforced: another text is a 404 that names the nearest record
            parameter["schema"] = {"$ref": f"{REFERENCE}Slug"}
        schema.pop("examples", None)
        example = examples.get(parameter["name"])
        if schema.get("type") == "array":
            if not schema.get("default"):
                schema.pop("default", None)
            example = example or schema["items"]["enum"][0]
            example = example if isinstance(example, list) else [example]
        if not parameter["required"]:
            del parameter["required"]
        parameter["example"] = example


def _complete_responses(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    _add_problems(responses, statuses(path))
    if "200" in responses:
        responses["200"]["description"] = "OK"


def _add_problems(responses: dict[str, Any], codes: Iterable[str]) -> None:
    for status in codes:
        responses[status] = {"$ref": f"#/components/responses/{RESPONSES[status][0]}"}


def _export_operation() -> dict[str, Any]:
    """One operation for every export: which filters it takes depends on the collection."""
    collections = [kind.collection for kind in KINDS.values()]
    types: dict[str, Any] = {
        media_type.partition(";")[0]: {"schema": {"type": "object" if name == "jsonld" else "string"}}
        for name, media_type in MEDIA_TYPES.items()
    }
    types["text/csv"]["example"] = "slug,name\r\nmagnesium,Magnesium\r\n"
    responses: dict[str, Any] = {"200": {"description": "OK", "content": types}}
    _add_problems(responses, statuses("/{slug}"))
    return {
        "tags": ["Exports"],
        "summary": "Export a filtered list, whole",
        "description": f"""Every record of a collection that the filters select: `csv` and `ndjson` for each collection,
`jsonld` (a schema.org `FAQPage`) for `faq` alone. It takes the list's filters and `sort`.

CSV: a row for each record, a column for each key, keys of inner objects joined by dots. A reference is its slug.
Values of a list are separated by `{SEPARATOR}`; a list inside a list is a JSON array.
`/nutrients/{{slug}}/food-sources.csv` and `.ndjson` export a nutrient's amounts in foods.""",
        "operationId": "export_records",
        "parameters": [
            _parameter(
                "collection", "path", "Collection to export.", {"type": "string", "enum": collections}, "nutrients"
            ),
            _parameter("format", "path", "Format of the export.", {"type": "string", "enum": list(MEDIA_TYPES)}, "csv"),
            _parameter(
                "fields",
                "query",
                "Only these keys of each record, as columns of CSV or keys of NDJSON.",
                {"type": "array", "items": {"type": "string", "pattern": "^[a-z_]+$"}, "minItems": 1, "maxItems": 100},
                ["slug", "name", "summary"],
            ),
            _parameter(
                "bom",
                "query",
                "True: begin CSV with a byte order mark, as some spreadsheets need.",
                {"type": "boolean", "default": False},
                example=False,
            ),
            _parameter(
                "filters",
                "query",
                "The filters and the `sort` of the list, as parameters of their own: `type=mineral&sort=-name`.",
                {"type": "object", "additionalProperties": {"type": "string"}},
                {"from_article": "true"},
            ),
        ],
        "responses": responses,
    }


def _parameter(name: str, place: str, description: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "description": description, "schema": schema, "example": example}
