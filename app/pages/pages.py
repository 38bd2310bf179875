"""Pages for people: HTML made from the very JSON that programs get at the same address."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl, quote, urlencode

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.parameters import Boolean, Choices, Query
from app.api.queries import annotations
from app.api.routing import HTML, JSON, StrictRoute
from app.http.headers import Headers
from app.http.routes import OfferOf
from app.pages.linked_data import linked_data
from app.pages.templates import render
from app.schemas import KINDS
from app.schemas.common import Kind
from app.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""The policy of every page: its style and its one script are files of this host."""

RELATED = ("claims", "mechanisms", "intakes", "lifestyle_factors", "interactions", "faq")
"""Related records that the page of a record shows as cards, where its kind has them."""

OF_PAGES = ("limit", "offset", "include", "sort", "unit", "from_article")
"""Parameters of a list that a person need not choose."""


@dataclass(frozen=True)
class Filter:
    """A filter of a list, as a person chooses it: one of a few values, or without these what the example is like.

    The nutrients to choose from are in the part `nutrients` of the page.
    """

    name: str
    values: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class Page:
    """A page: its template, and which answers of the API it shows.

    `include` are related records, `parts` further paths by the name that the template calls them; `{slug}` in a path is
    the record's.
    """

    template: str
    kind: Kind | None = None
    include: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


NUTRIENTS = {"nutrients": "/nutrients?limit=100"}

PARTS = {
    "nutrient": {"amounts": "/nutrients/{slug}/food-sources?limit=15"},
    "source": {"intakes": "/intakes?source={slug}&limit=1"},
}
"""What the page of a record of these kinds shows next to the record."""

START = Page("start.html", parts={**NUTRIENTS, "questions": "/faq?limit=7", "symptoms": "/symptoms?limit=100"})


def pages_of(routes: Sequence[BaseRoute]) -> dict[str, Page]:
    """The page of each path that has one; the kinds are those of the registry."""
    models = {route.path: route.query_model for route in routes if isinstance(route, StrictRoute)}
    pages = {
        "/": START,
        "/search": Page("search.html", filters=_filters(models["/search"])),
        "/comparison": Page("comparison.html"),
        "/dataset": Page("dataset.html"),
        "/changes": Page("changes.html"),
        "/nutrients/{slug}/food-sources": Page(
            "amounts.html",
            KINDS["nutrient"],
            filters=_filters(models["/nutrients/{slug}/food-sources"]),
            parts={"nutrient": "/nutrients/{slug}"},
        ),
    }
    for kind in KINDS.values():
        path = f"/{kind.collection}"
        parts = NUTRIENTS if "nutrient" in models[path].model_fields else {}
        pages[path] = Page("list.html", kind, filters=_filters(models[path]), parts=parts)
        known = annotations(models[path], Choices)["include"].values
        include = tuple(name for name in RELATED if name in known)
        pages[f"{path}/{{slug}}"] = Page(f"{kind.name}.html", kind, include, parts=PARTS.get(kind.name, {}))
    return pages


def offer_pages(routes: Sequence[BaseRoute], pages: Mapping[str, Page]) -> None:
    """Let the `Accept` header choose a page where there is one."""
    for route in routes:
        if isinstance(route, StrictRoute) and route.path in pages:
            route.media_types = tuple(dict.fromkeys((JSON, HTML, *route.media_types)))


def _filters(model: type[Query]) -> tuple[Filter, ...]:
    """Those of a query model that have few values, the age and the nutrient; other records would need their slugs."""
    filters = []
    for name, info in model.model_fields.items():
        choices = next((rule.values for rule in info.metadata if isinstance(rule, Choices)), ())
        literal = next((get_args(part) for part in get_args(info.annotation) if get_origin(part) is Literal), ())
        values = choices or literal or (("true", "false") if info.annotation == Boolean | None else ())
        if name not in OF_PAGES and (values or name in ("age", "nutrient")):
            filters.append(Filter(name, values, str((info.examples or [""])[0])))
    return tuple(sorted(filters, key=lambda each: each.name != "nutrient"))


@dataclass
class Answer:
    messages: list[Message]

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> MutableHeaders:
        return MutableHeaders(raw=list(self.messages[0]["headers"]))

    @property
    def content(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.messages[1:]))


class PagesMiddleware:
    """Pure ASGI, next to the app: asks it for the JSON of a page, and answers with the page.

    What is no success, such as a redirect, is passed on as it is.
    """

    def __init__(self, app: ASGIApp, settings: Settings, pages: Mapping[str, Page], offer_of: OfferOf) -> None:
        self._app = app
        self._settings = settings
        self._pages = pages
        self._offer_of = offer_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._page(scope)
        if page is None:
            return await self._app(scope, receive, send)
        answers = await self._answers(scope, receive, page)
        failed = next((answer for answer in answers.values() if answer.status != 200), None)
        if failed and failed.status == HTTPStatus.PERMANENT_REDIRECT:
            # asked in the reader's own words, with which its address goes on
            return await self._app(scope, receive, send)
        messages = failed.messages if failed else await run_in_threadpool(self._made, scope, page, answers)
        for message in messages:
            await send(message)
        return None

    def _page(self, scope: Scope) -> Page | None:
        if scope["type"] != "http" or scope.get("state", {}).get("media_type") != HTML:
            return None
        offer = self._offer_of(scope["path"])
        return self._pages.get(offer.template) if offer else None

    async def _answers(self, scope: Scope, receive: Receive, page: Page) -> dict[str, Answer]:
        """The answers that a page shows, all of one release; the first is that at its own address."""
        segments = scope["path"].split("/")
        slug = segments[2] if len(segments) > 2 else ""
        query = urlencode({"include": ",".join(page.include)}) if page.include else scope["query_string"].decode()
        # nothing is looked for yet: the page only asks for what
        path = "/dataset" if scope["path"] == "/search" and not query else scope["path"]
        targets = {"page": (path, query), "dataset": ("/dataset", "")}
        for name, part in page.parts.items():
            path, _, query = part.format(slug=slug).partition("?")
            targets[name] = path, query
        answers: dict[str, Answer] = {}
        for _ in range(3):
            for name, (path, query) in targets.items():
                answers[name] = await self._ask(scope, receive, path, query)
                if answers[name].status != 200:
                    return answers
            # a release may come between two of them
            if len({answer.headers["dataset-version"] for answer in answers.values()}) == 1:
                break
        return answers

    async def _ask(self, scope: Scope, receive: Receive, path: str, query: str) -> Answer:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        inner = {
            **scope,
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "state": {**scope["state"], "media_type": JSON},
        }
        await self._app(inner, receive, collect)
        return Answer(messages)

    def _made(self, scope: Scope, page: Page, answers: Mapping[str, Answer]) -> list[Message]:
        contents = {name: answer.content for name, answer in answers.items()}
        given = _given(scope["query_string"].decode())
        body = render(
            page.template,
            **contents,
            kind=page.kind,
            filters=page.filters,
            path=scope["path"],
            given=given,
            chosen=_chosen(given, contents),
            csv=_csv(page, scope["path"], given),
            source_file=self._file_of(page, contents["page"]),
            public_url=self._settings.public_url,
            linked_data=linked_data(scope["path"], page.kind, contents["page"], contents["dataset"]),
        )
        headers = answers["page"].headers
        headers["content-type"] = f"{HTML}; charset=utf-8"
        headers["content-length"] = str(len(body))
        headers["content-security-policy"] = POLICY
        start = {"type": "http.response.start", "status": 200, "headers": headers.raw}
        return [start, {"type": "http.response.body", "body": body}]

    def _file_of(self, page: Page, content: Mapping[str, Any]) -> str:
        """Address of the file in which a fact of this record is corrected; empty where it is not known."""
        if not (self._settings.content_url and page.kind and "url" in content):
            return ""
        # the values of a nutrient stand in one file
        slug = content["nutrient"]["slug"] if page.kind.name == "intake" else content["slug"]
        return f"{self._settings.content_url}/{page.kind.collection}/{slug}.toml"


def error_page(problem: bytes) -> tuple[Headers, bytes]:
    """Problem details as a page: its headers and its body."""
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", POLICY.encode())]
    return [*headers, (b"vary", b"Accept")], render("error.html", problem=json.loads(problem))


def _given(query: str) -> dict[str, str]:
    """The parameters of a query; several values of one are separated by commas."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query):
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return {name: ",".join(several) for name, several in values.items()}


def _chosen(given: Mapping[str, str], contents: Mapping[str, Any]) -> str:
    """The values by which a list is filtered, in words."""
    names = {item["slug"]: item["name"] for item in contents.get("nutrients", {}).get("items", ())}
    said = []
    for name, value in sorted(given.items(), key=lambda item: item[0] != "nutrient"):
        if name in ("limit", "offset", "sort", "include", "unit"):
            continue
        text = ", ".join(names.get(code, re.sub("[-_]", " ", code)) for code in value.split(","))
        answer = {"true": "yes", "false": "no"}.get(value, text)
        said.append(f"{name.replace('_', ' ')} {answer}" if name == "age" or answer != text else text)
    return ", ".join(said)


def _csv(page: Page, path: str, given: Mapping[str, str]) -> str:
    """Path of the same list as a table; empty where there is none."""
    if page.template not in ("list.html", "amounts.html"):
        return ""
    query = urlencode({name: value for name, value in given.items() if name not in ("limit", "offset", "include")})
    return f"{path}.csv?{query}" if query else f"{path}.csv"
