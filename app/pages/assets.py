"""Static files of the pages: their addresses change with their content, so that they may be kept for good."""

import hashlib
from functools import cache, partial
from mimetypes import guess_type
from pathlib import Path

from fastapi import FastAPI, Request, Response

STATIC = Path(__file__).parent / "static"
SITE = STATIC / "site"

FOREVER = "public, max-age=31536000, immutable"


def install(app: FastAPI) -> None:
    """Serve the static files, whole: the response cache answers conditions and compresses them, once."""
    paths = {"/favicon.ico": SITE / "icon.svg"}
    for file in sorted(STATIC.rglob("*")):
        if file.is_file():
            path = site(f"/{file.name}") if file.parent == SITE else f"/static/{file.relative_to(STATIC).as_posix()}"
            paths[path] = file
    for path, file in paths.items():
        app.router.add_route(path, partial(_read, file))


# not async: it runs in a thread, as reading takes time
def _read(file: Path, _request: Request) -> Response:
    media_type = guess_type(file.name)[0] or "text/plain"
    return Response(file.read_bytes(), headers={"Cache-Control": FOREVER}, media_type=media_type)


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
