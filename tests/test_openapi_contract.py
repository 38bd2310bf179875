"""The API description: valid, complete, and changed only on purpose."""

import difflib
import json
import tomllib
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from app.api.parameters import MAX_VALUES
from tests.fuzz import fuzz
from tests.serving import api_server
from tests.snapshot import SNAPSHOT, contract, description
from tests.support import REAL, real_database

DESCRIPTION = description()
OPERATIONS = {path: item["get"] for path, item in DESCRIPTION["paths"].items()}
PATHS = list(OPERATIONS)


VERSION = tomllib.loads((REAL / "dataset.toml").read_text(encoding="utf-8"))["version"]
REQUIRED = {"/search": {"q": "magnesium"}, "/suggest": {"q": "ma"}, "/changes": {"since": VERSION}}


def schema_of(path: str) -> dict[str, Any]:
    schema: dict[str, Any] = OPERATIONS[path]["responses"]["200"]["content"]["application/json"]["schema"]
    return {**schema, "components": DESCRIPTION["components"]}


def test_the_description_is_valid() -> None:
    validate(DESCRIPTION)


def test_the_contract_changes_only_on_purpose() -> None:
    recorded = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    changes = list(difflib.unified_diff(recorded, contract().splitlines(), "recorded", "now", lineterm="", n=2))
    assert not changes, "`make openapi` records it anew:\n" + "\n".join(changes)


def test_there_is_one_component_for_each_shape() -> None:
    shapes: dict[str, str] = {}
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        shape = json.dumps({key: value for key, value in schema.items() if key not in ("title", "description")})
        assert shape not in shapes, f"{name} and {shapes[shape]} are the same"
        shapes[shape] = name


def test_every_tag_in_use_is_described() -> None:
    used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in DESCRIPTION["tags"]}, "app/api/openapi.py: TAGS"


@pytest.mark.parametrize("path", PATHS)
def test_every_operation_is_described_with_a_recorded_example(path: str) -> None:
    operation = OPERATIONS[path]
    assert operation["summary"]
    assert operation["description"]
    content = operation["responses"]["200"]["content"]["application/json"]
    assert content.get("examples"), "tests/update_examples.py: REQUESTS"
    for example in content["examples"].values():
        Draft202012Validator(schema_of(path)).validate(example["value"])


@pytest.mark.parametrize("path", PATHS)
def test_every_parameter_says_what_it_takes(path: str) -> None:
    for parameter in OPERATIONS[path].get("parameters", ()):
        schema = parameter["schema"]
        assert parameter["description"], parameter["name"]
        assert "anyOf" not in schema, parameter["name"]
        if schema["type"] == "array":
            assert (parameter["style"], parameter["explode"]) == ("form", False)
            assert schema["maxItems"] == MAX_VALUES
            assert schema["items"].keys() & {"enum", "pattern"}, parameter["name"]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_documents_its_headers(path: str) -> None:
    for status, response in OPERATIONS[path]["responses"].items():
        where = response.get("$ref", "").rpartition("/")[2]
        full = DESCRIPTION["components"]["responses"][where] if where else response
        assert {"Cache-Control", "X-Request-ID"} <= full["headers"].keys(), status
        assert ("Retry-After" in full["headers"]) == (status in ("429", "503"))
        assert ("Allow" in full["headers"]) == (status == "405")
    validators = OPERATIONS[path]["responses"]["200"]["headers"].keys() & {"ETag", "Last-Modified"}
    assert bool(validators) == ("304" in OPERATIONS[path]["responses"])


@strategies.composite
def requests(draw: strategies.DrawFn) -> tuple[str, dict[str, str], int]:
    """An operation's path, a shape to ask for, and which record of the list."""
    path = draw(strategies.sampled_from(PATHS))
    parameters = [each for each in OPERATIONS[path].get("parameters", ()) if each["name"] in ("fields", "include")]
    query = dict(REQUIRED.get(path, {}))
    for parameter in parameters:
        values = strategies.sampled_from(parameter["schema"]["items"]["enum"])
        query[parameter["name"]] = ",".join(draw(strategies.lists(values, max_size=5, unique=True)))
    return path, {name: value for name, value in query.items() if value}, draw(strategies.integers(0, 99))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(request=requests())
async def test_answers_are_as_described(real: httpx.AsyncClient, request: tuple[str, dict[str, str], int]) -> None:
    path, query, place = request
    asked = path
    if "{slug}" in path:
        collection, _, below = path.partition("/{slug}")
        items = (await real.get(collection, params={"limit": 100})).json()["items"]
        asked = items[place % len(items)]["url"] + below
    response = await real.get(asked, params=query)
    assert response.status_code == 200
    Draft202012Validator(schema_of(path)).validate(response.json())


def test_a_generator_of_requests_finds_nothing() -> None:
    """A short run; `make fuzz` is the long one."""
    with api_server(real_database()) as origin:
        done = fuzz(origin, examples=1, phases="examples,fuzzing,stateful")
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
