"""Verification: a database whose content changed by itself is found, and not served where that is asked for."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from app.api.errors import NO_DATASET
from app.commands import main as app_main
from app.database.engines import writing_engine
from app.database.models import metadata
from seed.__main__ import main
from tests.conftest import NewDatabase
from tests.support import TINY, tiny_copy

Capture = pytest.CaptureFixture[str]

CHANGES = [
    "UPDATE nutrient SET record = replace(record, 'Iron', 'Iran')",
    "UPDATE nutrient SET card = replace(card, 'Iron', 'Iran')",
    "UPDATE nutrient SET electrolyte = NOT electrolyte",
    "UPDATE amount SET per_100g = per_100g + 1",
    "UPDATE dataset SET info = replace(info, 'Not advice', 'Advice')",
    "UPDATE dataset SET vocabulary = '{}'",
    "UPDATE dataset SET content_hash = 'none'",
    "DELETE FROM link WHERE field = 'citations'",
    "DELETE FROM redirect",
    "DELETE FROM release",
]


@pytest.fixture
def database(new_database: NewDatabase, capsys: Capture) -> str:
    url = new_database("verified", TINY)
    capsys.readouterr()
    return url


def verify(url: str) -> int:
    return main(["verify", "--database", url])


def test_a_whole_database_is_said_to_be_so(database: str, capsys: Capture) -> None:
    assert verify(database) == 0
    assert capsys.readouterr().out == "Dataset 0.1.0 is whole: its rows and its hash are those that were loaded.\n"


def test_it_is_whole_after_a_second_load_and_a_rollback(database: str, second_release: Path) -> None:
    assert main(["load", "--content", str(second_release), "--database", database]) == 0
    assert verify(database) == 0
    assert main(["rollback", "--database", database]) == 0
    assert verify(database) == 0


@pytest.mark.parametrize("statement", CHANGES)
def test_what_was_changed_by_other_means_is_found(database: str, capsys: Capture, statement: str) -> None:
    engine = writing_engine(database)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()
    assert verify(database) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.endswith("The database is not what was loaded: put back a copy, or remove it, migrate and load anew.\n")


def test_without_a_dataset_there_is_nothing_to_verify(new_database: NewDatabase, capsys: Capture) -> None:
    url = new_database("undressed")
    assert verify(url) == 1
    engine = writing_engine(url)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()
    assert verify(url) == 1
    assert capsys.readouterr().err.splitlines()[-1] == NO_DATASET


def test_flipped_bits_are_found(tmp_path: Path, capsys: Capture) -> None:
    sound = tmp_path / "sound.db"
    tiny_copy(sound)
    with closing(sqlite3.connect(sound)) as connection:
        texts = [
            row[0].encode() for row in connection.execute("SELECT record FROM nutrient UNION SELECT card FROM claim")
        ]
    content = sound.read_bytes()
    generator = random.Random(1)
    for number in range(12):
        flipped = bytearray(content)
        stored = generator.choice([text for text in texts if text[:200] in content])
        place = content.index(stored[:200]) + generator.randrange(200)
        flipped[place] ^= 1 << generator.randrange(8)
        path = Path(shutil.copy(sound, tmp_path / f"{number}.db"))
        path.write_bytes(flipped)
        assert verify(f"sqlite:///{path}") == 1, place
        assert "Traceback" not in capsys.readouterr().err


def test_the_server_does_not_start_on_a_changed_database(
    database: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = writing_engine(database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE nutrient SET record = replace(record, 'Iron', 'Iran')"))
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("VERIFY_CONTENT", "true")
    assert app_main(["serve"]) == 1
    assert capsys.readouterr().err.startswith("The database is not what was loaded: ")
