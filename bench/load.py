"""Load: wrk on a core of its own, 64 keep-alive connections."""

import json
import random
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Failed, Running, processor_seconds

CONNECTIONS = 64
PATIENCE = 60
"""Seconds after which a server should have answered what it was left with."""
IDLE = 0.03
"""Seconds of processor time in a fifth of a second that a server takes at rest, for its log or its watching."""
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
    processor_us: float
    """Microseconds of processor time of the server for each request."""


def measure(server: Running, paths: Sequence[str], seconds: float, core: str = "1") -> Measured:
    """What a server does when it is asked for `paths` in turn."""
    url = server.server.url
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(random.sample(paths, len(paths))))
        file.flush()
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        command = ["taskset", "-c", core, "wrk", *options, "-s", str(SCRIPT), url, "--", file.name]
        before = processor_seconds(server.pid)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if done.returncode:
        raise Failed(f"wrk: {done.stderr or done.stdout}")
    used = processor_seconds(server.pid) - before
    _await_rest(server)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    requests = max(1, found["requests"])
    return Measured(
        requests=requests,
        rate=found["requests"] / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        body_bytes=round(found["bytes"] / requests),
        errors=found["errors"],
        processor_us=1e6 * used / requests,
    )


def _await_rest(server: Running) -> None:
    """Wait until a server has answered what it was left with: it would share its core with the next one."""
    deadline, before = time.monotonic() + PATIENCE, -1.0
    while (used := processor_seconds(server.pid)) - before > IDLE:
        if time.monotonic() > deadline:
            raise Failed(f"{server.server.name} does not come to rest.")
        before = used
        time.sleep(0.2)


def with_etags(url: str, paths: Sequence[str]) -> list[str]:
    """The paths, each with the ETag that the server gives it."""
    found = []
    for path in paths:
        with urllib.request.urlopen(url + path, timeout=10) as response:
            found.append(f"{path}\t{response.headers['ETag']}")
    return found


def body(url: str) -> bytes:
    """What the server answers."""
    with urllib.request.urlopen(url, timeout=60) as response:
        content: bytes = response.read()
    return content
