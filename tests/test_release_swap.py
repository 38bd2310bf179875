"""A new release while the API serves: no failed request, no answer of two releases, everywhere within seconds."""

import json
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import MakeUrl
from tests.serving import api_server
from tests.support import TINY, make_database, run

SECONDS = 5
"""Within which every process serves the new release: docs/deployment.md promises it."""

PATHS = ("/dataset", "/nutrients", "/nutrients/iron", "/claims?format=ndjson", "/search?q=iron", "/nutrients?limit=1")


class Load:
    """Clients that ask without pause, and what they were told."""

    def __init__(self, origin: str, clients: int = 4) -> None:
        self.origin = origin
        self.seen: list[tuple[str, str, str]] = []
        self.failed: list[str] = []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self) -> None:
        with httpx.Client(base_url=self.origin, timeout=20) as client:
            while not self.stop.is_set():
                for path in PATHS:
                    self.ask(client, path)

    def ask(self, client: httpx.Client, path: str) -> None:
        try:
            response = client.get(path)
        except httpx.HTTPError as error:
            self.failed.append(f"{path}: {error!r}")
            return
        if response.status_code != 200:
            self.failed.append(f"{path}: {response.status_code} {response.text}")
        self.seen.append((path, response.headers.get("Dataset-Version", ""), response.text))

    def versions_now(self) -> set[str]:
        """Versions of the dataset in the answers of the next half second."""
        before = len(self.seen)
        time.sleep(0.5)
        return {version.partition("+")[0] for _, version, _ in self.seen[before:]}


@pytest.mark.parametrize("settings", [{"WORKERS": "2"}, {"ACCESS_LOG": "false"}], ids=["two workers", "short cut"])
def test_a_release_under_load_fails_no_request_and_mixes_nothing(
    new_database: MakeUrl, content: Path, settings: dict[str, str]
) -> None:
    url = make_database(new_database("swap"), TINY)
    edit(content, "0.1.0", "0.2.0", "Carries oxygen.", "Carries oxygen, release two.")
    with api_server(url, **settings) as origin, Load(origin) as load:
        assert load.versions_now() == {"0.1.0"}
        for folder, version in ((content, "0.2.0"), (TINY, "0.1.0")):
            done = run("seed", "load", "--content", str(folder), DATABASE_URL=url)
            assert done.returncode == 0, done.stderr
            time.sleep(SECONDS)
            assert load.versions_now() == {version}
    assert not load.failed, load.failed[:3]
    assert_unmixed(load.seen)


def assert_unmixed(seen: list[tuple[str, str, str]]) -> None:
    """Every answer is of the release that it names, and all answers of one release are alike."""
    bodies: dict[tuple[str, str], set[str]] = {}
    for path, version, body in seen:
        bodies.setdefault((path, version), set()).add(body)
        if path == "/dataset":
            about = json.loads(body)
            assert version == f"{about['version']}+{about['content_hash'][:12]}"
        if path == "/nutrients/iron":
            assert ("release two" in body) == version.startswith("0.2.0")
    assert {len(found) for found in bodies.values()} == {1}


def edit(content: Path, *pairs: str) -> None:
    """Replace texts, given in pairs, in every file of the content."""
    for path in content.rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
