"""The search index of the current release: built in a thread when a release is noticed, swapped in when complete."""

import logging
import threading
from time import monotonic

from sqlalchemy import Engine

from app.api.errors import NO_DATASET, NotReady
from app.database.current_release import current_tag
from app.search.index import SearchIndex, build_index

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""Between two attempts to build the index of a new release."""

MAX_STALE_SECONDS = 60.0
"""For which an index answers after a newer release was noticed; then 503."""


class CurrentIndex:
    """The index to answer from. It is immutable and swapped in one assignment, so readers need no lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._index: SearchIndex | None = None
        self._expected = ""
        self._expected_since = 0.0
        self._building = threading.Lock()
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def ready(self) -> bool:
        """An index is there, so `current` answers immediately, without touching the database."""
        return self._index is not None

    def expect(self, tag: str) -> None:
        """A release was noticed: build its index in a thread."""
        with self._lock:
            if tag != self._expected:
                self._expected, self._expected_since = tag, monotonic()
            if self._worker is None and self._is_behind():
                self._worker = threading.Thread(target=self._catch_up, name="search-index", daemon=True)
                self._worker.start()

    def stop(self) -> None:
        """Build no more, and wait for the end of what is being built: its connection has to be given back."""
        self._stopped.set()
        with self._lock:
            worker = self._worker
        if worker is not None:
            worker.join()

    def is_stale(self, index: SearchIndex) -> bool:
        """The index is of an older release than the one that was noticed."""
        return self._expected not in ("", index.about.tag)

    def current(self) -> SearchIndex:
        """The index to answer from: waits for the first one; `NotReady` without a dataset, or where it is too old."""
        index = self._index
        if index is None:
            return self.refresh()
        if self.is_stale(index) and monotonic() - self._expected_since > MAX_STALE_SECONDS:
            raise NotReady("The search index of the current release could not be built; try again later.")
        return index

    def refresh(self) -> SearchIndex:
        """Build and swap in the index of the present dataset, unless it is the one that is held."""
        with self._building, self._engine.connect() as connection:
            tag = current_tag(connection)
            if self._index is None or tag not in (None, self._index.about.tag):
                if tag is None:
                    raise NotReady(NO_DATASET)
                self._index = build_index(connection)
            return self._index

    def _is_behind(self) -> bool:
        is_current = self._index is not None and not self.is_stale(self._index)
        return not is_current and not self._stopped.is_set()

    def _catch_up(self) -> None:
        is_logged = False
        while True:
            with self._lock:
                if not self._is_behind():
                    self._worker = None
                    return
            try:
                self.refresh()
            except Exception:
                # the index that is held answers for a while; the next attempt comes soon
                if not is_logged:
                    log.exception("The search index of a new release could not be built")
                is_logged = True
            if self._is_behind():
                self._stopped.wait(RETRY_SECONDS)
