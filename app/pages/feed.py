"""The feed of changes (Atom, RFC 4287), for feed readers: an entry for each release."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database.current_release import in_utc
from app.database.releases import Change
from app.pages.templates import render

MEDIA_TYPE = "application/atom+xml"

SHOWN = 100
"""Records that an entry names; `/changes` has the rest."""


@dataclass(frozen=True)
class ReleaseChanges:
    """A release with what changed since the version before it."""

    version: str
    since: str
    content_hash: str
    loaded_at: datetime
    changes: Sequence[Change]

    @property
    def id(self) -> UUID:
        return UUID(self.content_hash[:32])

    @property
    def updated(self) -> str:
        return in_utc(self.loaded_at).isoformat(timespec="seconds")

    @property
    def summary(self) -> str:
        counts = Counter(change.action for change in self.changes)
        return ", ".join(f"{number} {action}" for action, number in counts.items()) or "no record changed"


def atom_feed(releases: Sequence[ReleaseChanges], about: Mapping[str, Any], base: str) -> bytes:
    """The feed of these releases, the newest first; `base` is what addresses begin with."""
    return render("feed.xml", releases=releases, about=about, base=base, shown=SHOWN, media_type=MEDIA_TYPE)
