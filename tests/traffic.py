"""Clients that ask a server all the time, and what they were told."""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import count

import httpx

PATHS = ("/dataset", "/nutrients", "/nutrients/iron", "/claims.ndjson", "/search?q=iron", "/nutrients?limit=1")

NEVER_ASKED_BEFORE = ("/nutrients?offset={}", "/search?q=iron+{}", "/claims?limit=7&offset={}", "/sources?offset={}")
"""Paths that no cache can hold, once they are filled with a number each."""


class Traffic:
    """So many clients, each on a connection of its own, as a context; each pauses so many seconds after an answer.

    Nothing is tried again: an answer other than 200, a broken one and none at all are in `failed`.
    """

    def __init__(self, origin: str, paths: Sequence[str] = PATHS, clients: int = 4, pause: float = 0) -> None:
        self.origin = origin
        self.paths = paths
        self.pause = pause
        self.asked: Counter[str] = Counter()
        self.failed: list[str] = []
        self.bodies: dict[tuple[str, str], set[str]] = {}
        """What was answered, by path and version of the dataset."""
        self._recent: list[str] = []
        self._numbers = count()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def versions_now(self) -> set[str]:
        """Versions of the dataset in the answers of the next half second."""
        self._recent.clear()
        time.sleep(0.5)
        return set(self._recent)

    def _run(self) -> None:
        with httpx.Client(base_url=self.origin, timeout=20, verify=False) as client:
            while not self._stop.is_set():
                for path in self.paths:
                    self._ask(client, path)
                    time.sleep(self.pause)

    def _ask(self, client: httpx.Client, path: str) -> None:
        full = path.format(next(self._numbers))
        self.asked[path] += 1
        began = time.strftime("%H:%M:%S")
        try:
            response = client.get(full)
        except httpx.HTTPError as error:
            self.failed.append(f"{began} {full}: {error!r}")
            return
        if response.status_code != 200:
            self.failed.append(f"{began} {full}: {response.status_code} {response.text}")
            return
        version = response.headers["Dataset-Version"]
        self._recent.append(version.partition("+")[0])
        if path == full:
            self.bodies.setdefault((path, version), set()).add(response.text)


def assert_unmixed(traffic: Traffic, mark: str, marked: str) -> None:
    """Every answer is of the release that it names, and all answers of one release are alike.

    `mark` is a text about iron in the release `marked` alone.
    """
    for (path, version), bodies in traffic.bodies.items():
        assert len(bodies) == 1, f"{path} of {version} differs"
        body = next(iter(bodies))
        if path == "/dataset":
            about = json.loads(body)
            assert version == f"{about['version']}+{about['content_hash'][:12]}"
        if path == "/nutrients/iron":
            assert (mark in body) == version.startswith(marked)
