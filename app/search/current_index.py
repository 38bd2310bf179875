"""The search index of the current release: built by one process of the machine, opened by each, swapped in when ready.

All of it happens in a thread: when a release is noticed, or for the first search where none was yet.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from time import monotonic

from sqlalchemy import Connection, Engine, func, select

from app.api.errors import NO_DATASET, NotReady
from app.api.records import release_info
from app.database.current_release import current_tag
from app.database.engines import reading_engine
from app.database.models import Record
from app.search.index import SearchIndex, build_index, open_index
from app.settings import Settings

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""Between two attempts to build the index of a new release."""

MAX_STALE_SECONDS = 60.0
"""For which an index answers after a newer release was noticed; then 503."""


APART = 10_000
"""From so many records on, the index is built by a process of its own, whose memory is given back at its end."""
KEPT = 8
"""Indexes that stay in the folder: those of the last releases, and of other databases that the machine serves."""
CODE = sha256(
    b"".join(
        path.read_bytes()
        for folder in ("search", "schemas")
        for path in sorted((Path(__file__).parents[1] / folder).glob("*.py"))
    )
).digest()
"""An index that other code has built is not opened."""


class CurrentIndex:
    """The index to answer from. It is immutable and swapped in one assignment, so readers need no lock."""

    def __init__(self, engine: Engine, folder: str = "", url: str = "") -> None:
        """`url` is that of the database, for a process that builds the index of many records."""
        self._engine = engine
        self._url = url
        self._child: subprocess.Popen[bytes] | None = None
        self._folder = Path(folder or Path(tempfile.gettempdir()) / f"nutrient-search-{os.getuid()}")
        self._index: SearchIndex | None = None
        self._expected = ""
        self._expected_since = 0.0
        self._building = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopped = False

    @property
    def ready(self) -> bool:
        """An index is there, so `current` answers immediately, without touching the database."""
        return self._index is not None

    def expect(self, tag: str) -> None:
        """A release was noticed: build its index in a thread."""
        if tag != self._expected:
            self._expected, self._expected_since = tag, monotonic()
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="search-index", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Build no more, and wait for the end of what is being built: its connection has to be given back."""
        self._stopped = True
        self._wake.set()
        if self._child is not None:
            self._child.terminate()
        if self._thread is not None:
            self._thread.join()

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
        """Open and swap in the index of the present dataset, unless it is the one that is held."""
        with self._building, self._engine.connect() as connection:
            tag = current_tag(connection)
            if self._index is None or tag not in (None, self._index.about.tag):
                if tag is None:
                    raise NotReady(NO_DATASET)
                self._index = self._shared(connection)
            return self._index

    def _shared(self, connection: Connection) -> SearchIndex:
        """The index of the dataset that the connection sees, built where no process of this machine has done so."""
        root, release = self._folder, release_info(connection)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if root.stat().st_uid != os.getuid():
            raise PermissionError(f"The folder {root} belongs to another user; set INDEX_DIR to another.")
        folder = root / sha256(f"{release.tag} {release.loaded_at} ".encode() + CODE).hexdigest()[:32]
        with suppress(ValueError):
            return _open(connection, folder)
        # the others wait for the process that builds, but for no other database's
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(ValueError):
                return _open(connection, folder)
            with tempfile.TemporaryDirectory(dir=root, ignore_cleanup_errors=True) as unfinished:
                self._build(connection, built := Path(unfinished) / "index")
                shutil.rmtree(folder, ignore_errors=True)
                built.rename(folder)
            # whoever has opened an old one goes on to read it
            for old in sorted(root.glob("*/"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
                shutil.rmtree(old)
                old.with_suffix(".lock").unlink(missing_ok=True)
        return _open(connection, folder)

    def _build(self, connection: Connection, folder: Path) -> None:
        count = connection.scalar(select(func.count()).select_from(Record)) or 0
        if not self._url or count < APART:
            build_index(connection, folder)
            return
        environment = {**os.environ, "DATABASE_URL": self._url, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "app.search.index", str(folder)]
        self._child = subprocess.Popen(command, env=environment)  # noqa: S603 - nothing in it comes from a request
        status = self._child.wait()
        with self._engine.connect() as later:
            # it may have seen another release than this process
            if status or release_info(later).loaded_at != release_info(connection).loaded_at:
                raise NotReady("The search index of this release could not be built; try again later.")

    def _follow(self) -> None:
        is_logged = is_behind = False
        while not self._stopped:
            # a release, or the time of the next attempt
            self._wake.wait(RETRY_SECONDS if is_behind else None)
            self._wake.clear()
            try:
                if not self._stopped:
                    is_behind, is_logged = self.is_stale(self.refresh()), False
            except Exception:
                if self._stopped:
                    return
                # the index that is held answers for a while
                if not is_logged:
                    log.exception("The search index of a new release could not be built")
                is_logged = is_behind = True


def write_current_index(settings: Settings) -> int:
    """Write the index of the present dataset where servers look for it; returns how many records it holds."""
    engine = reading_engine(settings.database_url)
    index = CurrentIndex(engine, settings.index_dir, settings.database_url)
    try:
        return index.refresh().size
    finally:
        index.stop()
        engine.dispose()


def _open(connection: Connection, folder: Path) -> SearchIndex:
    """The index in the folder; `ValueError` where there is none or a damaged one."""
    index = open_index(connection, folder)
    os.utime(folder)
    return index
