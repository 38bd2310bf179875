"""Faults: each is told, harms nobody else, and is over when its cause is."""

import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import MakeUrl
from tests.support import ROOT, TINY, client_for, make_database, run

PATHS = ("/dataset", "/nutrients", "/nutrients/iron", "/sources", "/comparison")


async def answers(client: httpx.AsyncClient) -> list[tuple[int, str]]:
    return [(response.status_code, response.text) for response in [await client.get(path) for path in PATHS]]


async def told(client: httpx.AsyncClient) -> str:
    """Why the API is not ready; everything that must hold then is checked."""
    assert (await client.get("/livez")).status_code == 200
    ready, listed = await client.get("/readyz"), await client.get("/nutrients")
    for response in (ready, listed):
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["Retry-After"]
        assert response.headers["Cache-Control"] == "no-store"
    return str(ready.json()["detail"])


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def damage_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    # a connection trusts the pages it keeps until the file's change counter differs
    content[24:28] = os.urandom(4)
    content[200:] = os.urandom(len(content) - 200)
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (Path.unlink, "missing"),
    "empty": (lambda path: path.write_bytes(b""), "no tables"),
    "another-format": (damage_header, "damaged"),
    "pages": (damage_pages, "damaged"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "sound.db"
    make_database(f"sqlite:///{path}", TINY)
    return path


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("by_rename", [False, True], ids=["in-place", "by-rename"])
async def test_a_damaged_file_is_told_and_a_mended_one_is_served(
    sound: Path, tmp_path: Path, damage: str, by_rename: bool
) -> None:
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    spoil, reason = DAMAGES[damage]
    async with client_for(f"sqlite:///{path}", cache_bytes=0) as client:
        before = await answers(client)
        assert {status for status, _ in before} == {200}
        spoil(path)
        assert reason in await told(client)
        if by_rename:
            shutil.copy(sound, tmp_path / "y.db")
            (tmp_path / "y.db").replace(path)
        else:
            path.write_bytes(sound.read_bytes())
        assert await answers(client) == before


async def test_a_database_is_told_at_every_step_of_its_making(new_database: MakeUrl) -> None:
    url = new_database("steps")
    async with client_for(url, cache_bytes=0) as client:
        assert "app migrate" in await told(client)
        assert run("app", "migrate", DATABASE_URL=url).returncode == 0
        assert await told(client) == "No dataset is loaded; run `python -m seed load`."
        assert run("seed", "load", "--content", str(TINY), DATABASE_URL=url).returncode == 0
        assert (await client.get("/readyz")).status_code == 200


async def test_cached_answers_go_on_without_the_database(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    shutil.copy(sound, path)
    async with client_for(f"sqlite:///{path}") as client:
        first = await client.get("/nutrients")
        path.rename(tmp_path / "elsewhere.db")
        again = await client.get("/nutrients")
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "stale-if-error" in again.headers["Cache-Control"]
        assert "Warning" not in again.headers
        refused = await client.get("/claims")
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) > 0
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        (tmp_path / "elsewhere.db").rename(path)
        assert (await client.get("/claims")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


def seed_with(prelude: str, url: str, content: Path) -> subprocess.CompletedProcess[str]:
    """Run `seed load` in a process that is spoilt first."""
    script = f"import sys\n{prelude}\nfrom seed.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", script, "load", "--content", str(content)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def changed(content: Path) -> Path:
    (content / "dataset.toml").write_text((content / "dataset.toml").read_text().replace("0.1.0", "0.2.0"))
    return content


KILL_BEFORE_COMMIT = """
import os, signal, seed.load
seed.load.keep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

KILL_IN_COMMIT = """
import os, signal, seed.replace
seed.replace._put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("prelude", [KILL_BEFORE_COMMIT, KILL_IN_COMMIT], ids=["before", "in"])
async def test_a_load_that_is_killed_changes_nothing(new_database: MakeUrl, content: Path, prelude: str) -> None:
    url = make_database(new_database("killed"), TINY)
    if prelude is KILL_IN_COMMIT and not url.startswith("sqlite"):
        prelude = KILL_BEFORE_COMMIT
    async with client_for(url, cache_bytes=0) as client:
        before = await answers(client)
        assert seed_with(prelude, url, changed(content)).returncode == -signal.SIGKILL
        assert await answers(client) == before
        done = run("seed", "load", "--content", str(content), DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        assert (await client.get("/dataset")).json()["version"] == "0.2.0"


async def test_a_full_disk_ends_a_load_with_a_sentence_and_no_change(
    sound: Path, tmp_path: Path, content: Path
) -> None:
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    # the copy fits, what the load adds does not
    limit = path.stat().st_size + 4096
    for nutrient in (content / "nutrients").glob("*.toml"):
        nutrient.write_text(nutrient.read_text().replace('summary = "', f'summary = "{"long " * 20000}', 1))
    full = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    async with client_for(f"sqlite:///{path}") as client:
        before = await answers(client)
        done = seed_with(full, f"sqlite:///{path}", changed(content))
        assert done.returncode == 1
        assert "Nothing was changed" in done.stderr
        assert "Traceback" not in done.stderr
        assert await answers(client) == before
        assert [file.name for file in tmp_path.glob(".*")] == []
    assert seed_with("", f"sqlite:///{path}", content).returncode == 0


# -- the server as a process


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=30)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextmanager
def serving(url: str, folder: Path, **environment: str) -> Iterator[Server]:
    port = free_port()
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "PORT": str(port), "ACCESS_LOG": "false", **environment},
            stderr=output,
        )
    server = Server(process, port, log)
    try:
        wait_for(lambda: server.get("/livez").status_code == 200)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(httpx.TransportError):
            if condition():
                return
        time.sleep(0.1)
    pytest.fail("it did not come about in time")


@pytest.mark.slow
def test_the_server_starts_without_a_database_and_serves_when_there_is_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/later.db"
    with serving(url, tmp_path) as server:
        assert "Not ready: The database file is missing" in server.log.read_text()
        assert server.get("/readyz").status_code == 503
        make_database(url, TINY)
        assert server.get("/readyz").status_code == 200
        assert server.get("/nutrients").status_code == 200


@pytest.fixture(scope="module")
def server(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(f"sqlite:///{sound}", tmp_path_factory.mktemp("server"), REQUEST_TIMEOUT="3") as running:
        yield running


@pytest.mark.slow
def test_slow_clients_and_half_open_connections_starve_nobody(server: Server) -> None:
    half_open = [server.connect() for _ in range(300)]
    for number, connection in enumerate(half_open):
        connection.sendall((b"", b"GET /nutri", b"GET / HTTP/1.1\r\nHost: x\r\nX: ")[number % 3])
    slow_readers = [server.connect() for _ in range(20)]
    for connection in slow_readers:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(b"GET /nutrients HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
    try:
        for _ in range(50):
            assert server.get("/nutrients/iron").status_code == 200
        for connection in half_open:
            # closed by the server, not kept for ever
            assert connection.recv(1) == b""
    finally:
        for connection in half_open + slow_readers:
            connection.close()


HOSTILE: list[bytes] = [
    b"\x00\x01\x02\x03\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /nutrients?" + b"x=1&" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: v\r\n" % n for n in range(3000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"c" * 60000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"H: " + b"h" * 400000,
    b"DELETE /nutrients/iron HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"POST /nutrients HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET /nutrients/%ff%00%0a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /nutrients/..%2f..%2fetc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /nutrients?slug=%00%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /nutrients?limit=99999999999999999999999 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
]


def send_hostile(server: Server, count: int) -> list[bytes]:
    """Send them from a few connections at a time; returns the status lines that came back."""
    found: list[bytes] = []

    def send(start: int) -> None:
        for number in range(start, count, 8):
            with closing(server.connect()) as connection, suppress(OSError):
                connection.sendall(HOSTILE[number % len(HOSTILE)])
                found.append(connection.recv(4096).split(b"\r\n")[0])

    threads = [threading.Thread(target=send, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def resident(pid: int) -> int:
    """Memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def latency(server: Server) -> float:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        times = [client.get("/nutrients").elapsed.total_seconds() for _ in range(100)]
    return statistics.median(times)


@pytest.mark.slow
def test_hostile_requests_leave_the_server_as_it_was(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    send_hostile(server, 500)
    before, quick = resident(server.process.pid), latency(server)
    statuses = send_hostile(server, int(os.environ.get("HOSTILE_REQUESTS", "1000")))
    assert not [status for status in statuses if b" 500 " in status]
    assert {b" 414 ", b" 431 ", b" 405 ", b" 400 "} <= {status[8:13] for status in statuses}
    grown = resident(server.process.pid) - before
    assert grown < 30_000_000, f"{grown} bytes more"
    after = latency(server)
    record_property("latency", f"{quick * 1000:.1f} ms before, {after * 1000:.1f} ms after; {grown} bytes more")
    print(f"\nmedian {quick * 1000:.1f} ms before, {after * 1000:.1f} ms after; {grown} bytes more")
    # ten times: the machine may be busy with something else; a leak of work shows as more
    assert after < max(quick * 10, 0.5)


@pytest.mark.slow
def test_a_stop_under_load_breaks_no_answer(sound: Path, tmp_path: Path) -> None:
    with serving(f"sqlite:///{sound}", tmp_path) as server:
        expected = server.get("/nutrients").content
        broken: list[bytes] = []
        whole = 0

        def ask() -> None:
            nonlocal whole
            with suppress(OSError), closing(server.connect()) as connection:
                while True:
                    connection.sendall(b"GET /nutrients HTTP/1.1\r\nHost: x\r\n\r\n")
                    answer = read_answer(connection)
                    if not answer:
                        return
                    if answer != expected:
                        broken.append(answer)
                    whole += 1

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        wait_for(lambda: whole > 50)
        server.process.terminate()
        for thread in threads:
            thread.join(30)
        assert server.process.wait(30) in (0, -signal.SIGTERM)
        assert broken == []


def read_answer(connection: socket.socket) -> bytes:
    """The body of one answer; nothing if the connection was closed before it began."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return body


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(sound: Path, tmp_path: Path) -> None:
    with serving(f"sqlite:///{sound}", tmp_path, WORKERS="2") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        workers = [int(pid) for pid in children.read_text().split() if "spawn_main" in command_of(pid)]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: len({int(pid) for pid in children.read_text().split()} - set(workers)) >= 1)
        for _ in range(20):
            wait_for(lambda: server.get("/nutrients").status_code == 200)
    with closing(sqlite3.connect(sound)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def command_of(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
