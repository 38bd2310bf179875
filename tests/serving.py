"""A server as a user starts it, for clients that need an address."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support import ROOT


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _process(command: list[str], url: str, folder: Path, **environment: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                assert process.poll() is None, f"{command} ended"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def api_server(database: str, **settings: str) -> Iterator[str]:
    """The API over this database, with these environment variables; yields its origin."""
    port = str(free_port())
    settings = {"DATABASE_URL": database, "HOST": "127.0.0.1", "PORT": port, **settings}
    with _process(["app", "serve"], f"http://127.0.0.1:{port}", ROOT, **settings) as url:
        yield url


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """A plain file server, another origin than the API's; yields its origin."""
    port = str(free_port())
    with _process(["http.server", port, "--bind", "127.0.0.1"], f"http://127.0.0.1:{port}", folder) as url:
        yield url
