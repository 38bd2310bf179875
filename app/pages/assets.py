"""Static files of the pages: their addresses change with their content, so that they may be kept for good."""

import hashlib
from functools import cache
from os import PathLike, stat_result
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
SITE = STATIC / "site"

FOREVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """Static files, to be kept for a year."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = FOREVER
        return response


def install(app: FastAPI) -> None:
    """Serve the static files."""
    app.mount(site(""), Assets(directory=SITE), name="site")
    app.mount("/static", Assets(directory=STATIC), name="static")


@cache
def package(name: str) -> str:
    """Path of the one folder of a package, which carries its version."""
    (folder,) = STATIC.glob(f"{name}-*")
    return f"/static/{folder.name}"


@cache
def site(file: str) -> str:
    """Path of one of our own files; their folder is named after what they hold."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SITE.iterdir())))
    return f"/static/site-{digest.hexdigest()[:12]}{file}"
