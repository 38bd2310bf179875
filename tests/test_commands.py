"""The command line: it serves, and what it cannot do it says in a sentence."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app import healthcheck
from app.commands import main
from app.settings import Settings
from seed.__main__ import main as seed_main
from tests.conftest import NewDatabase
from tests.serving import Serve, wait_for
from tests.support import NO_CONTENT, ROOT, TINY, run, run_process


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
    for name in ("HOST", "PORT", "UDS", "WORKERS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Terminal(monkeypatch, capsys)


def test_a_taken_port_is_named(terminal: Terminal, tiny_sqlite: str, taken: int) -> None:
    said = terminal.refusal("serve", DATABASE_URL=tiny_sqlite, PORT=str(taken))
    assert said == f"Cannot listen on 127.0.0.1:{taken}: Address already in use. Set PORT or HOST to another."


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "70000"), ("WORKERS", "0"), ("WORKERS", "two")],
)
def test_a_wrong_setting_is_named(terminal: Terminal, name: str, value: str) -> None:
    assert terminal.refusal("serve", **{name: value}).startswith(f"{name}={value}: input should be ")


def test_a_wrong_host_is_named(terminal: Terminal, tiny_sqlite: str) -> None:
    said = terminal.refusal("serve", DATABASE_URL=tiny_sqlite, HOST="no-such-host.invalid")
    assert said.startswith("Cannot listen on no-such-host.invalid:8000: ")


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.all)])
def test_all_addresses_of_both_families(
    tiny_sqlite: str, serving: Serve, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with serving(tiny_sqlite, HOST="::", WORKERS=workers) as server:
        assert server.log.read_text() == f"Dataset 0.1.0; serving on http://[::]:{server.port}\n"
        assert httpx.get(f"http://[::1]:{server.port}/readyz").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{server.port}/readyz").status_code == 200
        monkeypatch.setenv("PORT", str(server.port))
        for host in ("::", "0.0.0.0", "::1", "127.0.0.1", "localhost"):
            monkeypatch.setenv("HOST", host)
            assert healthcheck.main() == 0
    assert healthcheck.main() == 1


def test_a_unix_socket(tiny_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving: Serve) -> None:
    path = tmp_path / "api.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left_behind:
        left_behind.bind(str(path))
    monkeypatch.setenv("UDS", str(path))
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": tiny_sqlite, "FORWARDED_ALLOW_IPS": "*", "WORKERS": "2"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        assert process.stderr.readline() == f"Dataset 0.1.0; serving on unix:{path}\n"
        wait_for(lambda: healthcheck.main() == 0)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://api") as client:
            for _ in range(3):
                assert client.get("/nutrients/iron").json()["name"] == "Iron"
        # one that is served is not taken away
        assert run("app", "serve", UDS=str(path), DATABASE_URL=tiny_sqlite).stderr.strip() == (
            f"Cannot listen on {path}: Address already in use. Set UDS to another."
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
    assert not path.exists()


def test_what_orchestrators_inject_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, tiny_sqlite: str, serving: Serve
) -> None:
    monkeypatch.setenv("PORT", "tcp://10.0.0.1:9090")
    monkeypatch.setenv("METRICS_PORT", "tcp://10.0.0.1:9090")
    settings = Settings()
    assert (settings.port, settings.metrics_port) == (8000, 0)
    with serving(tiny_sqlite, METRICS_PORT="tcp://10.0.0.1:9090") as server:
        assert server.get("/livez").status_code == 200


UNUSABLE = {
    "sqlite:////no/such/folder/nutrients.db": "The database file is missing or cannot be opened",
    "postgresql://nobody@127.0.0.1:8119/nothing": "The database does not answer",
    "nonsense": "DATABASE_URL cannot be used: it is not a URL; write sqlite:///file.db or ",
    "mysql://root@127.0.0.1/nothing": "DATABASE_URL cannot be used: its scheme is not supported; use sqlite or ",
    "postgresql://u:s3cret@127.0.0.1:54x2/n": "DATABASE_URL cannot be used: its port is not a number ",
    "postgresql://u:s3cret@ss:w0rd@127.0.0.1/n": "DATABASE_URL cannot be used: its user or password holds ",
}


UNREADABLE = {
    "nonsense": "it is not a URL; write sqlite:///file.db or postgresql://user:password@host/database",
    "mysql://root:s3cret@127.0.0.1/nothing": "its scheme is not supported; use sqlite or postgresql",
    "postgresql+asyncpg://root:s3cret@127.0.0.1/x": "its scheme is not supported; use sqlite or postgresql",
    "postgresql://u:s3@cret@127.0.0.1/x": "its user or password holds a reserved character",
    "postgresql://u:p@s3:cret@127.0.0.1/x": "its user or password holds a reserved character",
    "postgresql://u:s3/cret@127.0.0.1/x": "its user or password holds a reserved character",
    "postgresql://u:s3@cret/x@127.0.0.1/x": "its user or password holds a reserved character",
    "postgresql://u:s3cret@127.0.0.1:54x32/x": "its port is not a number from 1 to 65535",
    "postgres://u:s3cret@[::1]:99999/x": "its port is not a number from 1 to 65535",
    "sqlite:///a?b.db": 'what follows "?" is not a parameter of SQLite; write "?" in the name of a file as %3F',
}


@pytest.mark.parametrize("url", UNREADABLE)
@pytest.mark.parametrize("run_main", [main, seed_main], ids=["app", "seed"])
def test_a_url_that_cannot_be_read_is_a_sentence_without_the_password(
    url: str,
    run_main: Callable[[list[str]], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    content = ["--content", str(TINY)]
    for command in (
        (["migrate"], ["serve"], ["grant"])
        if run_main is main
        else (["load", *content], ["diff", *content], ["rollback"])
    ):
        assert run_main(command) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.split(" cannot be used: ")[1].startswith(UNREADABLE[url])
        assert "s3" not in said
        assert "cret" not in said


@pytest.mark.parametrize("url", UNUSABLE)
def test_an_unusable_database_is_named(terminal: Terminal, url: str) -> None:
    said = terminal.refusal("migrate", DATABASE_URL=url)
    assert said.startswith(UNUSABLE[url])
    assert "s3cret" not in said
    assert "w0rd" not in said


@pytest.mark.parametrize("url", [url for url, said in UNUSABLE.items() if said.startswith("DATABASE_URL")])
def test_what_can_never_be_served_is_refused(terminal: Terminal, url: str) -> None:
    assert terminal.refusal("serve", DATABASE_URL=url).startswith(UNUSABLE[url])


def assert_is_named_and_waited_for(url: str, reason: str, serving: Serve) -> None:
    with serving(url) as server:
        assert server.log.read_text().startswith(f"Not ready: {reason}")
        refused = server.get("/readyz")
        assert refused.status_code == 503
        assert refused.json()["detail"].startswith(reason)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param(
            "sqlite:////no/such/folder/nutrients.db",
            "The database file is missing or cannot be opened",
            marks=pytest.mark.all,
        ),
        ("postgresql://nobody@127.0.0.1:8119/nothing", "The database does not answer"),
        ("sqlite:///{tmp_path}/none.db", "The database file is missing or cannot be opened"),
        ("sqlite:///{tmp_path}/empty.db", "The database has no tables yet; run `make migrate` ("),
    ],
)
def test_what_cannot_be_served_yet_is_named_and_waited_for(
    url: str, reason: str, tmp_path: Path, serving: Serve
) -> None:
    (tmp_path / "empty.db").touch()
    assert_is_named_and_waited_for(url.format(tmp_path=tmp_path), reason, serving)
    assert not (tmp_path / "none.db").exists()


def test_a_database_without_a_dataset_is_named_and_waited_for(new_database: NewDatabase, serving: Serve) -> None:
    url = new_database("undressed", NO_CONTENT)
    assert_is_named_and_waited_for(url, "No dataset is loaded; run `make load` (", serving)


def test_a_refusal_is_a_sentence_and_a_status() -> None:
    done = run_process("app", "migrate", DATABASE_URL="sqlite:////no/such/folder/nutrients.db")
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


def test_assistants_need_their_extra(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.commands.find_spec", lambda _name: None)
    assert terminal.refusal("mcp") == "Serving assistants needs the MCP library; install the `mcp` extra."


def test_it_serves(tiny_database: str, serving: Serve) -> None:
    with serving(tiny_database) as server:
        assert server.log.read_text() == f"Dataset 0.1.0; serving on {server.url}\n"
        assert server.get("/nutrients/iron").json()["name"] == "Iron"
    assert server.process.returncode in (0, -15)
