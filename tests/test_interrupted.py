"""A process that is killed while it writes leaves a database that is served, or says what to run."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from app.commands import ALEMBIC, migrate
from app.database.engines import writing_engine
from app.settings import Settings
from tests.support import ROOT, TINY, client_for, make_database, tiny_copy

KILLED_MIGRATE = """
import os, signal, sys
from sqlalchemy import Engine, event
from app.commands import migrate
from app.settings import Settings

@event.listens_for(Engine, "connect")
def small_cache(connection, _record):
    # SQLite writes changed pages to the file before the commit, as in a large database
    connection.execute("PRAGMA cache_size = 5")

@event.listens_for(Engine, "commit")
def kill(_connection):
    os.kill(os.getpid(), signal.SIGKILL)

migrate(Settings())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tiny_copy(tmp_path / "x.db")
    return tmp_path / "x.db"


def interrupt(path: Path) -> None:
    """Leave a journal, as a writer does that is killed."""
    script = f"""
import os, signal, sqlite3
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = 5")
connection.execute("BEGIN IMMEDIATE")
for table in ("nutrient", "food_source", "symptom", "source", "intake", "claim"):
    connection.execute(f"UPDATE {{table}} SET record = record || '{"x" * 5000}'")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name("x.db-journal").exists()


async def test_a_killed_migration_leaves_a_database_that_is_served(path: Path) -> None:
    url = f"sqlite:///{path}"
    done = subprocess.run(
        [sys.executable, "-c", KILLED_MIGRATE],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": _downgraded(url)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not path.with_name("x.db-journal").exists()
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone()[0] > 0
    connection.close()
    make_database(url, TINY)
    assert [file.name for file in path.parent.iterdir()] == ["x.db"]
    async with client_for(url) as client:
        assert (await client.get("/readyz")).status_code == 200


def _downgraded(url: str) -> str:
    engine = writing_engine(url)
    config = Config(ALEMBIC)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()
    return url


async def test_a_journal_that_a_reader_cannot_roll_back_is_explained_and_removed_by_migrate(path: Path) -> None:
    interrupt(path)
    url = f"sqlite:///{path}"
    async with client_for(url, cache_bytes=0) as client:
        refused = await client.get("/readyz")
        assert refused.status_code == 503
        assert "python -m app migrate" in refused.json()["detail"]
        assert migrate(Settings(database_url=url)) == 0
        assert (await client.get("/readyz")).status_code == 200
    assert [file.name for file in path.parent.iterdir()] == ["x.db"]
