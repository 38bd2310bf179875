"""Two workers, releases that change, and requests by the thousand: each answer is that of the release it names."""

import http.client
import itertools
import json
import os
import random
import re
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.database.replace import changing
from app.schemas import KINDS
from seed.load import load
from seed.rollback import rollback
from tests.conftest import NewDatabase
from tests.model import BY_SLUG, COMMON, FILTERS, RESOURCES, REVERSED, Model, Question
from tests.serving import Serve
from tests.support import REAL

REQUESTS = int(os.environ.get("MODEL_REQUESTS", "20000")) // 2
"""On each of both databases."""
CLIENTS = 4
LASTING = 100
"""Requests on one connection: all connections may have gone to the same worker."""
SWAPS = max(6, REQUESTS // 10_000)
"""Changes of the release, evenly over the run."""
RECENT = 200
"""Questions of which one is asked again three times of four: what a cache keeps must not outlive its release."""
NO_SUCH = "no-such-thing"


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


def questions(models: Sequence[Model], seed: int) -> Iterator[Question]:
    """Questions without end, about what is in one of the releases; three of four were asked not long before."""
    chance = random.Random(seed)
    recent: deque[Question] = deque(maxlen=RECENT)
    while True:
        if recent and chance.random() < 0.75:
            yield chance.choice(recent)
        else:
            recent.append(question(chance, chance.choice(models)))
            yield recent[-1]


def question(chance: random.Random, model: Model) -> Question:
    """One question; most filters are given values that occur."""
    kind = chance.choice(list(KINDS))
    resource = RESOURCES[kind]
    include = tuple(chance.sample(resource.include, 1)) if chance.random() < 0.2 else ()
    if chance.random() < 0.3:
        slugs = [row.record["slug"] for row in model.kinds[kind]]
        former = [slug for of_kind, slug in model.redirects if of_kind == kind]
        slug = NO_SUCH if chance.random() < 0.05 else chance.choice([*slugs, *former])
        return Question(kind, slug=slug, include=include)
    filters = {}
    for name in chance.sample([*COMMON, *FILTERS[kind], *REVERSED.get(kind, ())], chance.choice((0, 1, 1, 2, 3))):
        values = _values(model, kind, name)
        is_one = values == ["false", "true"] or name.startswith("last_reviewed") or name == "sex"
        filters[name] = tuple(chance.sample(values, min(len(values), 1 if is_one else chance.choice((1, 1, 2)))))
        if name in BY_SLUG and chance.random() < 0.02:
            filters[name] += (NO_SUCH,)
    keys = chance.sample(list(resource.sorts), min(len(resource.sorts), chance.choice((0, 1, 2))))
    sort = tuple(chance.choice(("", "-")) + key for key in keys)
    limit, offset = chance.choice((1, 3, 20, 20, 100)), chance.choice((0, 0, 1, 7, 40, 2000))
    filters = {name: values for name, values in filters.items() if values}
    return Question(kind, filters=filters, sort=sort, limit=limit, offset=offset, include=include)


@cache
def _values(model: Model, kind: str, name: str) -> list[str]:
    """Values of a filter that occur, or that records of the right kind have as slugs."""
    rows = model.kinds[kind]
    if name in BY_SLUG:
        return [row.record["slug"] for row in model.kinds[BY_SLUG[name] or kind]]
    if name == "same_as":
        return [f"{code['vocabulary']}:{code['id']}" for row in rows for code in row.record["same_as"]]
    if name.startswith("last_reviewed"):
        return sorted({row.record["last_reviewed"] for row in rows})
    if name in ("from_article", "electrolyte", "is_food"):
        return ["false", "true"]
    if name == "sex":
        return ["female", "male"]
    path = {"state": ("trigger", "state") if kind == "mechanism" else ("state",), "life_stage": ("life_stage", "code")}
    return sorted({value for row in rows if (value := row.at(*path.get(name, (name,))))})


class Client(threading.Thread):
    """Asks its share of the questions, and keeps what was answered wrongly."""

    def __init__(self, port: int, models: dict[str, Model], asked: Iterator[Question], number: int) -> None:
        super().__init__()
        self.port = port
        self.models = models
        self.asked = itertools.islice(asked, number)
        self.wrong: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.releases: Counter[str] = Counter()
        self.proven: dict[tuple[str, str], tuple[int, str | None, bytes]] = {}
        """Right answers, by release and path: the same bytes need not be worked out again."""

    def run(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            for number, question in enumerate(self.asked):
                if number % LASTING == 0:
                    connection.close()
                try:
                    connection.request("GET", question.path)
                    response = connection.getresponse()
                    body = response.read()
                except (OSError, http.client.HTTPException) as error:
                    connection.close()
                    self.wrong.append(f"{question.path}: {error!r}")
                else:
                    self._compare(question, response, body)

    def _compare(self, question: Question, response: http.client.HTTPResponse, body: bytes) -> None:
        self.statuses[response.status] += 1
        tag = response.headers.get("Dataset-Version")
        self.releases[tag or ""] += 1
        answered = response.status, response.headers.get("Location"), body
        if tag and self.proven.get((tag, question.path)) == answered:
            return
        # a refusal does not name its release
        candidates = [self.models[tag]] if tag else list(self.models.values())
        if not any(_agrees(model.answer(question), response, body) for model in candidates):
            self.wrong.append(f"{tag} {question.path}: {response.status} {body[:300]!r}")
        elif tag:
            if len(self.proven) > 2 * RECENT:
                self.proven.clear()
            self.proven[tag, question.path] = answered


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
    second = Model(second_release)
    models = {model.tag: model for model in (Model(REAL), second)}
    url = new_database("model", REAL)
    # a client that works a long answer out must not find its connection closed for having been idle
    with serving(url, WORKERS="2", ACCESS_LOG="false", KEEP_ALIVE_TIMEOUT="600") as server:
        clients = [
            Client(server.port, models, questions(list(models.values()), number), REQUESTS // CLIENTS)
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        swaps = 0
        while any(client.is_alive() for client in clients):
            time.sleep(0.1)
            answered = sum(client.statuses.total() for client in clients)
            if swaps < SWAPS and answered * (SWAPS + 1) > REQUESTS * (swaps + 1):
                with changing(url) as connection:
                    if swaps % 2:
                        rollback(connection, lambda *_: None)
                    else:
                        load(connection, second.prepared)
                swaps += 1
    wrong = [each for client in clients for each in client.wrong]
    statuses = sum((client.statuses for client in clients), Counter())
    assert not wrong, f"{len(wrong)} of {statuses.total()}: {wrong[:3]}"
    assert set(statuses) == {200, 308, 404, 422}
    releases = sum((client.releases for client in clients), Counter())
    assert all(releases[tag] > REQUESTS // 50 for tag in models), releases
