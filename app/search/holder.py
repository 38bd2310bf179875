"""The holder: keeps the index of the dataset that the database holds, and swaps in the next one when it is complete."""

import logging
import threading
import time

from sqlalchemy import Engine, select
from sqlmodel import col

from app.api.errors import NO_DATASET, NotReady
from app.database.models import Dataset
from app.search.index import SearchIndex, build_index

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two attempts to build the index of a new release."""


class Holder:
    """The current index. It is immutable and swapped in one assignment, so readers need no lock."""

    def __init__(self) -> None:
        self._index: SearchIndex | None = None
        self._expected = ""
        self._tried = 0.0
        self._building = threading.Lock()

    @property
    def ready(self) -> bool:
        """An index is there, so `current` answers at once, without touching the database."""
        return self._index is not None

    def expect(self, tag: str) -> None:
        """Learn of a new release: the next `current` has its index built in the background."""
        self._expected = tag

    def is_stale(self, index: SearchIndex) -> bool:
        """The index is of an older release than the one that is expected."""
        return self._expected not in ("", index.about.tag)

    def current(self, engine: Engine) -> SearchIndex:
        """The index to answer from: builds the first one; `NotReady` where no dataset is loaded yet."""
        index = self._index
        if index is None:
            return self.refresh(engine)
        if self.is_stale(index) and not self._building.locked() and time.monotonic() - self._tried >= RETRY:
            self._tried = time.monotonic()
            threading.Thread(target=self._refresh_quietly, args=(engine,), name="search-index", daemon=True).start()
        return index

    def refresh(self, engine: Engine) -> SearchIndex:
        """Build and swap in the index of the present dataset, unless it is the one that is held."""
        with self._building, engine.connect() as connection:
            content_hash = connection.scalar(select(col(Dataset.content_hash)))
            if content_hash is None and self._index is None:
                raise NotReady(NO_DATASET)
            if content_hash is not None and (self._index is None or self._index.content_hash != content_hash):
                self._index = build_index(connection)
            assert self._index is not None
            return self._index

    def _refresh_quietly(self, engine: Engine) -> None:
        try:
            self.refresh(engine)
        except Exception:
            # the index that is held still answers; the next attempt comes soon
            log.exception("The search index could not be refreshed")
