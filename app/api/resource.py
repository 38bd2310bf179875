"""A collection declared as data: its list, its detail and its exports are made from a `Resource`."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi import Query as QueryParameters
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, create_model
from pydantic_core import to_json
from sqlalchemy import ColumnElement, Connection, Row, Select, select

from app.api.envelopes import Envelope, page_model
from app.api.exports import MEDIA_TYPES, csv_lines, faq_page, ndjson_lines
from app.api.links import page_links, page_position
from app.api.parameters import Boolean, Choices, PageQuery, Query, Slugs, parse_query, sort_keys
from app.api.queries import column_in, conditions, count, directed, order, page, values
from app.api.records import (
    ReleaseInfo,
    exact_addresses,
    filtered_slugs,
    find_record,
    included_json,
    known_slugs,
    redirect_or_404,
    release_info,
    release_of,
    with_slugs,
)
from app.api.responses import BATCH, StreamedExport, json_response, read, release_headers
from app.api.routing import JSON, MARKDOWN, ExportRoute, Router
from app.database.models import TABLES
from app.outlets.json_schemas import schema_path
from app.pages.markdown import record_markdown
from app.schemas import KINDS
from app.schemas.common import is_slug

WHOLE = 2000
"""Rows up to which an export is made whole, kept in the cache and sent with its length; longer ones are streamed."""

SHAPES = 20
"""Statements that each list keeps: one for each order and set of filters, with or without related records."""

TOTALS = 200
"""Counts that each list keeps: to count the rows that a filter selects takes longer than to read a page of them."""

LONGEST_FILTERS = 200
"""Characters of the filters whose count is kept: a client must not fill the memory with long ones."""

FEW = 10
"""A list whose filters name no more slugs than this is read in the event loop."""


@dataclass(kw_only=True, eq=False)
class Listing:
    """A list: its rows, and what a request may ask of it. What is left out follows from the kind.

    `filters` is a query model whose parameters carry filters; `sorts` maps each sort key to a column. A page shows the
    column `card`; an export the column `exported`, described by `exported_model`. `where` makes further conditions of
    the query; `check` refuses a request that the database cannot serve; `transform` changes the JSON of a row before it
    is shown. `example` is the slug of a record.
    """

    kind: str
    filters: type[Query]
    sorts: Mapping[str, Any]
    default_sort: tuple[str, ...]
    include: tuple[str, ...]
    example: str = ""
    path: str = ""
    file_name: str = ""
    table: Any = None
    exported: str = "record"
    exported_model: Any = None
    formats: tuple[str, ...] = ("csv", "ndjson")
    where: Callable[[Any], Sequence[ColumnElement[bool]]] = lambda _query: ()
    check: Callable[[Connection, Any], None] | None = None
    transform: Callable[[str, Any], str] = lambda record, _query: record
    _totals: dict[str | None, tuple[datetime, int]] = field(init=False, default_factory=dict)
    """By filters: when the dataset was loaded in which the rows were counted, and how many there are."""

    def __post_init__(self) -> None:
        kind = KINDS[self.kind]
        self.path = self.path or f"/{kind.collection}"
        self.file_name = self.file_name or kind.collection
        self.table = self.table or TABLES[self.kind]
        self.exported_model = self.exported_model or kind.record

    def page(self, connection: Connection, query: Any) -> Response:
        slugs = filtered_slugs(query)
        # PostgreSQL refuses to compare some texts that are not valid slugs
        rows = self._rows(connection, query) if all(map(is_slug, slugs)) else []
        if slugs and (not rows or rows[0].known_slugs < len(slugs)):
            # an alias of a record, or an error; asked anew, for a release may have come in between
            return self.page(connection, with_slugs(connection, self.kind, query))
        release = release_of(rows[0] if rows else None)
        if self.check:
            self.check(connection, query)
        total = rows[0].total
        shown = [row for row in rows if row.card is not None]
        included = included_json(connection, [row.record for row in shown] if query.include else (), query.include)
        items = ",".join(self.transform(row.card, query) for row in shown)
        links = page_links(self.path, query, total)
        position = to_json(page_position(query, total, links)).decode()
        body = f'{{"items":[{items}],{position[1:-1]},{_tail(included, release)}}}'
        if self.table is TABLES[self.kind]:
            links["describedby"] = schema_path(self.kind, "page")
        return json_response(body, release, links)

    async def export(self, request: Request, format: str) -> Response:
        """The filtered list, whole; a long one is streamed."""
        query = parse_query(self.export_query, request.scope["query_string"])

        def run() -> Response:
            with ExitStack() as stack:
                connection = stack.enter_context(request.app.state.engine.connect())
                return self._export(stack, connection, query, format)

        # always in a thread: a whole list takes longer than the event loop may be blocked
        return await run_in_threadpool(run)

    def _export(self, stack: ExitStack, connection: Connection, query: Any, format: str) -> Response:
        """The export; a streamed one closes the stack at its end."""
        release = release_info(connection)
        query = with_slugs(connection, self.kind, query)
        if self.check:
            self.check(connection, query)
        given, keys = values(query), order(self.table, query.sort, self.sorts)
        where = [*self.where(query), *conditions(self.table, self.filters, given)]
        selected = select(getattr(self.table, self.exported)).where(*where).order_by(*directed(keys))
        rows = connection.execution_options(yield_per=BATCH).scalars(selected, given)
        records = (self.transform(row, query) for row in rows)
        headers = release_headers(release)
        if format == "jsonld":
            faq = faq_page((json.loads(record) for record in records), release, exact_addresses(connection))
            return Response(json.dumps(faq, ensure_ascii=False), headers=headers, media_type=MEDIA_TYPES[format])
        headers["Content-Disposition"] = f'attachment; filename="{self.file_name}.{format}"'
        if format == "csv":
            pieces = csv_lines(records, self.exported_model, query.fields, bom=query.bom)
        else:
            pieces = ndjson_lines(records, query.fields)
        if count(connection, self.table, where, given) <= WHOLE:
            return Response("".join(pieces), headers=headers, media_type=MEDIA_TYPES[format])
        return StreamedExport(stack.pop_all().close, pieces, headers, MEDIA_TYPES[format])

    def _rows(self, connection: Connection, query: Any) -> Sequence[Row[Any]]:
        """The page as `queries.page` selects it: none where no dataset is loaded, one without a card where it is empty.

        `known_slugs` is how many of the slugs in the filters are records; with `include`, `record` is what is exported.
        """
        given, own = values(query), self.where(query)
        shape = query.sort, bool(query.include), tuple(given)
        statement = self._page_statement(*shape, own) if own else self._remembered(*shape)
        # conditions of the list's own have their values in the statement, not here
        filters = None if own else f"{given}"
        counted_in, total = self._totals.get(filters, (None, None))
        asked = {"limit": query.limit, "offset": query.offset, "counted_in": counted_in, "known_total": total}
        rows = connection.execute(statement, {**given, **asked}).all()
        if rows and filters and len(filters) <= LONGEST_FILTERS:
            if len(self._totals) == TOTALS:
                self._totals.clear()
            self._totals[filters] = rows[0].loaded_at, rows[0].total
        return rows

    def _page_statement(
        self, sort: Sequence[str], with_records: bool, given: Sequence[str], own: Sequence[ColumnElement[bool]] = ()
    ) -> Select[Any]:
        """The statement of a page in this order by these filters and the list's own conditions."""
        columns = [self.table.card, *([getattr(self.table, self.exported).label("record")] if with_records else [])]
        known = known_slugs(self.kind, self.filters, given)
        where = [*own, *conditions(self.table, self.filters, given)]
        return page(self.table, columns, where, order(self.table, sort, self.sorts), known_slugs=known)

    @cached_property
    def _remembered(self) -> Callable[..., Select[Any]]:
        # to build a statement, and SQLAlchemy's key of it, takes longer than to execute it
        return lru_cache(SHAPES)(self._page_statement)

    @cached_property
    def _own(self) -> dict[str, Any]:
        default = self.default_sort
        sort = Field(default=default, description="`-` reverses. Ties: name, slug.", examples=[default[0]])
        keys = sort_keys(*dict.fromkeys((*self.sorts, "name")))
        own: dict[str, Any] = {"sort": (Annotated[tuple[str, ...], keys], sort)}
        if self.example:
            bulk = Field(default=(), description="Only these.", examples=[self.example])
            own["slug"] = (Annotated[tuple[str, ...], Slugs(), column_in("slug")], bulk)
        return own

    @cached_property
    def page_query(self) -> type[Query]:
        """The parameters of the list: filters, order, related records, page."""
        return create_model(
            f"{self.filters.__name__}Page", __base__=(PageQuery, self.filters), **self._own, **_include(self.include)
        )

    @cached_property
    def export_query(self) -> type[Query]:
        """The parameters of the exports: filters, order, columns."""
        names = [name for name, info in self.exported_model.model_fields.items() if not info.exclude]
        own: dict[str, Any] = {
            "fields": (Annotated[tuple[str, ...], Choices(names)], Field(default=())),
            "bom": (Boolean, Field(default=False)),
        }
        return create_model(f"{self.filters.__name__}Export", __base__=self.filters, **self._own, **own)


def _include(names: Sequence[str]) -> dict[str, Any]:
    info = Field(default=(), description="Cards for `included`.", examples=[names[0]])
    return {"include": (Annotated[tuple[str, ...], Choices(names)], info)}


@dataclass(kw_only=True, eq=False)
class Resource(Listing):
    """A collection of records: `GET /{collection}`, `GET /{collection}/{slug}` and its exports.

    `noun` and `plural` are for summaries, `list_doc` and `detail_doc` for the API description.
    """

    noun: str = ""
    plural: str = ""
    list_doc: str
    detail_doc: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self.noun = self.noun or self.kind.replace("_", " ")
        self.plural = self.plural or f"{self.noun}s"

    def router(self) -> Router:
        """The routes of its list, its records and its exports."""
        kind = KINDS[self.kind]
        name = kind.record.__name__
        record_query = create_model(f"{name}Query", __base__=Query, **_include(self.include))

        async def list_records(request: Request, query: Any) -> Response:
            return await read(
                request,
                lambda connection: self.page(connection, query),
                # related records, or to look up many slugs, can take ten milliseconds
                is_long=bool(query.include) or len(filtered_slugs(query)) > FEW,
                is_single=self.check is None and not query.include,
            )

        async def get_record(request: Request, slug: str, query: Any) -> Response:
            return await read(
                request,
                lambda connection: self._detail(connection, request, slug, query),
                # to write Markdown takes ten milliseconds and more
                is_long=getattr(request.state, "media_type", JSON) == MARKDOWN,
                is_single=not query.include,
            )

        list_records.__annotations__["query"] = Annotated[self.page_query, QueryParameters()]
        get_record.__annotations__ |= {
            "slug": Annotated[str, Path(description=f"Slug of the {self.noun}.", examples=[self.example])],
            "query": Annotated[record_query, QueryParameters()],
        }
        router = Router(tags=[kind.title])
        router.add_api_route(
            self.path,
            list_records,
            name=f"list_{kind.key}",
            summary=f"List {self.plural}",
            description=self.list_doc,
            response_model=page_model(f"{name}Page", kind.card),
        )
        router.add_api_route(
            f"{self.path}/{{slug}}",
            get_record,
            name=f"get_{self.kind}",
            summary=f"Get one {self.noun}",
            description=self.detail_doc,
            response_model=create_model(f"{name}Detail", __base__=(Envelope, kind.record), __doc__=kind.record.__doc__),
        )
        router.offer(f"{self.path}/{{slug}}", JSON, MARKDOWN)
        router.routes.extend(ExportRoute(self.path, name, self.export) for name in self.formats)
        return router

    def _detail(self, connection: Connection, request: Request, slug: str, query: Any) -> Response:
        release, record = find_record(connection, self.kind, slug)
        if record is None:
            return redirect_or_404(connection, self.kind, slug, request.scope["query_string"])
        included = included_json(connection, [record], query.include)
        links = {"collection": self.path, "describedby": schema_path(self.kind)}
        body = f"{record[:-1]},{_tail(included, release)}}}"
        if getattr(request.state, "media_type", JSON) == MARKDOWN:
            footer = f"{release['disclaimer']} Dataset {release['version']}, licence {release['licence']}."
            text = record_markdown(json.loads(body), self.exported_model, footer)
            return Response(text, headers=release_headers(release, links), media_type=MARKDOWN)
        return json_response(body, release, links)


def _tail(included: str, release: ReleaseInfo) -> str:
    """The last keys of a list and of a record."""
    return f'"included":{included},"disclaimer":{json.dumps(release["disclaimer"], ensure_ascii=False)}'
