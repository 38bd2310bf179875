"""python -m tests.fuzz [EXAMPLES [SEED]]: ask the API whatever its description allows and forbids, with every check on.

That a filter names a record which exists is no matter of form, so the description that the generator reads lists the
slugs and codes there are. Rules between parameters are beyond OpenAPI; tests/fuzz_hooks.py knows them.
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

from app.schemas import KINDS
from tests.serving import api_server
from tests.support import ROOT, parameters_of, real_database

UNKNOWN = {"life_stage": "/intakes?life_stage=unknown", "release": "/changes?since=99.0.0"}
"""Requests whose refusal names all codes that there are."""

COLUMNS = ["slug", "name", "kind", "url"]
"""What every export has: further columns, and filters, depend on the collection, for which OpenAPI has no words."""

CONFIGURATION = """
# a URL that is too long is refused as such, whether the rest of it is right or wrong
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "3xx", 404, 406, 414]
negative_data_rejection.expected-statuses = [400, 404, 406, 414, 422]
"""

PHASES = "examples,coverage,fuzzing,stateful"


def described(origin: str) -> dict[str, Any]:
    """The served description, its slug and code parameters narrowed to the records that exist."""
    with httpx.Client(base_url=origin) as client:
        description: dict[str, Any] = client.get("/openapi.json").json()
        slugs = {
            name: [item["slug"] for item in client.get(kind.url("")[:-1], params={"limit": 100}).json()["items"]]
            for name, kind in KINDS.items()
        }
        codes = {code: client.get(url).json()["errors"][0]["allowed"] for code, url in UNKNOWN.items()}
    own = {f"/{kind.collection}": [name] for name, kind in KINDS.items()}
    for path, item in description["paths"].items():
        parameters = copy.deepcopy(parameters_of(description, path))
        item["get"]["parameters"] = [each for name, each in parameters.items() if name != "filters"]
        for parameter in item["get"]["parameters"]:
            schema = parameter["schema"]
            items = schema.get("items", schema)
            if parameter["name"] == "fields":
                items["enum"] = COLUMNS
            if parameter["in"] == "query" and items.get("$ref", "").endswith("/Slug"):
                kinds = items.get("x-slug-of") or own[path]
                schema["items"] = {"enum": [slug for kind in kinds for slug in slugs[kind]]}
            if "x-code-of" in items:
                items |= {"enum": codes[items["x-code-of"]]}
    return description


def fuzz(origin: str, examples: int, phases: str = PHASES, seed: int = 1) -> subprocess.CompletedProcess[str]:
    """Run these phases, with every check, against a server, with so many random examples an operation."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_text(json.dumps(described(origin)), encoding="utf-8")
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(CONFIGURATION, encoding="utf-8")
        command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(configuration)]
        command += ["run", str(file), "--url", origin]
        command += ["--checks", "all", "--phases", phases, "--continue-on-failure"]
        # seeded, so that what is found is found again
        command += ["--max-examples", str(examples), "--seed", str(seed), "--no-color"]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz_hooks", "PYTHONPATH": path}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=3600, check=False
        )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    with api_server(real_database()) as server:
        done = fuzz(server, numbers[0] if numbers else 100, seed=numbers[1] if len(numbers) > 1 else 1)
    print(done.stdout, done.stderr)
    sys.exit(done.returncode)
