"""Readiness: it means that every route can answer, and the look for a new release never ends."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.database.current_release import Watcher
from app.database.engines import reading_engine, writing_engine
from app.database.models import schema_is_current
from app.database.replace import changing
from seed.load import load, prepare
from seed.rollback import rollback
from tests.conftest import NewDatabase
from tests.support import REAL, TINY, checked, client_for, tiny_copy

OLDER = [
    "ALTER TABLE intake RENAME COLUMN iu_factor TO factor",
    "ALTER TABLE dataset RENAME COLUMN vocabulary TO words",
    "ALTER TABLE claim RENAME COLUMN card TO short",
    "ALTER TABLE release RENAME TO releases",
]


@pytest.mark.parametrize("statement", OLDER)
async def test_an_older_schema_is_not_ready(new_database: NewDatabase, statement: str) -> None:
    url = new_database("older", TINY)
    async with client_for(url, cache_bytes=0) as client:
        assert (await client.get("/readyz")).status_code == 200
        engine = writing_engine(url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        refused = await client.get("/readyz")
        assert refused.status_code == 503
        assert "python -m app migrate" in refused.json()["detail"]
        with engine.connect() as connection:
            assert not schema_is_current(connection)
        engine.dispose()


@pytest.fixture
def engine(new_database: NewDatabase) -> Engine:
    return reading_engine(new_database("watched", TINY), 1)


class Failing(Watcher):
    """Cannot look at first, and then sees another release each time."""

    looks = 0

    def _look(self) -> str | None:
        self.looks += 1
        if self.looks < 4:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        if self.looks == 4:
            raise RuntimeError
        return str(self.looks)


async def test_the_look_for_releases_survives_any_exception(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    watcher, stop, told = Failing(engine, 0.001), asyncio.Event(), []

    def fail(_tag: str) -> None:
        raise LookupError

    def end(tag: str) -> None:
        told.append(tag)
        if len(told) == 2:
            stop.set()

    watcher.subscribe(fail)
    watcher.subscribe(end)
    await asyncio.wait_for(watcher.run(stop), 10)
    assert told == ["5", "6"]
    messages = [record.getMessage() for record in caplog.records if record.name == "app.database.current_release"]
    # once when it goes or fails in another way, not at each look
    assert [message.split(":")[0] for message in messages].count("cannot look for a new release") == 2
    assert messages.count("the database answers again") == 1
    engine.dispose()


def test_a_rollback_that_the_disk_refuses_is_not_called_a_matter_of_form(
    tmp_path: Path, second_release: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from seed.__main__ import main  # noqa: PLC0415

    url = tiny_copy(tmp_path / "x.db")
    assert main(["load", "--content", str(second_release), "--database", url]) == 0

    def fill(connection: object, archive: object) -> None:
        del archive
        # as on a full disk: no page can be added
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]
        connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(9000000)")  # type: ignore[attr-defined]

    monkeypatch.setattr("seed.rollback.restore", fill)
    capsys.readouterr()
    assert main(["rollback", "--database", url]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "disk is full" in said
    assert "code of its time" not in said


def test_a_load_takes_no_more_room_than_both_files(tmp_path: Path) -> None:
    url = tiny_copy(tmp_path / "x.db")
    before = (tmp_path / "x.db").stat().st_size
    names: set[str] = set()
    content, problems = checked(REAL)
    assert content is not None, problems

    def note(*_: object) -> None:
        names.update(path.name for path in tmp_path.iterdir())

    with changing(url) as connection:
        connection.exec_driver_sql("PRAGMA cache_size = 5")
        load(connection, prepare(content), note)
    assert names == {"x.db", ".x.db.new"}
    assert (tmp_path / "x.db").stat().st_size > before
    with changing(url) as connection:
        rollback(connection, note)
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]
