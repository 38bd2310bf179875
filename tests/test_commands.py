"""The command line: it serves, and what it cannot do it says in a sentence."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from app.__main__ import main, migrate
from app.settings import Settings
from seed.__main__ import main as seed_main
from tests.conftest import MakeUrl
from tests.support import ROOT, run


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which something listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Terminal:
    """Runs the commands of `app` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def refusal(self, command: str, **environment: str) -> str:
        """What a command that fails says: one sentence."""
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)
        assert main([command]) == 1
        out, err = self.capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        assert err.endswith(".\n")
        return str(err).strip()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    for name in ("HOST", "PORT", "WORKERS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(monkeypatch, capsys)


def test_a_taken_port_is_named(terminal: Terminal, tiny_database: str, taken: int) -> None:
    said = terminal.refusal("serve", DATABASE_URL=tiny_database, PORT=str(taken))
    assert said == f"Cannot listen on 127.0.0.1:{taken}: Address already in use. Set PORT or HOST to another."


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "70000"), ("WORKERS", "0"), ("WORKERS", "two")],
)
def test_a_wrong_setting_is_named(terminal: Terminal, name: str, value: str) -> None:
    assert terminal.refusal("serve", **{name: value}).startswith(f"{name}={value}: input should be ")


def test_a_wrong_host_is_named(terminal: Terminal, tiny_database: str) -> None:
    said = terminal.refusal("serve", DATABASE_URL=tiny_database, HOST="no-such-host.invalid")
    assert said.startswith("Cannot listen on no-such-host.invalid:8000: ")


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("sqlite:////no/such/folder/nutrients.db", "The database cannot be reached or read: "),
        ("postgresql://nobody@127.0.0.1:8119/nothing", "The database cannot be reached or read: "),
        ("nonsense", "DATABASE_URL cannot be used: "),
        ("mysql://root@127.0.0.1/nothing", "DATABASE_URL cannot be used: "),
    ],
)
def test_an_unusable_database_is_named(terminal: Terminal, command: str, url: str, start: str) -> None:
    assert terminal.refusal(command, DATABASE_URL=url).startswith(start)


def test_a_database_without_tables_is_named(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    said = terminal.refusal("serve", DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    assert said == "The database has no tables yet; run `python -m app migrate` first."


def test_serving_makes_no_database(terminal: Terminal, tmp_path: Path) -> None:
    terminal.refusal("serve", DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_dataset_is_named(terminal: Terminal, new_database: MakeUrl) -> None:
    url = new_database("undressed")
    assert migrate(Settings(database_url=url)) == 0
    assert terminal.refusal("serve", DATABASE_URL=url) == "No dataset is loaded; run `python -m seed load`."


def test_a_refusal_is_a_sentence_and_a_status() -> None:
    done = run("app", "serve", DATABASE_URL="sqlite:////no/such/folder/nutrients.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The database cannot be reached or read: unable to open database file.\n"


@pytest.mark.parametrize("run_main", [main, seed_main], ids=["app", "seed"])
def test_an_unknown_command_shows_the_known_ones(
    run_main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run_main(["swim"])
    assert "invalid choice: 'swim' (choose from" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        run_main(["--help"])
    assert "COMMAND" in capsys.readouterr().out


@contextmanager
def serving(url: str, port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_it_serves(tiny_database: str) -> None:
    port = free_port()
    with serving(tiny_database, port) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == f"Dataset 0.1.0; serving on http://127.0.0.1:{port}\n"
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/nutrients/iron").json()["name"] == "Iron"
    assert process.returncode in (0, -15)
