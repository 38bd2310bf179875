"""python -m tests.redbot: have REDbot, a checker of HTTP, look at a list, a record, an error, CSV and the pages.

It states facts and complaints alike, so its report is to be read.
"""

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
    "/nutrients?kind=none",
    "/nutrients?format=csv",
    "/docs",
    "/redoc",
    "/openapi.json",
)


def report(url: str) -> str:
    """What REDbot says of the resource."""
    command = [str(Path(sys.executable).parent / "redbot"), "-o", "text_verbose", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


if __name__ == "__main__":
    with api_server(real_database()) as origin:
        for path in PATHS:
            print(f"=== {path}\n{report(origin + path)}")
