"""Which release of the dataset is served, and whether the database answers: known without asking it each time."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import col

from app.database.engines import is_transient
from app.database.models import Dataset

log = logging.getLogger(__name__)


def in_utc(moment: datetime) -> datetime:
    """A time that was read: SQLite does not keep the zone, which is UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def release_tag(version: str, content_hash: str) -> str:
    """Version and content in one: the content's hash is Semantic Versioning's build metadata."""
    return f"{version}+{content_hash[:12]}"


def loaded(connection: Connection) -> tuple[str, str] | None:
    """Version and content hash of the dataset in the database, if there is one."""
    row = connection.execute(select(col(Dataset.version), col(Dataset.content_hash))).one_or_none()
    return (row.version, row.content_hash) if row else None


def current_tag(connection: Connection) -> str | None:
    release = loaded(connection)
    return release_tag(*release) if release else None


class Watcher:
    """Keeps the current release at hand: looks every `interval` seconds, and tells who subscribed of a new one."""

    def __init__(self, engine: Engine, interval: float = 1.0) -> None:
        self.tag = ""
        self.gone_since: float | None = None
        """When the database was first found not to answer (`time.monotonic`); null while it answers."""
        self._engine = engine
        self._interval = interval
        self._subscribers: list[Callable[[str], None]] = []

    def subscribe(self, on_change: Callable[[str], None]) -> None:
        """Call `on_change` with the tag of each new release, in the event loop."""
        self._subscribers.append(on_change)

    def saw(self, tag: str) -> None:
        if tag != self.tag:
            self.tag = tag
            for on_change in self._subscribers:
                try:
                    on_change(tag)
                except Exception:
                    # the others have to learn of it all the same
                    log.exception("a new release could not be announced")

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; a database that is gone leaves the last release known."""
        failure = ""
        while not stop.is_set():
            try:
                tag = await asyncio.to_thread(self._look)
                self.gone_since = None
                if tag:
                    self.saw(tag)
                if failure:
                    log.warning("the database answers again")
                failure = ""
            except Exception as error:
                # whatever it is: without this task, a process serves the release that it has for good
                if isinstance(error, DBAPIError) and is_transient(error):
                    self.gone_since = self.gone_since or monotonic()
                is_expected = isinstance(error, SQLAlchemyError | UnicodeDecodeError)
                reason = f"{type(error).__name__}: {error}".split("\n")[0]
                if reason != failure:
                    log.warning("cannot look for a new release: %s", reason, exc_info=not is_expected)
                failure = reason
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._interval)

    def _look(self) -> str | None:
        with self._engine.connect() as connection:
            return current_tag(connection)
