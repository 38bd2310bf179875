"""Slugs that lead to a record: its former ones, and those that its unambiguous names and aliases make."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.schemas.common import Ref, is_slug


def redirect_rows(records: Iterable[Any], renamed: Mapping[str, str]) -> list[dict[str, str]]:
    """Rows of the redirect table. `renamed` maps former slugs to present ones, and wins over aliases."""
    by_slug: dict[str, Ref] = {record.slug: record for record in records}
    targets: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for record in by_slug.values():
        for text in names_of(record.model_dump(include={"name", "aliases", "examples"})):
            targets[record.kind, slug_of(text)].add(record.slug)
    found = {
        (kind, slug): found.pop()
        for (kind, slug), found in targets.items()
        if len(found) == 1 and slug not in by_slug and is_slug(slug)
    }
    found |= {(by_slug[slug].kind, former): slug for former, slug in renamed.items()}
    return [{"kind": kind, "slug": slug, "target": target} for (kind, slug), target in sorted(found.items())]


def slug_of(text: str) -> str:
    """The slug that a name would have: `Vitamin B12` is `vitamin-b12`."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def names_of(record: Mapping[str, Any]) -> Iterator[str]:
    """The names by which people may guess the slug of a record, given as JSON has it."""
    yield record["name"]
    yield from record.get("aliases", ())
    yield from record.get("examples", ())
