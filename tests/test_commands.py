"""The command line: it serves, and what it cannot do it says in a sentence."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.__main__ import main, migrate
from app.settings import Settings
from seed.__main__ import main as seed_main
from tests.conftest import MakeUrl
from tests.serving import Serve
from tests.support import run


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which something listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


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


UNUSABLE = {
    "sqlite:////no/such/folder/nutrients.db": "The database file is missing or cannot be opened",
    "postgresql://nobody@127.0.0.1:8119/nothing": "The database does not answer",
    "nonsense": "DATABASE_URL cannot be used: ",
    "mysql://root@127.0.0.1/nothing": "DATABASE_URL cannot be used: ",
}


@pytest.mark.parametrize("url", UNUSABLE)
def test_an_unusable_database_is_named(terminal: Terminal, url: str) -> None:
    assert terminal.refusal("migrate", DATABASE_URL=url).startswith(UNUSABLE[url])


@pytest.mark.parametrize("url", ["nonsense", "mysql://root@127.0.0.1/nothing"])
def test_what_can_never_be_served_is_refused(terminal: Terminal, url: str) -> None:
    assert terminal.refusal("serve", DATABASE_URL=url).startswith("DATABASE_URL cannot be used: ")


@pytest.fixture
def not_ready(tmp_path: Path, new_database: MakeUrl) -> dict[str, str]:
    """URLs of databases that cannot be served yet, and what the server says of each."""
    (tmp_path / "empty.db").touch()
    undressed = new_database("undressed")
    assert migrate(Settings(database_url=undressed)) == 0
    return {
        "sqlite:////no/such/folder/nutrients.db": "The database file is missing or cannot be opened",
        "postgresql://nobody@127.0.0.1:8119/nothing": "The database does not answer",
        f"sqlite:///{tmp_path}/none.db": "The database file is missing or cannot be opened",
        f"sqlite:///{tmp_path}/empty.db": "The database has no tables yet; run `make migrate` (`python",
        undressed: "No dataset is loaded; run `make load` (`python -m seed load`)",
    }


def test_what_cannot_be_served_yet_is_named_and_waited_for(
    not_ready: dict[str, str], tmp_path: Path, serving: Serve
) -> None:
    for url, reason in not_ready.items():
        with serving(url) as server:
            assert server.log.read_text().startswith(f"Not ready: {reason}")
            refused = server.get("/readyz")
            assert refused.status_code == 503
            assert refused.json()["detail"].startswith(reason)
    assert not (tmp_path / "none.db").exists()


def test_a_refusal_is_a_sentence_and_a_status() -> None:
    done = run("app", "migrate", DATABASE_URL="sqlite:////no/such/folder/nutrients.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database file is missing or cannot be opened; check DATABASE_URL")
    assert done.stderr.endswith("The database said: unable to open database file.\n")


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


def test_it_serves(tiny_database: str, serving: Serve) -> None:
    with serving(tiny_database) as server:
        assert server.log.read_text() == f"Dataset 0.1.0; serving on {server.url}\n"
        assert server.get("/nutrients/iron").json()["name"] == "Iron"
    assert server.process.returncode in (0, -15)
