"""Reading: one record, or one page of a filtered and sorted list, out of one snapshot of the database."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Generic, ParamSpec, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Engine, Select, select
from sqlalchemy.sql.elements import UnaryExpression
from sqlmodel import col

from app import snapshot
from app.answers import BATCH, About, RawJson, StreamedList, answer, headers, json_object
from app.errors import InvalidParameters, NotFound, ParameterError, nearest
from app.formats import ListFormat, csv_lines, faq_page
from app.kinds import (
    KINDS,
    Claim,
    FaqEntry,
    FoodSource,
    Intake,
    Interaction,
    LifestyleFactor,
    Mechanism,
    Nutrient,
    Source,
    Symptom,
)
from app.kinds.common import Grade, Model, is_slug
from app.models import TABLES, Link, Record, Redirect, table_of
from app.models import Intake as IntakeRow
from app.parameters import Flag, PageQuery, Query, SlugOf
from app.snapshot import dataset

T = TypeVar("T")
P = ParamSpec("P")

Transform = Callable[[str], str]
"""Changes a document before it is shown."""


class Included(Model):
    """Related records in full, by collection; a collection is there when `include` asks for it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    nutrients: list[Nutrient] = Field(default=[], description="Vitamins and minerals.")
    mechanisms: list[Mechanism] = Field(default=[], description="Chains of cause and effect.")
    food_sources: list[FoodSource] = Field(default=[], description="Food sources.")
    lifestyle_factors: list[LifestyleFactor] = Field(default=[], description="Habits, states and medicines.")
    faq: list[FaqEntry] = Field(default=[], description="Questions and answers.")
    symptoms: list[Symptom] = Field(default=[], description="Symptoms, signs and conditions.")
    interactions: list[Interaction] = Field(default=[], description="Interactions between nutrients.")
    intakes: list[Intake] = Field(default=[], description="Reference intakes.")
    claims: list[Claim] = Field(default=[], description="Graded statements.")
    sources: list[Source] = Field(default=[], description="Publications.")


class Envelope(Model):
    """What comes with every record and every list."""

    included: Included = Field(description="Related records in full, as `include` asked for; else empty.")
    disclaimer: str = Field(description="What this information is and is not.")


class PageBase(Model):
    """Where a page stands in its list."""

    total: int = Field(ge=0, description="How many items the filters select.")
    limit: int = Field(ge=1, le=100, description="How many items a page holds at most.")
    offset: int = Field(ge=0, description="How many items come before this page.")
    next: str | None = Field(description="Path of the next page; null on the last.")
    previous: str | None = Field(description="Path of the page before; null on the first.")


class Items(Model, Generic[T]):
    """The items of a page."""

    items: list[T] = Field(description="The items of this page.")


class Page(Envelope, PageBase, Items[T], Generic[T]):
    """One page of a list."""


class PartialRecord(Model):
    """A record cut down by `fields`: `slug` and `url`, and the keys that were asked for."""

    model_config = ConfigDict(extra="allow")

    slug: str = Field(description="Permanent identifier of the record.")
    url: str = Field(description="Path of the record in this API.")


class PartialPage(Page[PartialRecord]):
    """A page of records cut down by `fields`."""


class PartialDetail(Envelope, PartialRecord):
    """A record cut down by `fields`."""

    model_config = ConfigDict(extra="allow")


COLLECTIONS = {kind.collection.replace("-", "_"): kind for kind in KINDS.values()}


class DetailQuery(Query):
    """How much of a record to show. Each collection adds its `fields` and `include`."""


class AnyListQuery(PageQuery):
    """Parameters that every list of records has. Each collection adds its filters, `sort`, `fields` and `include`."""

    slug: Annotated[tuple[str, ...], SlugOf()] = Field(default=(), description="Only these records: a bulk get.")
    from_article: Flag | None = Field(
        default=None, description="True: only what the article on muscle twitching names; false: only what was added."
    )


class ListQuery(AnyListQuery):
    """Parameters of a list that comes in the usual formats."""

    format: ListFormat = Field(
        default="json",
        description="JSON in pages; or the whole filtered list as CSV or NDJSON, cut only by a `limit` that is given. "
        "`Accept` can ask for the same.",
    )


async def get_engine(request: Request) -> Engine:
    """The engine of the app that serves the request."""
    engine: Engine = request.app.state.engine
    return engine


Database = Annotated[Engine, Depends(get_engine)]


def among(column: Any, values: Sequence[str | int]) -> ColumnElement[bool] | None:
    """The column holds one of the values; no condition where none is given."""
    return column.in_(values) if values else None


def among_grades(rank: Any, grades: Sequence[str]) -> ColumnElement[bool] | None:
    """The record has one of these evidence grades; `rank` is its column of grade ranks."""
    return rank.in_([Grade(grade).rank for grade in grades]) if grades else None


def same(column: Any, value: bool | None) -> ColumnElement[bool] | None:
    """The column holds the value; no condition where it is null."""
    return None if value is None else column.is_(value)


def refers(table: Any, fields: Sequence[str], targets: Sequence[str]) -> ColumnElement[bool] | None:
    """The record refers, in one of these fields, to one of the targets."""
    if not targets:
        return None
    origins = select(col(Link.origin)).where(col(Link.target).in_(targets), col(Link.field).in_(fields))
    condition: ColumnElement[bool] = table.slug.in_(origins)
    return condition


def referred(table: Any, field: str, origins: Sequence[str]) -> ColumnElement[bool] | None:
    """One of the origins refers, in this field, to the record."""
    if not origins:
        return None
    targets = select(col(Link.target)).where(col(Link.origin).in_(origins), col(Link.field) == field)
    condition: ColumnElement[bool] = table.slug.in_(targets)
    return condition


@dataclass(frozen=True)
class Listing:
    """A list: its path, its name as a file, the table of its documents and the model that describes them."""

    path: str
    name: str
    table: Any
    model: type[Model]


async def page(
    engine: Engine,
    kind: str,
    query: Any,
    conditions: Iterable[ColumnElement[bool] | None],
    sort_columns: dict[str, Any],
) -> Response:
    """`read_page`, where it runs best."""
    return await _reading(engine, read_page, engine, kind, query, conditions, sort_columns)


async def _reading(engine: Engine, read: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    # SQLite answers sooner than a thread is woken; a database across a network must not stop the event loop
    if engine.dialect.name == "sqlite":
        return read(*arguments, **named)
    return await run_in_threadpool(read, *arguments, **named)


def read_page(
    engine: Engine,
    kind: str,
    query: Any,
    conditions: Iterable[ColumnElement[bool] | None],
    sort_columns: dict[str, Any],
    *,
    listing: Listing | None = None,
    transform: Transform = str,
) -> Response:
    """The page of the list that `query` asks for; `sort_columns` maps each sort key to its column.

    The list is that of all records of the kind, unless `listing` says otherwise.
    """
    known = KINDS[kind]
    listing = listing or Listing(f"/{known.collection}", known.collection, TABLES[kind], known.record)
    table, slugs, fields = listing.table, getattr(query, "slug", ()), getattr(query, "fields", ())
    general = (among(table.slug, slugs), same(table.from_article, query.from_article))
    where = [condition for condition in (*conditions, *general) if condition is not None]
    order = [*_order(query.sort, {"name": table.sort_name, **sort_columns, "slug": table.slug})]
    selected = select(table.document).where(*where).order_by(*order)
    with ExitStack() as stack:
        connection = stack.enter_context(engine.connect())
        about = dataset(connection)
        _check_slugs(connection, kind, query)
        if query.format != "json":
            return _whole_list(stack, connection, listing, query, selected, about, transform)
        # the inner select walks an index alone: what is skipped is never read
        inner = select(table.slug).where(*where).order_by(*order).limit(query.limit).offset(query.offset)
        shown = inner.correlate(None)  # the outer one selects from the same tables again
        chosen = select(table.document).where(table.slug.in_(shown), *where).order_by(*order)
        documents = list(map(transform, connection.scalars(chosen)))
        total = snapshot.total(connection, about, listing.path, table, where, query)
        included = _included(connection, documents, query.include)
    links = _page_links(listing.path, query, total)
    body = json_object(
        {
            "items": RawJson(f"[{','.join(_cut(document, fields) for document in documents)}]"),
            "total": total,
            "limit": query.limit,
            "offset": query.offset,
            "next": links.get("next"),
            "previous": links.get("prev"),
            "included": RawJson(included),
            "disclaimer": about["disclaimer"],
        }
    )
    return answer(body, about, links=links)


def _whole_list(
    stack: ExitStack,
    connection: Connection,
    listing: Listing,
    query: Any,
    selected: Select[Any],
    about: About,
    transform: Transform,
) -> Response:
    """The filtered list in a format without pages: as long as it is, unless `limit` or `offset` are given."""
    if "limit" in query.model_fields_set:
        selected = selected.limit(query.limit)
    rows = connection.execution_options(yield_per=BATCH).scalars(selected.offset(query.offset or None))
    stack.callback(rows.close)
    documents, fields = map(transform, rows), getattr(query, "fields", ())
    if query.format == "jsonld":
        page = faq_page((json.loads(document) for document in documents), about)
        return answer(json.dumps(page, ensure_ascii=False), about, format="jsonld")
    sent = headers(about) | {"Content-Disposition": f'attachment; filename="{listing.name}.{query.format}"'}
    if query.format == "csv":
        pieces = csv_lines(documents, listing.model, fields)
    else:
        pieces = (_cut(document, fields) + "\n" for document in documents)
    return StreamedList(stack.pop_all().close, pieces, sent, query.format)


def _page_links(path: str, query: Any, total: int) -> dict[str, str]:
    """Relations of a page to others of its list (RFC 8288)."""
    last = max(0, (total - 1) // query.limit * query.limit)
    offsets = {"first": 0, "last": last}
    if query.offset:
        offsets["prev"] = max(0, query.offset - query.limit)
    if query.offset + query.limit < total:
        offsets["next"] = query.offset + query.limit
    return {relation: page_url(path, query, offset) for relation, offset in offsets.items()}


def elsewhere(engine: Engine, kind: str, slug: str, query: Any, below: str) -> Response | None:
    """Where what lies `below` a record is to be had: None for here. An unknown record is a 404."""
    with engine.connect() as connection:
        known = is_slug(slug) and connection.scalar(select(col(Record.kind)).where(col(Record.slug) == slug))
        return None if known == kind else _elsewhere(connection, kind, slug, query, below)


async def detail(engine: Engine, kind: str, slug: str, query: Any) -> Response:
    """`read_detail`, where it runs best."""
    return await _reading(engine, read_detail, engine, kind, slug, query)


def read_detail(engine: Engine, kind: str, slug: str, query: Any, transform: Transform = str) -> Response:
    """One record. A former slug redirects; an unknown one is a 404 that names the nearest."""
    with engine.connect() as connection:
        # PostgreSQL refuses to compare some texts that are no slug
        about, document = snapshot.record(connection, kind, slug if is_slug(slug) else "")
        if document is None:
            return _elsewhere(connection, kind, slug, query)
        document = transform(document)
        included = _included(connection, [document], query.include)
    collection = {"collection": f"/{KINDS[kind].collection}"}
    if getattr(query, "format", "json") == "jsonld":
        page = faq_page([json.loads(document)], about)
        return answer(json.dumps(page, ensure_ascii=False), about, format="jsonld", links=collection)
    shown = _cut(document, query.fields)
    tail = f'"included":{included},"disclaimer":{json.dumps(about["disclaimer"], ensure_ascii=False)}'
    return answer(f"{shown[:-1]},{tail}}}", about, links=collection)


def documents_where(connection: Connection, kind: str, condition: Any, order: Any) -> list[dict[str, Any]]:
    """The records of a kind that meet a condition, parsed."""
    table: Any = TABLES[kind]
    return [json.loads(text) for text in connection.scalars(select(table.document).where(condition).order_by(order))]


def _order(sort: Sequence[str], columns: dict[str, Any]) -> Iterator[UnaryExpression[Any]]:
    # a column that is named twice would keep the database from walking an index
    by_name = () if {"name", "-name"} & set(sort) else ("name",)
    for key in (*sort, *by_name, "slug"):
        column = columns[key.removeprefix("-")]
        ordered = column.desc() if key.startswith("-") else column.asc()
        yield ordered.nulls_last() if column.nullable else ordered


def _cut(document: str, fields: Sequence[str]) -> str:
    if not fields:
        return document
    record = json.loads(document)
    kept = {key: value for key, value in record.items() if key in ("slug", "url") or key in fields}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _included(connection: Connection, documents: Sequence[str], include: Sequence[str]) -> str:
    """The records of the collections in `include` that the documents refer to: one query a collection."""
    if not include:
        return "{}"
    parsed = [json.loads(document) for document in documents]
    urls = dict.fromkeys(url for document in parsed for url in _urls(document))
    parts = []
    for name in include:
        if name == "intakes":
            intakes = _intakes(connection, [document["slug"] for document in parsed])
            parts.append(f'"{name}":[{",".join(intakes)}]')
            continue
        kind = COLLECTIONS[name]
        slugs = [url.rpartition("/")[2] for url in urls if url.startswith(f"/{kind.collection}/")]
        table = table_of(kind.name)
        rows = connection.execute(select(table.c.slug, table.c.document).where(table.c.slug.in_(slugs)))
        found = {row.slug: row.document for row in rows}
        parts.append(f'"{name}":[{",".join(found[slug] for slug in slugs)}]')
    return f"{{{','.join(parts)}}}"


def _intakes(connection: Connection, nutrients: Sequence[str]) -> Iterable[str]:
    """Every intake of these nutrients; nutrients do not refer to them, for there are dozens to each."""
    order = (IntakeRow.nutrient, IntakeRow.role_rank, IntakeRow.authority, IntakeRow.kind, IntakeRow.age_min_months)
    columns = [col(column) for column in (*order, IntakeRow.sort_name, IntakeRow.slug)]
    selected = select(col(IntakeRow.document)).where(col(IntakeRow.nutrient).in_(nutrients)).order_by(*columns)
    return connection.scalars(selected)


def _urls(value: Any) -> Iterator[str]:
    """Path of every reference in a parsed record, but not of the record itself."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, dict) and item.keys() == {"slug", "name", "url"}:
            yield item["url"]
        else:
            yield from _urls(item)


def page_url(path: str, query: Any, offset: int) -> str:
    """The same request at another offset, its parameters in a fixed order."""
    return _url(path, _given(query) | {"limit": query.limit, "offset": offset})


def _given(query: Any) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.model_fields_set}


def _url(path: str, parameters: dict[str, Any]) -> str:
    shown = {name: _written(value) for name, value in sorted(parameters.items())}
    return f"{path}?{urlencode(shown, safe=',')}" if shown else path


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _check_slugs(connection: Connection, kind: str, query: Any) -> None:
    """A filter by a record that does not exist is an error, not an empty list."""
    wanted: list[tuple[str, str, tuple[str, ...]]] = []
    for name, info in type(query).model_fields.items():
        for rule in (rule for rule in info.metadata if isinstance(rule, SlugOf)):
            wanted += [(name, slug, rule.kinds or (kind,)) for slug in getattr(query, name)]
    if not wanted:
        return
    slugs = [slug for _, slug, _ in wanted if is_slug(slug)]
    rows = connection.execute(select(col(Record.slug), col(Record.kind)).where(col(Record.slug).in_(slugs)))
    kinds = {row.slug: row.kind for row in rows}
    errors = []
    for name, slug, allowed in wanted:
        if kinds.get(slug) not in allowed:
            known = " or ".join(kind.replace("_", " ") for kind in allowed)
            near = _moved_to(connection, allowed, slug) or _nearest_slug(connection, allowed, slug)
            message = f"There is no {known} '{slug}'."
            errors.append(ParameterError(parameter=name, location="query", message=message, suggestion=near))
    if errors:
        raise InvalidParameters(errors)


def _elsewhere(connection: Connection, kind: str, slug: str, query: Any, below: str = "") -> Response:
    target = _moved_to(connection, (kind,), slug)
    if target:
        return Response(status_code=308, headers={"Location": _url(KINDS[kind].url(target) + below, _given(query))})
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
