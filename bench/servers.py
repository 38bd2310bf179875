"""Servers under test: started pinned to cores, awaited, and ended by their process group, whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "bench" / "peers"
BUILD = ROOT / "build" / "bench"
PEER_PYTHON = BUILD / "venv" / "bin" / "python"
JSON_SERVER = BUILD / "json-server"
STATIC = BUILD / "nginx" / "static"
FROM_MEMORY = ("granian", "robyn")

NGINX_LOG = f"{BUILD}/nginx/access.log combined buffer=64k flush=1s"


class Failed(Exception):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True)
class Server:
    """How to start one server: `probe` is a path that answers 200 once it serves."""

    name: str
    port: int
    command: list[str]
    probe: str
    environment: dict[str, str] = field(default_factory=dict)
    cores: str = "0"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Running:
    """A server that answers, and how long that took from the start of its process."""

    server: Server
    pid: int
    seconds_to_answer: float


@contextmanager
def running(server: Server, patience: float = 60) -> Iterator[Running]:
    """The server, for the time of the block; `Failed` where it does not answer in `patience` seconds."""
    log = BUILD / f"{server.name.replace(' ', '-')}.log"
    command = ["taskset", "-c", server.cores, *server.command]
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **server.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not _answers(server):
            if process.poll() is not None or time.perf_counter() - started > patience:
                tail = log.read_text(errors="replace")[-800:]
                raise Failed(f"{server.name} does not answer on port {server.port}:\n{tail}")
            time.sleep(0.005)
        yield Running(server, process.pid, time.perf_counter() - started)
    finally:
        _end(process)


def resident_mib(pid: int) -> list[float]:
    """Resident memory of a process and of its children, in MiB, the largest first."""
    sizes = [int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in _with_children(pid)]
    return sorted((round(size * os.sysconf("SC_PAGE_SIZE") / 2**20, 1) for size in sizes), reverse=True)


def processor_seconds(pid: int) -> float:
    """Processor time that a process and its children have used: unlike the clock, it leaves out what others did."""
    fields = (Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in _with_children(pid))
    return sum(int(user) + int(system) for user, system in (each[11:13] for each in fields)) / os.sysconf("SC_CLK_TCK")


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        # the thread may have ended
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (task / "children").read_text().split())
    return found


def _answers(server: Server) -> bool:
    try:
        with urllib.request.urlopen(server.url + server.probe, timeout=30) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait(10)


def ours(name: str, port: int, database: Path, workers: int = 1, cores: str = "0", **settings: str) -> Server:
    """This API as it ships, access log included; `CACHE_BYTES="0"` makes every request a miss."""
    environment = {
        "DATABASE_URL": f"sqlite:///{database}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": str(workers),
        **settings,
    }
    return Server(name, port, [sys.executable, "-m", "app", "serve"], "/nutrients?limit=1", environment, cores)


def peers(first_port: int, slug: str) -> list[Server]:
    """Every peer, with the settings that its own documentation recommends for production."""
    plain, eager, datasette, drf, json_server, nginx, quiet, granian, robyn = range(first_port, first_port + 9)
    probe = f"/sources/{slug}"
    database = {"PEERS_DB": str(BUILD / "peers.db")}
    files = {"PEERS_FILES": str(STATIC)}
    peer_python = str(PEER_PYTHON)
    uvicorn = [sys.executable, "-m", "uvicorn", "bench.peers.plain:app", "--no-access-log", "--log-level", "warning"]
    immutable = ["serve", "-i", str(BUILD / "peers.db"), "--setting", "suggest_facets", "off"]
    # processes as gunicorn's documentation advises for one core: 2 x cores + 1
    gunicorn = [
        "-m",
        "gunicorn",
        "--no-control-socket",
        "-w",
        "3",
        "-k",
        "gthread",
        "--threads",
        "4",
        "bench.peers.drf:application",
    ]
    # granian's defaults, apart from its log: one thread, and uvloop, which comes with robyn
    rsgi = ["-m", "granian", "--interface", "rsgi", "--workers", "1", "--no-log", "bench.peers.memory:app"]
    # `--fast` is robyn's production mode: it logs warnings alone
    fast = ["-m", "bench.peers.memory", "--fast", "--processes", "1", "--workers", "1", "--disable-openapi"]
    node = [shutil.which("node") or "node", str(JSON_SERVER / "node_modules/json-server/lib/cli/bin.js"), "-q", "--ro"]
    return [
        Server("plain FastAPI + SQLModel", plain, [*uvicorn, "--port", str(plain)], probe, database),
        Server("the same, eager", eager, [*uvicorn, "--port", str(eager)], probe, {**database, "EAGER": "1"}),
        Server(
            "datasette",
            datasette,
            [peer_python, "-m", "datasette", *immutable, "-p", str(datasette)],
            "/peers/source/1.json",
        ),
        Server("Django REST framework", drf, [peer_python, *gunicorn, "-b", f"127.0.0.1:{drf}"], probe, database),
        Server(
            "json-server",
            json_server,
            [*node, "--port", str(json_server), str(BUILD / "peers.json")],
            probe,
            {"NODE_ENV": "production"},
        ),
        Server("nginx", nginx, ["nginx", "-c", str(_nginx(nginx, NGINX_LOG))], "/detail/0.json"),
        Server("nginx, log off", quiet, ["nginx", "-c", str(_nginx(quiet, "off"))], "/detail/0.json"),
        Server("granian, log off", granian, [peer_python, *rsgi, "--port", str(granian)], "/detail/0.json", files),
        Server("robyn, log off", robyn, [peer_python, *fast], "/detail/0.json", {**files, "ROBYN_PORT": str(robyn)}),
    ]


def _nginx(port: int, log: str) -> Path:
    folder = BUILD / "nginx"
    folder.mkdir(exist_ok=True)
    configuration = folder / f"{port}.conf"
    configuration.write_text((PEERS / "nginx.conf").read_text().format(folder=folder, port=port, log=log))
    return configuration
