"""Which version a changed dataset has to have, by Semantic Versioning."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from app.database.current_release import loaded
from app.database.models import Redirect, Release
from app.database.releases import Change
from seed.redirects import names_of, slug_of

Version = tuple[int, int, int]


class WrongVersion(Exception):
    """The version in dataset.toml does not fit what changed; the message names the version that is due."""


def version_problem(
    connection: Connection,
    dataset: Mapping[str, Any],
    changes: Iterable[Change],
    stored: Mapping[str, str],
    redirects: Mapping[str, str],
) -> str | None:
    """Why a dataset may not follow the loaded one under its version; null where it may.

    `stored` holds the JSON of the loaded records by slug, `redirects` the new dataset's former slugs.
    """
    present = loaded(connection)
    if present is None or present[1] == dataset["content_hash"]:
        return None
    changes = list(changes)
    before, version = parse(present[0]), parse(dataset["version"])
    lost = _lost(connection, changes, stored, redirects)
    if lost:
        # below 1.0.0 a minor version may do what a major version may later
        due = (before[0] + 1, 0, 0) if before[0] else (0, before[1] + 1, 0)
    elif any(change.action == "added" for change in changes):
        due = (before[0], before[1] + 1, 0)
    else:
        due = (before[0], before[1], before[2] + 1)
    others = select(col(Release.version)).where(col(Release.content_hash) != dataset["content_hash"])
    taken = {parse(number) for number in connection.scalars(others)}
    while due in taken:
        due = (due[0], due[1], due[2] + 1)
    problem = None
    if version < before:
        problem = f"{dataset['version']} is lower than {present[0]}, which is loaded"
    elif version == before:
        problem = f"the content differs from the {present[0]} that is loaded"
    elif version < due and lost:
        places = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        problem = f"{places} would be gone without a redirect"
    elif version < due:
        problem = f"{dataset['version']} is too low for what changed since {present[0]}"
    elif version in taken:
        problem = f"{dataset['version']} was loaded before with other content"
    return problem and f"{problem}; the version due is {'.'.join(map(str, due))}"


def parse(version: str) -> Version:
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def _lost(
    connection: Connection, changes: Iterable[Change], stored: Mapping[str, str], redirects: Mapping[str, str]
) -> list[str]:
    """Paths and former slugs that nothing would answer any more."""
    by_slug = {change.slug: change for change in changes}
    lost = []
    for change in by_slug.values():
        if change.action == "removed" and change.slug not in redirects:
            lost.append(change.url)
        elif change.action == "changed" and (url := json.loads(stored[change.slug])["url"]) != change.url:
            lost.append(url)  # moved to another kind
    for row in connection.execute(select(col(Redirect.slug), col(Redirect.target))):
        from_alias = row.slug in map(slug_of, names_of(json.loads(stored[row.target])))
        change_of_slug = by_slug.get(row.slug)
        added = change_of_slug is not None and change_of_slug.action == "added"
        if not from_alias and not added and row.slug not in redirects:
            lost.append(row.slug)
    return sorted(lost)
