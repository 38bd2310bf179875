"""python -m bench.search_start FILE: how soon a server that starts answers a search, and the memory of its process.

FILE is a SQLite database, as of `python -m bench.generate`. Its index is built first, where it is not there yet.
"""

import argparse
import random
import re
import sys
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from app.search.current_index import write_current_index
from app.settings import Settings
from bench.load import body
from bench.servers import BUILD, Server, running
from bench.words import WORDS

PORT = 9080
MEMORY = re.compile(r"(VmRSS|RssAnon|RssFile):\s+(\d+) kB")


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, start, ask and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.search_start", description=__doc__)
    parser.add_argument("file", type=Path, help="SQLite database")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--queries", type=int, default=400)
    options = parser.parse_args(arguments)
    url = f"sqlite:///{options.file.absolute()}"
    BUILD.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    size = write_current_index(Settings(database_url=url))
    print(f"{size} records, index there after {time.perf_counter() - started:.1f} s")
    environment = {"DATABASE_URL": url, "PORT": str(options.port)}
    command = [sys.executable, "-m", "app", "serve"]
    with running(Server("search", options.port, command, f"/search?q={WORDS[0]}", environment)) as server:
        print(f"first answer of a search {server.seconds_to_answer:.1f} s after the start of the process")
        print(f"memory in MB, at the start: {_memory(server.pid)}", flush=True)
        chance = random.Random(1)
        for _ in range(options.queries):
            query = urllib.parse.quote(" ".join(chance.sample(WORDS, 3)))
            body(f"{server.server.url}/search?q={query}")
        print(f"memory in MB, after {options.queries} searches: {_memory(server.pid)}")


def _memory(pid: int) -> dict[str, int]:
    """All that is in memory; of it, what is the process's own, and what it shares as pages of files."""
    found = MEMORY.findall(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return {name: round(int(kilobytes) / 1024) for name, kilobytes in found}


if __name__ == "__main__":
    main()
