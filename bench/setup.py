"""What the benchmark needs, installed where it is missing: wrk, nginx, the peers, and the knowledge bases."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.search.current_index import write_current_index
from app.settings import Settings
from bench.generate import generate
from bench.peers import data
from bench.servers import BUILD, JSON_SERVER, PEER_PYTHON, PEERS, Failed


def install() -> None:
    """Install every tool and peer that is missing."""
    BUILD.mkdir(parents=True, exist_ok=True)
    _debian({"wrk": "wrk", "nginx": "nginx-light", "taskset": "util-linux", "npm": "npm"})
    locked = PEERS / "requirements.txt"
    if _older(PEER_PYTHON.parent.parent / "installed", locked):
        _run("Installing the Python peers", sys.executable, "-m", "venv", str(PEER_PYTHON.parent.parent))
        _run("", str(PEER_PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(locked))
        (PEER_PYTHON.parent.parent / "installed").touch()
    if _older(JSON_SERVER / "installed", PEERS / "json-server" / "package-lock.json"):
        shutil.copytree(PEERS / "json-server", JSON_SERVER, dirs_exist_ok=True)
        _run("Installing json-server", "npm", "ci", "--no-audit", "--no-fund", "--prefix", str(JSON_SERVER))
        (JSON_SERVER / "installed").touch()


def knowledge_base(records: int) -> Path:
    """A generated database of that size, kept for the next run as long as the generator is the same."""
    file = BUILD / f"{records}.db"
    if any(_older(file, source) for source in _generator()):
        file.unlink(missing_ok=True)
        print(f"Generating {records:,} records ...", file=sys.stderr)
        unfinished = file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        generate(records, f"sqlite:///{unfinished}")
        unfinished.rename(file)
    # as `seed load` leaves it: a server that had to build its index would do so while it is measured
    write_current_index(Settings(database_url=f"sqlite:///{file}"))
    return file


def peer_data(database: Path) -> None:
    """Write the peers' files anew."""
    for name in ("peers.db", "peers.json"):
        (BUILD / name).unlink(missing_ok=True)
    data.write(database, BUILD / "peers.db", BUILD / "peers.json")


def _generator() -> list[Path]:
    root = PEERS.parent.parent
    tables = [*root.glob("migrations/versions/*.py"), *root.glob("app/schemas/*.py")]
    return [*tables, *root.glob("seed/*.py"), root / "bench/generate.py", root / "bench/words.py"]


def _debian(packages: dict[str, str]) -> None:
    missing = [package for tool, package in packages.items() if shutil.which(tool) is None]
    if not missing:
        return
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Failed(f"Please install {', '.join(missing)} first; as root on Debian: {' '.join(command)}")
    _run("", "apt-get", "update", "-q")
    _run(f"Installing {', '.join(missing)}", *command)


def _older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _run(what: str, *command: str) -> None:
    if what:
        print(f"{what} ...", file=sys.stderr)
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout)[-800:]}")
