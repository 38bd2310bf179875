"""Slugs that a request names: of records that are here, that were renamed, or that are unknown."""

from collections.abc import Sequence
from typing import Any

from fastapi import Response
from sqlalchemy import Connection, Select, bindparam, select
from sqlmodel import col

from app.api.conditions import FEW
from app.api.direct import Direct
from app.api.errors import InvalidParameters, NotFound, ParameterError, nearest
from app.api.links import given, url_of
from app.api.parameters import SlugOf
from app.database.models import Record, Redirect
from app.schemas import KINDS
from app.schemas.common import is_slug


def _selected(slugs: Any) -> Select[*tuple[Any, ...]]:
    return select(col(Record.slug), col(Record.kind)).where(col(Record.slug).in_(slugs))


FEW_KINDS = [Direct(_selected([bindparam(f"slug_{n}", "") for n in range(count)])) for count in range(FEW + 1)]


def _kinds_of(connection: Connection, slugs: Sequence[str]) -> Sequence[Sequence[Any]]:
    """Slugs with the kinds of their records."""
    if len(slugs) > FEW:
        return connection.execute(_selected(slugs)).all()
    return FEW_KINDS[len(slugs)].rows(connection, {f"slug_{n}": slug for n, slug in enumerate(slugs)})


def check_slugs(connection: Connection, kind: str, query: Any) -> None:
    """A filter by a record that does not exist is an error, not an empty list."""
    wanted: list[tuple[str, str, tuple[str, ...]]] = []
    for name, info in type(query).model_fields.items():
        for rule in (rule for rule in info.metadata if isinstance(rule, SlugOf)):
            wanted += [(name, slug, rule.kinds or (kind,)) for slug in getattr(query, name)]
    if not wanted:
        return
    slugs = [slug for _, slug, _ in wanted if is_slug(slug)]
    rows = _kinds_of(connection, slugs)
    kinds = {str(slug): str(kind) for slug, kind in rows}
    errors = []
    for name, slug, allowed in wanted:
        if kinds.get(slug) not in allowed:
            known = " or ".join(kind.replace("_", " ") for kind in allowed)
            near = _moved_to(connection, allowed, slug) or _nearest_slug(connection, allowed, slug)
            message = f"There is no {known} '{slug}'."
            errors.append(ParameterError(parameter=name, location="query", message=message, suggestion=near))
    if errors:
        raise InvalidParameters(errors)


def elsewhere_or_404(connection: Connection, kind: str, slug: str, query: Any, below: str = "") -> Response:
    """A redirect to a renamed record, or to what lies `below` it; a 404 that names the nearest for an unknown one."""
    target = _moved_to(connection, (kind,), slug)
    if target:
        return Response(status_code=308, headers={"Location": url_of(KINDS[kind].url(target) + below, given(query))})
    near = _nearest_slug(connection, (kind,), slug)
    noun = kind.replace("_", " ")
    raise NotFound(f"There is no {noun} '{slug}'.", KINDS[kind].url(near) if near else None)


def _moved_to(connection: Connection, kinds: Sequence[str], slug: str) -> str | None:
    """The present slug of a record that was renamed."""
    if not is_slug(slug):
        return None
    moved = select(col(Redirect.target)).join(Record, col(Record.slug) == col(Redirect.target))
    return connection.scalar(moved.where(col(Redirect.slug) == slug, col(Record.kind).in_(kinds)))


def _nearest_slug(connection: Connection, kinds: Sequence[str], slug: str) -> str | None:
    initial = slug[:1].lower()
    # comparing is slow, so only a bounded number of neighbours is looked at
    alike = col(Record.slug).startswith(initial if is_slug(initial) else "")
    candidates = connection.scalars(select(col(Record.slug)).where(col(Record.kind).in_(kinds), alike).limit(1000))
    return nearest(slug, candidates)
