"""A collection declared as data: its list, its detail and its exports are made from a `Resource`."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any

from fastapi import Path, Request, Response
from fastapi import Query as QueryParameters
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, create_model
from sqlalchemy import ColumnElement, Connection, Select, select

from app.api.envelopes import detail_model, page_model
from app.api.errors import InvalidParameters
from app.api.exports import MEDIA_TYPES, csv_lines, faq_page, ndjson_lines
from app.api.links import page_links
from app.api.parameters import Boolean, Choices, PageQuery, Query, Slugs, annotations, parse_query, sort_keys
from app.api.queries import column_in, conditions, count, directed, order, page, values
from app.api.records import (
    asked_slugs,
    exact_addresses,
    find_record,
    included_json,
    known_slugs,
    redirect_or_404,
    release_info,
    release_of,
    with_slugs,
)
from app.api.responses import BATCH, RawJson, StreamedExport, json_object, json_response, read, release_headers
from app.api.routing import JSON, MARKDOWN, Router
from app.database.models import TABLES
from app.outlets.json_schemas import schema_path
from app.pages.markdown import record_markdown
from app.schemas import KINDS, Kind

WHOLE = 2000
"""Rows up to which an export is made whole, kept in the cache and sent with its length; longer ones are streamed."""

SHAPES = 20
"""Statements that each list keeps: one for each order and set of filters."""

FEW = 10
"""Slugs of one filter whose list is read in the event loop."""

EXPORT_FORMATS = ("csv", "ndjson")

Check = Callable[[Connection, Any], None]
Transform = Callable[[str, Any], str]
Where = Callable[[Any], Sequence[ColumnElement[bool]]]


def _no_check(_connection: Connection, _query: Any) -> None:
    return None


def _everything(_query: Any) -> Sequence[ColumnElement[bool]]:
    return ()


def _as_it_is(record: str, _query: Any) -> str:
    return record


@dataclass(frozen=True)
class Listing:
    """A list: its path, its rows, and what a request may ask of it.

    `filters` is a query model whose parameters carry filters; `sorts` maps each sort key to a column. `shown` is the
    column that a page shows, described by the JSON Schema at the path `schema`; `exported` is that of an export,
    described by `exported_model`. `where` makes further conditions of the query; `check` refuses a request that the
    database cannot serve; `transform` changes the JSON of a row before it is shown.
    """

    path: str
    file_name: str
    kind: str
    table: Any
    filters: type[Query]
    sorts: Mapping[str, Any]
    default_sort: tuple[str, ...]
    include: tuple[str, ...]
    exported_model: type[Any]
    example: str = ""
    schema: str = ""
    shown: str = "card"
    exported: str = "record"
    formats: tuple[str, ...] = EXPORT_FORMATS
    where: Where = _everything
    check: Check = _no_check
    transform: Transform = _as_it_is

    def page(self, connection: Connection, query: Any) -> Response:
        """The page that a query asks for."""
        asked = asked_slugs(query)
        if asked is None:
            return self.page(connection, self._checked(connection, query))
        self.check(connection, query)
        given, own = values(query), self.where(query)
        shape = query.sort, bool(query.include), tuple(given)
        statement = self._page_statement(*shape, own) if own else self._remembered(*shape)
        rows = connection.execute(statement, {**given, "limit": query.limit, "offset": query.offset}).all()
        release = release_of(rows[0] if rows else None)
        if rows[0].known < asked:
            # another name of a record, or an error
            return self.page(connection, self._checked(connection, query))
        total: int = rows[0].total
        rows = [row for row in rows if row[-1] is not None]
        included = included_json(connection, [row[-1] for row in rows], query.include)
        links = page_links(self.path, query, total)
        items = ",".join(self.transform(getattr(row, self.shown), query) for row in rows)
        body = json_object(
            {
                "items": RawJson(f"[{items}]"),
                "total": total,
                "limit": query.limit,
                "offset": query.offset,
                "next": links.get("next"),
                "previous": links.get("prev"),
                "included": RawJson(included),
                "disclaimer": release["disclaimer"],
            }
        )
        if self.schema:
            links["describedby"] = self.schema
        return json_response(body, release, links)

    def export(self, stack: ExitStack, connection: Connection, query: Any, format: str) -> Response:
        """The filtered list, whole; a long one is streamed, and closes the stack at its end."""
        release = release_info(connection)
        query = self._checked(connection, query)
        given, keys = values(query), order(self.table, query.sort, self.sorts)
        where = [*self.where(query), *conditions(self.table, self.export_query, given)]
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

    def is_single(self, query: Any) -> bool:
        """Whether the page takes one statement: nothing is to be looked up before or after it."""
        return self.check is _no_check and not query.include

    def is_long(self, query: Any) -> bool:
        """Whether the page can take ten milliseconds: with what is related, or to look for what many slugs mean."""
        return bool(query.include) or any(
            len(getattr(query, name)) > FEW for name, _ in annotations(type(query), Slugs)
        )

    def _checked(self, connection: Connection, query: Any) -> Any:
        """The query with the slugs of its records; an error where the database cannot serve it."""
        try:
            query = with_slugs(connection, self.kind, query)
            self.check(connection, query)
        except InvalidParameters:
            release_info(connection)  # in an empty database nothing is known
            raise
        return query

    def _page_statement(
        self, sort: Sequence[str], is_whole: bool, given: Sequence[str], own: Sequence[ColumnElement[bool]] = ()
    ) -> Select[Any]:
        """The statement of a page in this order by these filters and the list's own conditions."""
        columns = [getattr(self.table, name) for name in dict.fromkeys((self.shown, self.exported))]
        known = known_slugs(self.kind, self.page_query, given)
        where = [*own, *conditions(self.table, self.page_query, given)]
        keys = order(self.table, sort, self.sorts)
        return page(self.table, columns if is_whole else columns[:1], where, keys, known=known)

    @cached_property
    def _remembered(self) -> Callable[..., Select[Any]]:
        # to build a statement, and SQLAlchemy's key of it, takes longer than to execute it
        return lru_cache(SHAPES)(self._page_statement)

    @cached_property
    def _own(self) -> dict[str, Any]:
        keys = tuple(dict.fromkeys((*self.sorts, "name")))
        sort = Field(
            default=self.default_sort,
            description="`-` reverses. Ties: name, slug.",
            examples=[self.default_sort[0]],
        )
        own: dict[str, Any] = {"sort": (Annotated[tuple[str, ...], sort_keys(*keys)], sort)}
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
            "fields": (Annotated[tuple[str, ...], Choices(*names)], Field(default=())),
            "bom": (Boolean, Field(default=False)),
        }
        return create_model(f"{self.filters.__name__}Export", __base__=self.filters, **self._own, **own)


def _include(names: Sequence[str]) -> dict[str, Any]:
    field_info = Field(
        default=(),
        description="Cards for `included`.",
        examples=[names[0]],
    )
    return {"include": (Annotated[tuple[str, ...], Choices(*names)], field_info)}


def add_list(router: Router, listing: Listing, *, name: str, summary: str, description: str, model: type[Any]) -> None:
    """Add the route of a list without parameters in its path."""

    async def list_records(request: Request, query: Any) -> Response:
        return await read(
            request,
            lambda connection: listing.page(connection, query),
            is_long=listing.is_long(query),
            is_single=listing.is_single(query),
        )

    list_records.__annotations__["query"] = Annotated[listing.page_query, QueryParameters()]
    router.add_api_route(
        listing.path, list_records, name=name, summary=summary, description=description, response_model=model
    )


@dataclass(frozen=True)
class Resource:
    """A collection of records: `GET /{collection}`, `GET /{collection}/{slug}` and its exports.

    `noun` and `plural` are for summaries, `list_doc` and `detail_doc` for the API description, `example` is the slug
    of a record for examples.
    """

    kind: str
    noun: str
    plural: str
    filters: type[Query]
    sorts: Mapping[str, Any]
    default_sort: tuple[str, ...]
    include: tuple[str, ...]
    example: str
    list_doc: str
    detail_doc: str
    formats: tuple[str, ...] = EXPORT_FORMATS
    where: Where = _everything
    check: Check = _no_check
    transform: Transform = _as_it_is

    @property
    def declared(self) -> Kind:
        """The kind of its records."""
        return KINDS[self.kind]

    @cached_property
    def listing(self) -> Listing:
        """Its list."""
        kind = self.declared
        return Listing(
            path=f"/{kind.collection}",
            file_name=kind.collection,
            kind=self.kind,
            table=TABLES[self.kind],
            filters=self.filters,
            sorts=self.sorts,
            default_sort=self.default_sort,
            include=self.include,
            exported_model=kind.record,
            example=self.example,
            schema=schema_path(self.kind, "page"),
            formats=self.formats,
            where=self.where,
            check=self.check,
            transform=self.transform,
        )

    def router(self) -> Router:
        """The routes of its list and its records."""
        kind = self.declared
        name = kind.record.__name__
        router = Router(tags=[kind.title])
        add_list(
            router,
            self.listing,
            name=f"list_{kind.key}",
            summary=f"List {self.plural}",
            description=self.list_doc,
            model=page_model(f"{name}Page", kind.card),
        )
        query_model = create_model(f"{name}Query", __base__=Query, **_include(self.include))

        async def get_record(request: Request, slug: str, query: Any) -> Response:
            return await read(
                request,
                lambda connection: self._detail(connection, request, slug, query),
                # to write Markdown takes ten milliseconds and more
                is_long=getattr(request.state, "media_type", JSON) == MARKDOWN,
                is_single=not query.include,
            )

        get_record.__annotations__ |= {
            "slug": Annotated[str, Path(description=f"Slug of the {self.noun}.", examples=[self.example])],
            "query": Annotated[query_model, QueryParameters()],
        }
        router.add_api_route(
            f"/{kind.collection}/{{slug}}",
            get_record,
            name=f"get_{self.kind}",
            summary=f"Get one {self.noun}",
            description=self.detail_doc,
            response_model=detail_model(f"{name}Detail", kind.record),
        )
        router.offer(f"/{kind.collection}/{{slug}}", JSON, MARKDOWN)
        return router

    def _detail(self, connection: Connection, request: Request, slug: str, query: Any) -> Response:
        release, record = find_record(connection, self.kind, slug)
        if record is None:
            return redirect_or_404(connection, self.kind, slug, request.scope["query_string"])
        included = included_json(connection, [record], query.include)
        tail = f'"included":{included},"disclaimer":{json.dumps(release["disclaimer"], ensure_ascii=False)}'
        links = {"collection": f"/{self.declared.collection}", "describedby": schema_path(self.kind)}
        body = f"{record[:-1]},{tail}}}"
        if getattr(request.state, "media_type", JSON) == MARKDOWN:
            footer = f"{release['disclaimer']} Dataset {release['version']}, licence {release['licence']}."
            text = record_markdown(json.loads(body), self.declared.record, footer)
            return Response(text, headers=release_headers(release, links), media_type=MARKDOWN)
        return json_response(body, release, links)


async def export_response(request: Request, listing: Listing, format: str) -> Response:
    """The answer to a request for an export."""
    query = parse_query(listing.export_query, request.scope["query_string"])

    def run() -> Response:
        with ExitStack() as stack:
            connection = stack.enter_context(request.app.state.engine.connect())
            return listing.export(stack, connection, query, format)

    # always in a thread: a whole list takes longer than the event loop may be blocked
    return await run_in_threadpool(run)
