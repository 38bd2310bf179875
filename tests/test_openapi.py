"""The OpenAPI description: valid, complete, and showing what the running app really answers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.openapi import EXAMPLES
from app.main import create_app
from app.settings import Settings
from tests.update_examples import REQUESTS

Spec = dict[str, Any]


@pytest.fixture(scope="module")
def spec() -> Spec:
    described: Spec = json.loads(json.dumps(create_app(Settings(database_url="sqlite://")).openapi()))
    return described


async def test_it_is_served(tiny: httpx.AsyncClient, spec: Spec) -> None:
    assert (await tiny.get("/openapi.json")).json() == spec


def operations(spec: Spec) -> Iterator[tuple[str, Spec]]:
    for path, item in spec["paths"].items():
        for operation in item.values():
            yield path, operation


def test_it_is_valid(spec: Spec) -> None:
    assert spec["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(spec).validate()


def test_operation_ids_are_unique_and_readable(spec: Spec) -> None:
    ids = [operation["operationId"] for _, operation in operations(spec)]
    assert len(ids) == len(set(ids))
    assert all(name.replace("_", "").isalpha() and name.islower() for name in ids)


def test_every_operation_is_described(spec: Spec) -> None:
    for path, operation in operations(spec):
        for key in ("summary", "description", "tags"):
            assert operation.get(key), (path, key)


def test_every_operation_shows_a_real_example(spec: Spec) -> None:
    for path, operation in operations(spec):
        content = operation["responses"]["200"]["content"]["application/json"]
        assert content.get("examples"), path
        assert operation["operationId"] in REQUESTS


def test_every_parameter_is_described(spec: Spec) -> None:
    for path, operation in operations(spec):
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (path, parameter["name"])
            assert parameter["schema"].get("type"), (path, parameter["name"])


def test_every_property_is_described(spec: Spec) -> None:
    components = spec["components"]["schemas"]
    for name, component in components.items():
        for key, schema in component.get("properties", {}).items():
            target = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
            assert schema.get("description") or target.get("description"), (name, key)


def test_problems_are_documented(spec: Spec) -> None:
    for path, operation in operations(spec):
        wanted = {"422"} | ({"404"} if "{slug}" in path else set()) | ({"503"} if path != "/livez" else set())
        assert wanted <= set(operation["responses"]), path
        for status in wanted:
            name = operation["responses"][status]["$ref"].rpartition("/")[2]
            response = spec["components"]["responses"][name]
            assert response["description"]
            reference = response["content"]["application/problem+json"]["schema"]["$ref"]
            assert reference == "#/components/schemas/ProblemDetails"
    assert "HTTPValidationError" not in json.dumps(spec)


def test_closed_sets_and_commas_are_described(spec: Spec) -> None:
    parameters = {p["name"]: p for p in spec["paths"]["/nutrients"]["get"]["parameters"]}
    assert parameters["kind"]["schema"]["items"]["enum"] == ["vitamin", "mineral"]
    assert (parameters["kind"]["style"], parameters["kind"]["explode"]) == ("form", False)
    assert parameters["limit"]["schema"]["maximum"] == 100
    assert parameters["electrolyte"]["schema"]["type"] == "boolean"
    assert not any(parameter.get("required") for parameter in parameters.values())


def test_each_operation_has_one_recorded_request() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(REQUESTS)


@pytest.mark.parametrize("operation", REQUESTS)
async def test_examples_are_what_the_app_answers(real: httpx.AsyncClient, operation: str) -> None:
    recorded = json.loads((EXAMPLES / f"{operation}.json").read_text(encoding="utf-8"))
    assert recorded["request"] == f"GET {REQUESTS[operation]}"
    response = await real.get(REQUESTS[operation])
    assert response.status_code == 200
    assert response.json() == recorded["response"], "the content has changed: run `make examples`"
