"""Load: wrk on a core of its own, 64 keep-alive connections."""

import json
import random
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Failed

CONNECTIONS = 64
SCRIPT = Path(__file__).parent / "urls.lua"


@dataclass(frozen=True)
class Measured:
    """One run of wrk."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    body_bytes: int
    errors: int


def measure(url: str, paths: Sequence[str], seconds: float, core: str = "1") -> Measured:
    """Requests a second that the server at `url` answers, asked for `paths` in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(random.sample(paths, len(paths))))
        file.flush()
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        command = ["taskset", "-c", core, "wrk", *options, "-s", str(SCRIPT), url, "--", file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise Failed(f"wrk: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    rate = found["requests"] / found["seconds"]
    size = round(found["bytes"] / max(1, found["requests"]))
    return Measured(max(1, found["requests"]), rate, found["p50_ms"], found["p99_ms"], size, found["errors"])


def with_etags(url: str, paths: Sequence[str]) -> list[str]:
    """The paths, each with the ETag that the server gives it; none where it gives none."""
    found = []
    for path in paths:
        with urllib.request.urlopen(url + path, timeout=10) as response:
            etag = response.headers["ETag"]
        if etag is None:
            return []
        found.append(f"{path}\t{etag}")
    return found


def body(url: str) -> bytes:
    """What the server answers."""
    with urllib.request.urlopen(url, timeout=60) as response:
        content: bytes = response.read()
    return content
