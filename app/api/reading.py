"""Reading: one record, or one page of a filtered and sorted list, out of one snapshot of the database."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Engine, Select, select
from sqlmodel import col

from app.api import snapshot
from app.api.conditions import among, same
from app.api.exports import csv_lines, faq_page
from app.api.included import included_json
from app.api.links import page_links
from app.api.responses import BATCH, About, RawJson, StreamedList, answer, headers, json_object
from app.api.slugs import check_slugs, elsewhere_or_404
from app.api.snapshot import dataset
from app.api.statements import Conditions, Statements, Values, statements, values_of
from app.database.models import TABLES, Record
from app.schemas import KINDS
from app.schemas.common import Model, is_slug

ALWAYS = ("slug", "url")

T = TypeVar("T")
P = ParamSpec("P")

Transform = Callable[[str], str]
"""Changes a document before it is shown."""

Check = Callable[[Connection], Response | None]
"""Raises an error, or gives another answer than the list; None for the list."""


async def get_engine(request: Request) -> Engine:
    """The engine of the app that serves the request."""
    engine: Engine = request.app.state.engine
    return engine


Database = Annotated[Engine, Depends(get_engine)]


@dataclass(frozen=True)
class Listing:
    """A list: its path, its name as a file, the table of its documents and the model that describes them.

    `always` are the keys that `fields` cannot take away.
    """

    path: str
    name: str
    table: Any
    model: type[Model]
    always: tuple[str, ...] = ALWAYS

    def fields(self, query: Any) -> tuple[str, ...]:
        """The keys to show; all where none are asked for."""
        return (*self.always, *query.fields) if query.fields else ()


async def page(
    engine: Engine,
    kind: str,
    query: Any,
    conditions: Conditions,
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
    conditions: Conditions,
    sort_columns: dict[str, Any],
    *,
    listing: Listing | None = None,
    transform: Transform = str,
    check: Check = lambda _: None,
) -> Response:
    """The page of the list that `query` asks for; `sort_columns` maps each sort key to its column.

    The list is that of all records of the kind, unless `listing` says otherwise. `check` is asked first, in the same
    snapshot.
    """
    known = KINDS[kind]
    listing = listing or Listing(f"/{known.collection}", known.collection, TABLES[kind], known.record)
    table, fields = listing.table, listing.fields(query)
    general = (among(table.slug, getattr(query, "slug", ())), same(table.from_article, query.from_article))
    where = [*conditions, *general]
    with ExitStack() as stack:
        connection = stack.enter_context(engine.connect())
        about = dataset(connection)
        if (other := check(connection)) is not None:
            return other
        check_slugs(connection, kind, query)
        statement = statements(table, where, {"name": table.sort_name, **sort_columns, "slug": table.slug}, query.sort)
        values = values_of(where)
        if query.format != "json":
            return _whole_list(stack, connection, listing, query, statement.whole.params(values), about, transform)
        total = snapshot.total(connection, about, statement, values)
        documents = [transform(document) for document in _shown(connection, statement, values, query, total)]
        included = included_json(connection, documents, query.include)
    links = page_links(listing.path, query, total)
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


def _shown(connection: Connection, statement: Statements, values: Values, query: Any, total: int) -> list[str]:
    """The documents of a page, found from the nearer end of the list: what is skipped takes time, too."""
    after = max(0, total - query.offset - query.limit)
    if query.offset <= after:
        rows = statement.from_start.rows(connection, values | {"limit": query.limit, "offset": query.offset})
    else:
        most = max(0, min(query.limit, total - query.offset))
        rows = statement.from_end.rows(connection, values | {"limit": most, "offset": after})
    return [document for (document,) in rows]


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
    documents, fields = map(transform, rows), listing.fields(query)
    if query.format == "jsonld":
        page = faq_page((json.loads(document) for document in documents), about)
        return answer(json.dumps(page, ensure_ascii=False), about, format="jsonld")
    sent = headers(about) | {"Content-Disposition": f'attachment; filename="{listing.name}.{query.format}"'}
    if query.format == "csv":
        pieces = csv_lines(documents, listing.model, fields)
    else:
        pieces = (_cut(document, fields) + "\n" for document in documents)
    return StreamedList(stack.pop_all().close, pieces, sent, query.format)


def elsewhere(connection: Connection, kind: str, slug: str, query: Any, below: str) -> Response | None:
    """Where what lies `below` a record is to be had: None for here. An unknown record is a 404."""
    known = is_slug(slug) and connection.scalar(select(col(Record.kind)).where(col(Record.slug) == slug))
    return None if known == kind else elsewhere_or_404(connection, kind, slug, query, below)


async def detail(engine: Engine, kind: str, slug: str, query: Any) -> Response:
    """`read_detail`, where it runs best."""
    return await _reading(engine, read_detail, engine, kind, slug, query)


def read_detail(engine: Engine, kind: str, slug: str, query: Any, transform: Transform = str) -> Response:
    """One record. A former slug redirects; an unknown one is a 404 that names the nearest."""
    with engine.connect() as connection:
        # PostgreSQL refuses to compare some texts that are no slug
        about, document = snapshot.record(connection, kind, slug if is_slug(slug) else "")
        if document is None:
            return elsewhere_or_404(connection, kind, slug, query)
        document = transform(document)
        included = included_json(connection, [document], query.include)
    collection = {"collection": f"/{KINDS[kind].collection}"}
    if getattr(query, "format", "json") == "jsonld":
        page = faq_page([json.loads(document)], about)
        return answer(json.dumps(page, ensure_ascii=False), about, format="jsonld", links=collection)
    shown = _cut(document, (*ALWAYS, *query.fields) if query.fields else ())
    tail = f'"included":{included},"disclaimer":{json.dumps(about["disclaimer"], ensure_ascii=False)}'
    return answer(f"{shown[:-1]},{tail}}}", about, links=collection)


def documents_where(connection: Connection, kind: str, condition: Any, order: Any) -> list[dict[str, Any]]:
    """The records of a kind that meet a condition, parsed."""
    table: Any = TABLES[kind]
    return [json.loads(text) for text in connection.scalars(select(table.document).where(condition).order_by(order))]


def _cut(document: str, fields: Sequence[str]) -> str:
    if not fields:
        return document
    record = json.loads(document)
    kept = {key: value for key, value in record.items() if key in fields}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
