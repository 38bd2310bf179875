"""A server as a user starts it, for clients that need an address."""

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from tests.support import PATIENCE, ROOT


def free_port() -> int:
    """A port that nothing listens on."""
    # below the range from which the kernel takes ports of outgoing connections: nobody else gets it in between
    while True:
        port = random.randint(20000, 31999)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return when the condition holds; a server that does not answer yet is no failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(httpx.TransportError):
            if condition():
                return
        time.sleep(0.1)
    pytest.fail("it did not come about in time")


@dataclass(frozen=True)
class Server:
    """A server process; `log` is what it writes to its standard error."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        """Its answer."""
        # nothing here is encrypted, and to read the trusted certificates takes longer than a request
        return httpx.get(f"{self.url}{path}", timeout=30, verify=False)

    def connect(self) -> socket.socket:
        """A connection to write bytes to."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def processor_time(self) -> float:
        """Seconds for which its main thread, that of the event loop, has run: other work on the machine adds none."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def resident(self) -> int:
        """Its memory, in bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def children(self) -> set[int]:
        """Process ids of its workers, where it has more than one."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in listed if "spawn_main" in _command_line(pid)}


def _command_line(pid: str) -> str:
    """Empty for a process that has ended since it was listed: a worker that is being replaced may."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@contextmanager
def _running(command: list[str], port: int, path: str, folder: Path, **environment: str) -> Iterator[Server]:
    """Run a module as a server until it answers, and end it afterwards."""
    with tempfile.NamedTemporaryFile(prefix="serving-", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        server = Server(process, port, Path(log.name))

        def answers() -> bool:
            assert process.poll() is None, f"{command} ended: {server.log.read_text()}"
            return server.get(path).status_code == 200

        try:
            wait_for(answers)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Serve(Protocol):
    """Starts a server over a database, with these environment variables."""

    def __call__(self, database: str, **settings: str) -> AbstractContextManager[Server]: ...


ServeOrigin = Callable[..., AbstractContextManager[str]]
"""Starts a server; gives its origin."""


@contextmanager
def serving(database: str, **settings: str) -> Iterator[Server]:
    """The API over this database as a process of its own, with these environment variables."""
    port = free_port()
    settings = {"DATABASE_URL": database, "HOST": "127.0.0.1", "PORT": str(port), "ACCESS_LOG": "false", **settings}
    with _running(["app", "serve"], port, "/livez", ROOT, **settings) as server:
        yield server


@contextmanager
def api_server(database: str, **settings: str) -> Iterator[str]:
    """The API over this database, with these environment variables; yields its origin."""
    with serving(database, **{"ACCESS_LOG": "true", **settings}) as server:
        yield server.url


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """A plain file server, another origin than the API's; yields its origin."""
    port = free_port()
    with _running(["http.server", str(port), "--bind", "127.0.0.1"], port, "/", folder) as server:
        yield server.url
