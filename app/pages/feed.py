"""The feed of changes (Atom, RFC 4287), for feed readers: an entry for each release."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from app.database.current_release import in_utc
from app.database.releases import Change

MEDIA_TYPE = "application/atom+xml"

ID = "urn:uuid:8d3c5f0e-6b1f-4f64-9c0b-5a0c4f1d7e21"
"""Of the feed, for good: the same content is the same feed, wherever it is hosted."""

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


def atom_feed(releases: Sequence[ReleaseChanges], about: Mapping[str, Any], base: str) -> str:
    """The feed of these releases, the newest first; `base` is what addresses begin with."""
    title = escape(about["title"])
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{escape(about["language"])}">
<id>{ID}</id>
<title>{title}: changes</title>
<updated>{_time(releases[0].loaded_at)}</updated>
<author><name>{title}</name></author>
<rights>{escape(f"{about['licence']}. {about['disclaimer']}")}</rights>
<link rel="self" type="{MEDIA_TYPE}" href="{escape(base)}/changes.atom"/>
<link rel="alternate" href="{escape(base)}/changes"/>
{"".join(_entry(release, escape(base)) for release in releases)}</feed>
"""


def _entry(release: ReleaseChanges, base: str) -> str:
    counts = Counter(change.action for change in release.changes)
    summary = ", ".join(f"{number} {action}" for action, number in counts.items()) or "no record changed"
    return f"""<entry>
<id>urn:uuid:{UUID(release.content_hash[:32])}</id>
<title>Dataset {release.version}: {summary}</title>
<updated>{_time(release.loaded_at)}</updated>
<link rel="alternate" href="{base}/changes?since={release.since}"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><ul>
{"".join(_rows(release.changes, base))}</ul></div></content>
</entry>
"""


def _rows(changes: Sequence[Change], base: str) -> Iterator[str]:
    for change in changes[:SHOWN]:
        name = f"<b>{escape(change.name)}</b>"
        # what was removed has no page to lead to
        link = name if change.action == "removed" else f'<a href="{base}{escape(change.url)}">{name}</a>'
        fields = f" ({', '.join(change.fields)})" if change.fields else ""
        yield f"<li>{change.action}: {link}{escape(fields)}: {escape(change.summary)}</li>\n"
    if len(changes) > SHOWN:
        yield f"<li>and {len(changes) - SHOWN} more</li>\n"


def _time(moment: datetime) -> str:
    return in_utc(moment).isoformat(timespec="seconds")
