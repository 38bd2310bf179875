"""python -m tests.redbot: have REDbot, a checker of HTTP, look at a list, a record, errors, CSV and the pages."""

import json
import subprocess
import sys
from pathlib import Path

from tests.serving import api_server
from tests.support import real_database

PATHS = (
    "/",
    "/nutrients",
    "/nutrients/magnesium",
    "/nutrients/none",
    "/nutrients?type=none",
    "/nutrients.csv",
    "/nutrients.ndjson",
    "/faq.jsonld",
    "/search?q=eyelid",
    "/docs",
    "/openapi.json",
    "/livez",
)

WANTED = {"STORE_PUBLIC_UNNECESSARY"}
"""What we do on purpose: `public` says that shared caches may keep answers to requests with credentials as well."""


def complaints(url: str) -> list[str]:
    """What REDbot warns of or finds bad about the resource, but for what is wanted."""
    command = [str(Path(sys.executable).parent / "redbot"), "-o", "har", url]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
    notes = [note for entry in report["log"]["entries"] for note in entry["_red_messages"]]
    assert notes, f"REDbot says nothing of {url}"
    bad = [note for note in notes if note["level"] not in ("GOOD", "INFO") and note["note_id"] not in WANTED]
    return [f"{note['level']} {note['note_id']}: {note['summary']}" for note in bad]


if __name__ == "__main__":
    with api_server(real_database()) as origin:
        found = {path: complaints(origin + path) for path in PATHS}
    for path, notes in found.items():
        print(path, *(notes or ["nothing to complain about"]), sep="\n    ")
    sys.exit(any(found.values()))
