"""One record; redirects for renamed records and aliases; suggestions for unknown slugs; related records as cards."""

import json
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence, Set
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Response
from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, bindparam, func, literal, select, union_all
from sqlmodel import col

from app.api.errors import NO_DATASET, InvalidParameters, NotFound, NotReady, ParameterError, nearest, wrong
from app.api.parameters import Q, Query, Slugs
from app.api.queries import annotations, any_of
from app.database.current_release import in_utc, release_tag
from app.database.models import TABLES, Dataset, Identifier, Record, Redirect
from app.http.headers import http_date, is_header_text
from app.schemas import COLLECTIONS, KINDS
from app.schemas.common import MAX_SLUG, REFERENCE, is_slug
from app.schemas.identifier import Match

MAX_CANDIDATES = 300
MAX_SUGGESTIONS = 3
"""Unknown slugs of one request for which the nearest is looked for: a look reads twice `MAX_CANDIDATES` rows."""


class ReleaseInfo(dict[str, Any]):
    """What the dataset says of itself, and which release it is: `tag`, and when it was loaded (`last_modified`: as an
    HTTP date).
    """

    tag: str
    loaded_at: datetime
    last_modified: str


def release_info(connection: Connection) -> ReleaseInfo:
    """The release that the connection reads; `NotReady` where none is loaded."""
    return release_of(connection.execute(select(col(Dataset.info), col(Dataset.loaded_at))).one_or_none())


def release_of(row: Any) -> ReleaseInfo:
    """The release of a row with its `info` and `loaded_at`; `NotReady` where there is none."""
    if row is None:
        raise NotReady(NO_DATASET)
    return _release_info(row.info, row.loaded_at)


@lru_cache(maxsize=4)
def _release_info(info: str, loaded_at: datetime) -> ReleaseInfo:
    release = ReleaseInfo(json.loads(info))
    release.loaded_at = in_utc(loaded_at)
    release.last_modified = http_date(release.loaded_at)
    release.tag = release_tag(release["version"], release["content_hash"])
    # what a response's headers are made of: checked here, so that /readyz knows before any client does
    for text in (release.tag, release["language"], release["licence_url"]):
        if not is_header_text(text):
            raise NotReady(f"The dataset's {text!r} cannot be sent in a header; correct dataset.toml and load it anew.")
    return release


def find_record(connection: Connection, kind: str, slug: str) -> tuple[ReleaseInfo, str | None]:
    """The release and the JSON of one of its records, by one statement; null where there is no such record."""
    # PostgreSQL refuses to compare some texts that are not valid slugs
    row = connection.execute(_with_record(kind), {"slug": slug if is_slug(slug) else ""}).one_or_none()
    release = release_of(row)
    return release, row.record if row else None


@cache
def _with_record(kind: str) -> Select[Any]:
    """The release, and the record that the parameter `slug` names. To build this takes longer than to execute it."""
    table = TABLES[kind]
    selected = select(col(Dataset.info), col(Dataset.loaded_at), table.record).select_from(Dataset)
    return selected.outerjoin(table, col(table.slug) == bindparam("slug"))


def redirect_or_404(connection: Connection, kind: str, slug: str, query_string: bytes, subpath: str = "") -> Response:
    """A redirect for a former slug or an unambiguous alias, to the record or its subpath; else a 404."""
    selected = select(col(Redirect.target)).where(col(Redirect.slug) == slug, col(Redirect.kind) == kind)
    if is_slug(slug) and (target := connection.scalar(selected)):
        query = urlencode(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True), safe=",")
        location = KINDS[kind].url(target) + subpath + (f"?{query}" if query else "")
        return Response(status_code=308, headers={"Location": location})
    near = _nearest_slug(connection, (kind,), slug)
    raise NotFound(f"There is no {_noun(kind)} '{slug}'.", KINDS[kind].url(near) if near else None)


def filtered_slugs(query: Query) -> list[str]:
    """The values of a list's slug filters, valid slugs or not."""
    return [slug for name in annotations(type(query), Slugs) for slug in getattr(query, name)]


def known_slugs(kind: str, model: type[Query], given: Container[str]) -> ColumnElement[int]:
    """SQL that counts how many of the slugs in these filters are records of the right kind."""
    known: ColumnElement[int] = literal(0)
    for name, rule in annotations(model, Slugs).items():
        if name in given:
            kinds = col(Record.kind).in_(rule.kinds or (kind,))
            known = known + select(func.count()).where(col(Record.slug).in_(any_of(name)), kinds).scalar_subquery()
    return known


def with_slugs(connection: Connection, kind: str, query: Q) -> Q:
    """The query with the slug of the record in place of each unambiguous alias, as in a path.

    A filter by a record that does not exist is an error, not an empty list.
    """
    asked = [
        (name, slug, rule.kinds or (kind,))
        for name, rule in annotations(type(query), Slugs).items()
        for slug in getattr(query, name)
    ]
    if not asked:
        return query
    slugs = {slug for _, slug, _ in asked if is_slug(slug)}
    rows = connection.execute(select(col(Record.slug), col(Record.kind)).where(col(Record.slug).in_(slugs)))
    known: dict[str, str] = {row.slug: row.kind for row in rows}
    aliases = _aliases(connection, slugs - known.keys())
    found: defaultdict[str, list[str]] = defaultdict(list)
    errors: list[ParameterError] = []
    for name, slug, kinds in asked:
        targets = [slug] if known.get(slug) in kinds else [aliases[slug][of] for of in kinds if of in aliases[slug]]
        if len(targets) == 1:
            found[name] += targets
            continue
        near = targets[0] if targets else None
        if not targets and len(errors) < MAX_SUGGESTIONS:
            near = _nearest_slug(connection, kinds, slug)
        message = f"There is no {' or '.join(map(_noun, kinds))} '{slug}'."
        if targets:
            message = f"'{slug}' may mean {' or '.join(targets)}."
        errors.append(wrong(name, message, suggestion=near))
    if errors:
        release_info(connection)  # raises `NotReady` where no dataset is loaded
        raise InvalidParameters(errors)
    return query.model_copy(update={name: tuple(dict.fromkeys(targets)) for name, targets in found.items()})


def exact_addresses(connection: Connection) -> dict[str, list[str]]:
    """Addresses, by slug of a record, of the codes that mean exactly the same in other vocabularies."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    selected = select(col(Identifier.record), col(Identifier.url)).where(col(Identifier.match) == Match.exact)
    for slug, url in connection.execute(selected.order_by(col(Identifier.code))):
        found[slug].append(url)
    return found


def included_json(connection: Connection, records: Sequence[str], include: Sequence[str]) -> str:
    """The records that these refer to, as cards: one statement for all, and one for intakes."""
    if not include:
        return "{}"
    parsed = [json.loads(record) for record in records]
    refs = dict.fromkeys((ref["kind"], ref["slug"]) for record in parsed for ref in _refs(record))
    kinds = {name: COLLECTIONS[name].name for name in include}
    slugs = {kind: [slug for ref_kind, slug in refs if ref_kind == kind] for kind in kinds.values() if kind != "intake"}
    rows = connection.execute(_cards(tuple(sorted(slugs))), slugs).all() if slugs else ()
    found = {row.slug: row.card for row in rows}
    cards = {kind: [found[slug] for slug in named] for kind, named in slugs.items()}
    if "intake" in kinds.values():
        # a nutrient has dozens, so its record does not refer to each
        nutrients = {"nutrients": [record["slug"] for record in parsed]}
        cards["intake"] = list(connection.scalars(_intake_cards(), nutrients))
    parts = (f'"{name}":[{",".join(cards[kind])}]' for name, kind in kinds.items())
    return f"{{{','.join(parts)}}}"


@lru_cache(100)
def _cards(kinds: tuple[str, ...]) -> CompoundSelect[Any]:
    """The cards of the records that the parameters named like these kinds name."""
    tables = [(TABLES[kind], any_of(kind)) for kind in kinds]
    return union_all(*(select(table.slug, table.card).where(table.slug.in_(slugs)) for table, slugs in tables))


@cache
def _intake_cards() -> Select[Any]:
    """The cards of the intakes of the nutrients that the parameter `nutrients` names."""
    table = TABLES["intake"]
    order = table.role_rank, table.authority, table.type, table.age_min_months, table.sort_name, table.slug
    return select(table.card).where(table.nutrient.in_(any_of("nutrients"))).order_by(*order)


def _refs(value: Any) -> Iterator[dict[str, str]]:
    """Every reference in a parsed record, but not the record itself."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict) and item.keys() == REFERENCE:
            yield item
        else:
            yield from _refs(item)


def _aliases(connection: Connection, slugs: Set[str]) -> Mapping[str, Mapping[str, str]]:
    """The records that these lead to, by slug and kind; no statement where there is nothing to look for."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    selected = select(col(Redirect.slug), col(Redirect.kind), col(Redirect.target))
    for slug, kind, target in connection.execute(selected.where(col(Redirect.slug).in_(slugs))) if slugs else ():
        found[slug][kind] = target
    return found


def _nearest_slug(connection: Connection, kinds: Sequence[str], slug: str) -> str | None:
    """The present slug of the record whose slug, name or alias is spelt most like this; a bounded search."""
    initial = slug[:1].lower()
    first = initial if is_slug(initial) else ""
    last = first + "z" * (MAX_SLUG - 1)
    candidates: dict[str, str] = {}
    for kind in kinds:
        # ranges of primary keys: `LIKE`, or the table of all kinds, would take time in proportion to the records
        own = TABLES[kind].slug
        aliases = select(col(Redirect.slug), col(Redirect.target)).where(
            col(Redirect.kind) == kind, col(Redirect.slug) >= first, col(Redirect.slug) <= last
        )
        slugs = select(own, own.label("target")).where(own >= first, own <= last)
        for selected in (aliases.order_by(col(Redirect.slug)), slugs.order_by(own)):
            candidates.update(connection.execute(selected.limit(MAX_CANDIDATES // len(kinds))).all())
    near = nearest(slug, list(candidates))
    return candidates[near] if near else None


def _noun(kind: str) -> str:
    return kind.replace("_", " ")
