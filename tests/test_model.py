"""Two workers, releases that change, and requests by the thousand: each answer is that of the release it names."""

import http.client
import itertools
import json
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NewDatabase
from tests.model import Model, Question, questions
from tests.serving import Serve
from tests.support import REAL, run_process

REQUESTS = int(os.environ.get("MODEL_REQUESTS", "100000"))
CLIENTS = 4
SWAPS = 6


@pytest.fixture
def second_release(tmp_path: Path) -> Path:
    """The content with questions in the opposite order and nutrients that were reviewed on another day."""
    content = Path(shutil.copytree(REAL, tmp_path / "content"))
    change(content / "dataset.toml", r"(?m)^version = .*", lambda _: 'version = "99.0.0"')
    for path in (content / "faq").glob("*.toml"):
        change(path, r"(?m)^position = (\d+)", lambda match: f"position = {1000 - int(match[1])}")
    for path in (content / "nutrients").glob("*.toml"):
        change(path, r"(?m)^last_reviewed = .*", lambda _: "last_reviewed = 2026-01-01")
    return content


def change(path: Path, pattern: str, replaced: Callable[[re.Match[str]], str]) -> None:
    text, count = re.subn(pattern, replaced, path.read_text())
    assert count == 1, path
    path.write_text(text)


class Client(threading.Thread):
    """Asks its share of the questions on one connection, and keeps what was answered wrongly."""

    def __init__(self, port: int, models: dict[str, Model], asked: Iterator[Question], number: int) -> None:
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.models = models
        self.asked = itertools.islice(asked, number)
        self.wrong: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.releases: Counter[str] = Counter()

    def run(self) -> None:
        for question in self.asked:
            self.connection.request("GET", question.path)
            response = self.connection.getresponse()
            body = response.read()
            self.statuses[response.status] += 1
            tag = response.headers.get("Dataset-Version")
            candidates = [self.models[tag]] if tag else list(self.models.values())
            self.releases[tag or ""] += 1
            # a refusal does not name its release
            if not any(_agrees(model.answer(question), response, body) for model in candidates):
                self.wrong.append(f"{tag} {question.path}: {response.status} {body[:300]!r}")


def _agrees(expected: tuple[int, Any], response: http.client.HTTPResponse, body: bytes) -> bool:
    status, content = expected
    if response.status != status:
        return False
    if status == 308:
        return response.headers["Location"].partition("?")[0] == str(content)
    if status != 200:
        return True
    found = json.loads(body)
    links = {name: found.pop(name) for name in ("next", "previous") if name in found}
    if links:
        has_next = found["offset"] + found["limit"] < found["total"]
        if (links["next"] is not None, links["previous"] is not None) != (has_next, found["offset"] > 0):
            return False
    return bool(found == content)


@pytest.mark.all
def test_every_answer_is_that_of_the_model(new_database: NewDatabase, second_release: Path, serving: Serve) -> None:
    models = {model.tag: model for model in (Model(REAL), Model(second_release))}
    url = new_database("model", REAL)
    with serving(url, WORKERS="2", ACCESS_LOG="false") as server:
        clients = [
            Client(server.port, models, questions(list(models.values()), number), REQUESTS // CLIENTS)
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        swaps = 0
        while any(client.is_alive() for client in clients):
            for client in clients:
                client.join(2)
            if swaps < SWAPS:
                arguments = ["rollback"] if swaps % 2 else ["load", "--content", str(second_release)]
                done = run_process("seed", *arguments, DATABASE_URL=url)
                assert done.returncode == 0, done.stderr
                swaps += 1
    wrong = [each for client in clients for each in client.wrong]
    statuses = sum((client.statuses for client in clients), Counter())
    assert not wrong, f"{len(wrong)} of {statuses.total()}: {wrong[:3]}"
    assert set(statuses) == {200, 308, 404, 422}
    releases = sum((client.releases for client in clients), Counter())
    assert all(releases[tag] > REQUESTS // 50 for tag in models), releases
