"""The bodies that nginx serves as files, from memory.

`granian --interface rsgi bench.peers.memory:app`; `python -m bench.peers.memory` serves them with robyn.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["PEERS_FILES"])
BODIES = {f"/{file.relative_to(FOLDER)}": file.read_bytes() for file in FOLDER.rglob("*.json")}
HEADERS = [("content-type", "application/json")]


async def app(scope: Any, protocol: Any) -> None:
    """RSGI, granian's default interface."""
    body = BODIES.get(scope.path)
    if body is None:
        protocol.response_empty(404, HEADERS)
    else:
        protocol.response_bytes(200, HEADERS, body)


def serve_with_robyn() -> None:
    """Each body as a `const` route, robyn's way for answers that never change: Python is not asked again."""
    from robyn import Response, Robyn  # noqa: PLC0415 - granian does without it

    robyn = Robyn(__file__)

    def answer(body: bytes) -> Callable[[], Response]:
        return lambda: Response(200, dict(HEADERS), body)

    for path, body in BODIES.items():
        robyn.get(path, const=True)(answer(body))
    # with the check, a port in use makes it ask for another on standard input, for ever
    robyn.start(_check_port=False)


if __name__ == "__main__":
    serve_with_robyn()
