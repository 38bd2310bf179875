"""python -m tests.killed_load CONTENT DATABASE: a load that is killed when all but its last rows are written."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from app.database.replace import changing
from seed.check import check
from seed.load import load, lock, prepare


def small_cache(connection: Any, _record: object) -> None:
    """Make SQLite write changed pages to the file before the commit, as a large load would."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA cache_size = 5")


def kill(what: str, _done: int, _total: int) -> None:
    """Die, as by a power cut, when the links are written."""
    if what == "link":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    event.listen(Engine, "connect", small_cache)
    checked, _ = check(Path(sys.argv[1]))
    assert checked is not None
    with changing(sys.argv[2]) as opened:
        lock(opened)
        load(opened, prepare(checked), kill)
