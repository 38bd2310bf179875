"""The OpenAPI description: valid, small, complete, what the app really answers, and changed only on purpose."""

import difflib
import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.parameters import MAX_VALUES
from app.schemas import KINDS
from tests.fuzz import fuzz
from tests.serving import ServeOrigin
from tests.snapshot import SNAPSHOT, contract, description
from tests.support import examples, parameters_of, real_database
from tests.update_examples import EXAMPLES, REQUESTS, shortened

DESCRIPTION = json.loads(json.dumps(description()))
OPERATIONS = {path: item["get"] for path, item in DESCRIPTION["paths"].items()}
EXPORTS = "/{collection}.{format}"
RESOLVE = "/resolve"
JSON_PATHS = [path for path in OPERATIONS if path not in (EXPORTS, RESOLVE)]


def schema_of(path: str) -> dict[str, Any]:
    content = OPERATIONS[path]["responses"]["200"]["content"]
    # one shape, and no other media type next to it
    assert list(content) == ["application/json"]
    return {**content["application/json"]["schema"], "components": DESCRIPTION["components"]}


async def test_it_is_served_and_small(tiny: httpx.AsyncClient) -> None:
    response = await tiny.get("/openapi.json")
    assert response.json() == DESCRIPTION
    assert len(response.content) <= 120_000


def test_it_is_valid() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_the_contract_changes_only_on_purpose() -> None:
    recorded = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    changes = list(difflib.unified_diff(recorded, contract().splitlines(), "recorded", "now", lineterm="", n=2))
    assert not changes, "`make generate` records it:\n" + "\n".join(changes)


def test_operation_ids_are_unique_and_readable() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))
    assert all(name.replace("_", "").isalpha() and name.islower() for name in ids)


def test_every_tag_in_use_is_described() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in DESCRIPTION["tags"]}, "app/api/openapi.py: TAGS"


def test_there_is_one_component_for_each_shape() -> None:
    shapes: dict[str, str] = {}
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        if not schema.keys() & {"properties", "allOf", "enum"}:
            # two texts are alike in form alone
            continue
        shape = json.dumps({key: value for key, value in schema.items() if key not in ("title", "description")})
        assert shape not in shapes, f"{name} and {shapes[shape]} are the same"
        shapes[shape] = name


def _objects(schema: Any) -> Any:
    """Every object of a JSON schema, at any depth."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


def test_responses_have_no_defaults_and_nullable_scalars_are_types() -> None:
    components = DESCRIPTION["components"]["schemas"]
    for name, component in components.items():
        for schema in _objects(component):
            assert "default" not in schema, name
            # generators make one type of one schema, and poor ones of alternatives
            assert not schema.keys() & {"anyOf", "oneOf"}, name


def test_a_client_narrows_records_by_their_kind() -> None:
    components = DESCRIPTION["components"]["schemas"]
    assert components["Ref"]["properties"]["kind"]["$ref"].endswith("/Kind")
    assert components["Kind"]["enum"] == list(KINDS)
    assert components["Included"].get("required", []) == []
    assert set(components["Included"]["properties"]) == {kind.key for kind in KINDS.values()}


@pytest.mark.parametrize("path", list(OPERATIONS))
def test_every_operation_and_parameter_is_described(path: str) -> None:
    operation = OPERATIONS[path]
    assert operation["summary"]
    assert operation["description"]
    for name, parameter in parameters_of(DESCRIPTION, path).items():
        schema = parameter["schema"]
        assert parameter["description"], name
        assert parameter.get("example") not in (None, "", []), name
        assert "anyOf" not in schema, name
        if "$ref" in schema:
            schema = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if schema.get("type") == "array":
            assert schema["maxItems"] == MAX_VALUES


@pytest.mark.parametrize("path", JSON_PATHS)
def test_examples_of_answers_fit_the_schema(path: str) -> None:
    content = OPERATIONS[path]["responses"]["200"]["content"]["application/json"]
    if "example" in content:
        Draft202012Validator(schema_of(path)).validate(content["example"])


@pytest.mark.parametrize("path", list(OPERATIONS))
def test_problems_are_documented(path: str) -> None:
    responses = OPERATIONS[path]["responses"]
    assert {"422", "default"} <= responses.keys()
    assert ("404" in responses) == ("{" in path or path == RESOLVE)
    for status in responses.keys() & {"404", "422", "default"}:
        name = responses[status]["$ref"].rpartition("/")[2]
        content = DESCRIPTION["components"]["responses"][name]["content"]["application/problem+json"]
        assert content["schema"]["$ref"] == "#/components/schemas/ProblemDetails"


async def test_try_it_out_works_with_the_examples(real: httpx.AsyncClient) -> None:
    """A docs page fills in every example: all of them together are a good request, and a list is not empty."""
    for path in OPERATIONS:
        url, query = path, []
        for name, parameter in parameters_of(DESCRIPTION, path).items():
            example = parameter["example"]
            if parameter["in"] == "path":
                url = url.replace(f"{{{name}}}", example)
            elif isinstance(example, dict):
                query += list(example.items())
            else:
                values = example if isinstance(example, list) else [example]
                query += [(name, str(value).lower() if value in (True, False) else value) for value in values]
        response = await real.get(url, params=query)
        assert response.status_code == (308 if path == RESOLVE else 200), (path, response.text)
        if response.headers.get("content-type") == "application/json" and "items" in response.json():
            # no question is about a nutrient, a symptom and a habit at once
            assert response.json()["items"] or path == "/faq", (path, str(response.url))


def test_each_operation_has_one_recorded_request() -> None:
    ids = {OPERATIONS[path]["operationId"] for path in JSON_PATHS}
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(REQUESTS) == ids


@pytest.mark.parametrize("operation", REQUESTS)
async def test_examples_are_what_the_app_answers(real: httpx.AsyncClient, operation: str) -> None:
    recorded = json.loads((EXAMPLES / f"{operation}.json").read_text(encoding="utf-8"))
    assert recorded["request"] == f"GET {REQUESTS[operation]}"
    response = await real.get(REQUESTS[operation])
    assert response.status_code == 200
    assert shortened(response.json()) == recorded["response"], "the content has changed: run `make generate`"


@strategies.composite
def requests(draw: strategies.DrawFn) -> tuple[str, dict[str, str], int]:
    """An operation's path, what to include, and which record of the list."""
    path = draw(strategies.sampled_from(JSON_PATHS))
    parameters = parameters_of(DESCRIPTION, path)
    query = {name: str(p["example"]) for name, p in parameters.items() if p.get("required") and p["in"] == "query"}
    if "include" in parameters:
        values = strategies.sampled_from(parameters["include"]["schema"]["items"]["enum"])
        if included := draw(strategies.lists(values, max_size=5, unique=True)):
            query["include"] = ",".join(included)
    return path, query, draw(strategies.integers(0, 99))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests())
async def test_answers_are_as_described(real: httpx.AsyncClient, request: tuple[str, dict[str, str], int]) -> None:
    path, query, place = request
    url = path
    if "{slug}" in path:
        collection, _, subpath = path.partition("/{slug}")
        items = (await real.get(collection, params={"limit": 100})).json()["items"]
        url = items[place % len(items)]["url"] + subpath
    response = await real.get(url, params=query)
    assert response.status_code == 200
    jsonschema_rs.Draft202012Validator(schema_of(path)).validate(response.json())


@pytest.mark.all
def test_a_generator_of_requests_finds_nothing(api_server: ServeOrigin) -> None:
    """Short runs; `make fuzz` makes the long ones."""
    with api_server(real_database()) as origin:
        for as_served in (True, False):
            done = fuzz(origin, examples=1, phases="examples,fuzzing,stateful", as_served=as_served)
            assert done.returncode == 0, done.stdout[-8000:] + done.stderr
