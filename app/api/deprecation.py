"""Deprecation: the one place where a path or a parameter is marked, announced in headers and in the API description.

Add a `Deprecated` to `DEPRECATIONS`; nothing else. Each answer to a request that uses it then carries `Deprecation`
(RFC 9745), `Sunset` (RFC 8594) and `Link` headers, and the description marks the operation or the parameter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.openapi_responses import headers

PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Deprecated:
    """A path template, or one query parameter of it, that will go.

    `since` and `sunset` are points of time with a zone; `sunset` is when it stops working, if that is settled.
    `about` is the address of a page that says why and what to do; `successor` the path that takes its place.
    """

    path: str
    about: str
    since: datetime
    parameter: str | None = None
    sunset: datetime | None = None
    successor: str | None = None

    def __post_init__(self) -> None:
        if not all(moment.tzinfo for moment in (self.since, self.sunset) if moment):
            raise ValueError(f"{self.path}: `since` and `sunset` need a time zone.")
        if self.sunset and self.sunset < self.since:
            raise ValueError(f"{self.path}: `sunset` is before `since`.")

    def concerns(self, path: str, query: str) -> bool:
        """True for a request that uses what is deprecated."""
        literals = (re.escape(part) for part in PLACEHOLDER.split(self.path))
        if not re.fullmatch("[^/]+".join(literals), path):
            return False
        return self.parameter is None or self.parameter in dict(parse_qsl(query, keep_blank_values=True))

    def links(self) -> list[str]:
        """Values of the `Link` header that lead to what a client should know."""
        found = [f'<{self.about}>; rel="deprecation"; type="text/html"']
        if self.sunset:
            found.append(f'<{self.about}>; rel="sunset"; type="text/html"')
        if self.successor:
            found.append(f'<{self.successor}>; rel="successor-version"')
        return found


DEPRECATIONS: tuple[Deprecated, ...] = ()
"""Everything that is deprecated at present."""


def announcement(used: Sequence[Deprecated]) -> dict[str, str]:
    """The headers that announce these: the earliest deprecation, the first sunset, every link."""
    found = {"Deprecation": f"@{min(int(item.since.timestamp()) for item in used)}"}
    sunsets = [item.sunset.astimezone(UTC) for item in used if item.sunset]
    if sunsets:
        found["Sunset"] = format_datetime(min(sunsets), usegmt=True)
    found["Link"] = ", ".join(dict.fromkeys(link for item in used for link in item.links()))
    return found


class Announcer:
    """ASGI middleware: announces, on every answer, what the request used that is deprecated."""

    def __init__(self, app: ASGIApp, deprecations: Sequence[Deprecated]) -> None:
        self.app = app
        self.deprecations = deprecations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        used = [item for item in self.deprecations if item.concerns(scope["path"], query)]

        async def announcing(message: Message) -> None:
            if message["type"] == "http.response.start":
                response = MutableHeaders(scope=message)
                for name, value in announcement(used).items():
                    response.append(name, value)
            await send(message)

        await self.app(scope, receive, announcing if used else send)


def install(app: FastAPI, deprecations: Sequence[Deprecated] = DEPRECATIONS) -> None:
    """Announce these in the app's answers and mark them in its description."""
    app.state.deprecations = deprecations
    if deprecations:
        app.add_middleware(Announcer, deprecations=deprecations)


def describe(schema: dict[str, Any], deprecations: Sequence[Deprecated]) -> None:
    """Mark in the API description what is deprecated; a `ValueError` names what it does not hold."""
    for item in deprecations:
        operation = schema["paths"].get(item.path, {}).get("get")
        if operation is None:
            raise ValueError(f"There is no path {item.path} to deprecate.")
        marked = operation
        if item.parameter:
            named = [each for each in operation.get("parameters", ()) if each["name"] == item.parameter]
            if not named:
                raise ValueError(f"{item.path} has no parameter '{item.parameter}' to deprecate.")
            marked = named[0]
        marked["deprecated"] = True
        marked["description"] = f"{marked.get('description', '')}\n\n{_notice(item)}".strip()
        announced = headers("Deprecation", *(["Sunset"] if item.sunset else []), "Link")
        operation["responses"]["200"].setdefault("headers", {}).update(announced)


def _notice(item: Deprecated) -> str:
    until = f"; it stops working on {item.sunset:%Y-%m-%d}" if item.sunset else ""
    instead = f" Use `{item.successor}`." if item.successor else ""
    return f"Deprecated since {item.since:%Y-%m-%d}{until}.{instead} See {item.about}."
