"""`make screenshots`: the pictures of a page that the README shows."""

import os
import subprocess

from tests.serving import api_server
from tests.support import ROOT, real_database

if __name__ == "__main__":
    with api_server(real_database(), ACCESS_LOG="false") as origin:
        subprocess.run(
            ["node", "screenshots.mjs"],
            cwd=ROOT / "tests" / "clients",
            env={**os.environ, "API_URL": origin, "SCREENSHOTS": str(ROOT / "docs")},
            check=True,
        )
