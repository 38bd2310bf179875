"""python -m tests.fuzz [EXAMPLES [SEED]]: ask the API whatever its description allows and forbids, with every check on.

It is asked twice. First as anybody would: from the served description, without hooks. That a filter names a record
which exists is no matter of form, though, so lists may refuse what was made up; tests/clients/README.md has what the
generator cannot know. Then from a description that lists the slugs and codes there are, so that nothing else may be
refused; rules between parameters are beyond OpenAPI, and tests/fuzz_hooks.py knows them.
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from app.api.parameters import MAX_VALUES, Slugs
from app.api.queries import annotations
from app.api.routing import StrictRoute
from app.main import create_app
from app.schemas import KINDS
from app.settings import Settings
from tests.serving import api_server
from tests.support import ROOT, parameters_of, real_database

UNKNOWN = {"life_stage": "/intakes?life_stage=unknown", "since": "/changes?since=99.0.0"}
"""Requests whose refusal names all codes that a parameter takes."""

COLUMNS = ["slug", "name", "kind", "url"]
"""What every export has: further columns, and filters, depend on the collection, for which OpenAPI has no words."""

CONFIGURATION = """
# a URL that is too long is refused as such, whether the rest of it is right or wrong
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", 404, 406, 414]
negative_data_rejection.expected-statuses = [400, 404, 406, 414, 422]
"""

MADE_UP = """
# what is well formed and does not exist, and what does not go together
[[operations]]
include-path-regex = "^/[a-z-]+$|food-sources$|collection"
exclude-path-regex = "search|suggest|comparison|dataset|livez|readyz"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 400, 404, 406, 414, 422]
"""

PHASES = "examples,coverage,fuzzing,stateful"


def _kinds_of_slugs() -> dict[tuple[str, str], tuple[str, ...]]:
    """By path and parameter: of which kinds the slugs are that it takes; empty for the collection's own."""
    routes = [
        route
        for route in create_app(Settings(database_url="sqlite:///none.db")).routes
        if isinstance(route, StrictRoute)
    ]
    return {
        (route.path, name): rule.kinds
        for route in routes
        for name, rule in annotations(route.query_model, Slugs).items()
    }


def described(origin: str) -> dict[str, Any]:
    """The served description, its slug and code parameters narrowed to the records that exist."""
    with httpx.Client(base_url=origin) as client:
        description: dict[str, Any] = client.get("/openapi.json").json()
        slugs = {
            name: [item["slug"] for item in client.get(kind.url("")[:-1], params={"limit": 100}).json()["items"]]
            for name, kind in KINDS.items()
        }
        codes = {code: client.get(url).json()["errors"][0]["allowed"] for code, url in UNKNOWN.items()}
    own = {f"/{kind.collection}": (name,) for name, kind in KINDS.items()}
    kinds_of = _kinds_of_slugs()
    for path, item in description["paths"].items():
        parameters = copy.deepcopy(parameters_of(description, path))
        item["get"]["parameters"] = [each for name, each in parameters.items() if name != "filters"]
        for parameter in item["get"]["parameters"]:
            schema = parameter["schema"]
            items = schema.get("items", schema)
            if parameter["name"] == "fields":
                items["enum"] = COLUMNS
            if (path, parameter["name"]) in kinds_of:
                kinds = kinds_of[path, parameter["name"]] or own[path]
                many = {"type": "array", "minItems": 1, "maxItems": MAX_VALUES}
                parameter["schema"] = {**many, "items": {"enum": [slug for kind in kinds for slug in slugs[kind]]}}
            if parameter["name"] in codes:
                items["enum"] = codes[parameter["name"]]
    return description


def fuzz(
    origin: str, examples: int, phases: str = PHASES, seed: int = 1, *, as_served: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run these phases, with every check, against a server, with so many random examples an operation."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        description = httpx.get(f"{origin}/openapi.json").json() if as_served else described(origin)
        file.write_text(json.dumps(description), encoding="utf-8")
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(CONFIGURATION + (MADE_UP if as_served else ""), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(configuration)]
        command += ["run", str(file), "--url", origin]
        command += ["--checks", "all", "--phases", phases, "--continue-on-failure"]
        # seeded, so that what is found is found again
        command += ["--max-examples", str(examples), "--seed", str(seed), "--no-color"]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        hooks = {} if as_served else {"SCHEMATHESIS_HOOKS": "tests.fuzz_hooks", "PYTHONPATH": path}
        environment = {**os.environ, **hooks}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=3600, check=False
        )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    examples, seed = numbers[0] if numbers else 100, numbers[1] if len(numbers) > 1 else 1
    with api_server(real_database()) as server:
        runs = [fuzz(server, examples, seed=seed, as_served=as_served) for as_served in (True, False)]
    for done in runs:
        print(done.stdout, done.stderr)
    sys.exit(any(done.returncode for done in runs))
