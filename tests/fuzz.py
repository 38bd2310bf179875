"""python -m tests.fuzz [EXAMPLES]: ask the API whatever its description allows and forbids, with every check on.

That a filter names a record which exists is no matter of form, so the description that the generator reads lists the
slugs there are.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from app.kinds import KINDS
from app.kinds.common import SLUG_PATTERN
from tests.serving import api_server
from tests.support import real_database

PHASES = "examples,coverage,fuzzing,stateful"
ALL = {"fields": "slug", "limit": 100}


def described(origin: str) -> dict[str, Any]:
    """The served description, its slug parameters narrowed to the records that exist."""
    with httpx.Client(base_url=origin) as client:
        description: dict[str, Any] = client.get("/openapi.json").json()
        slugs = {
            name: [item["slug"] for item in client.get(kind.url("")[:-1], params=ALL).json()["items"]]
            for name, kind in KINDS.items()
        }
    own = {f"/{kind.collection}": [name] for name, kind in KINDS.items()}
    for path, item in description["paths"].items():
        for parameter in item["get"].get("parameters", ()):
            items = parameter["schema"].get("items", {})
            if parameter["in"] == "query" and items.get("pattern") == SLUG_PATTERN:
                kinds = items.get("x-slug-of") or own[path]
                parameter["schema"]["items"] = {"enum": [slug for kind in kinds for slug in slugs[kind]]}
    return description


def fuzz(origin: str, examples: int, phases: str = PHASES) -> subprocess.CompletedProcess[str]:
    """Run these phases, with every check, against a server, with so many random examples an operation."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_text(json.dumps(described(origin)), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "schemathesis"), "run", str(file), "--url", origin]
        command += ["--checks", "all", "--phases", phases, "--continue-on-failure"]
        # seeded, so that what is found is found again
        command += ["--max-examples", str(examples), "--seed", "1", "--no-color"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3600, check=False)


if __name__ == "__main__":
    with api_server(real_database()) as server:
        done = fuzz(server, int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    print(done.stdout, done.stderr)
    sys.exit(done.returncode)
