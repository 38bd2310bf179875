"""Successful responses: JSON from the dataset with the headers that tell its release; streamed exports."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from starlette.types import Receive, Scope, Send

from app.api.records import ReleaseInfo, release_info

T = TypeVar("T")

BATCH = 200
"""Rows of a stream that are read and sent together."""


async def read(
    request: Request, function: Callable[[Connection], T], *, is_long: bool = False, is_single: bool = False
) -> T:
    """What a function reads from one snapshot of the database; in a thread where that takes long.

    An `is_single` function executes one statement, a snapshot by itself; more only to resolve aliases.
    """
    engine: Engine = request.app.state.engine
    is_near = engine.dialect.name == "sqlite"

    def run() -> T:
        with engine.connect() as connection:
            if is_single and not is_near:
                # BEGIN and ROLLBACK would be two round trips more
                connection.execution_options(isolation_level="AUTOCOMMIT")
            return function(connection)

    # SQLite answers sooner than a thread wakes up; a database across a network would block the event loop
    return run() if is_near and not is_long else await run_in_threadpool(run)


async def from_dataset(
    request: Request,
    body: Callable[[Connection, ReleaseInfo], str | bytes],
    media_type: str,
    links: Mapping[str, str] | None = None,
) -> Response:
    """A 200 whose body is made from the whole dataset, in a thread; `links` as in `json_response`."""

    def run(connection: Connection) -> Response:
        release = release_info(connection)
        return Response(body(connection, release), headers=release_headers(release, links), media_type=media_type)

    return await read(request, run, is_long=True)


def json_response(body: str, release: ReleaseInfo, links: Mapping[str, str] | None = None) -> Response:
    """A 200 from the dataset; `links` are further relations (RFC 8288) with their targets."""
    return Response(body, headers=release_headers(release, links), media_type="application/json")


def release_headers(release: ReleaseInfo, links: Mapping[str, str] | None = None) -> dict[str, str]:
    """Headers that tell which release an answer comes from, its language, licence and related resources."""
    relations = {
        **(links or {}),
        "license": release["licence_url"],
        "terms-of-service": "/dataset",
        "service-desc": "/openapi.json",
        "service-doc": "/docs",
    }
    return {
        "Dataset-Version": release.tag,
        "Last-Modified": release.last_modified,
        "Content-Language": release["language"],
        "Link": ", ".join(f'<{target}>; rel="{relation}"' for relation, target in relations.items()),
    }


class StreamedExport(Response):
    """An export of any length in bounded memory: rows are read from one snapshot as the client takes them."""

    def __init__(
        self, close: Callable[[], None], pieces: Iterator[str], headers: Mapping[str, str], media_type: str
    ) -> None:
        """`close` is called at the end, whatever the end is."""
        super().__init__(headers=dict(headers), media_type=media_type)
        del self.headers["content-length"]
        self._close = close
        self._pieces = pieces

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces; a client that goes away ends it."""
        gone = asyncio.create_task(_gone(receive))
        try:
            # before the start: where the database fails immediately, there can still be another answer
            batch = await run_in_threadpool(_take, self._pieces)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while len(batch) == BATCH and not gone.done():
                await send({"type": "http.response.body", "body": "".join(batch).encode(), "more_body": True})
                batch = await run_in_threadpool(_take, self._pieces)
            if not gone.done():
                await send({"type": "http.response.body", "body": "".join(batch).encode(), "more_body": False})
        except OSError:
            return  # nobody wants the rest
        finally:
            gone.cancel()
            # the rows are read: a connection that is lost only now must not cut the client's
            with suppress(DBAPIError):
                await run_in_threadpool(self._close)


async def _gone(receive: Receive) -> None:
    """Returns when the client has gone away; what it may still send of its request is passed over."""
    while (await receive())["type"] != "http.disconnect":
        # a server that has nothing to tell waits; one that does not must not keep us busy
        await asyncio.sleep(0.1)


def _take(pieces: Iterator[str]) -> Sequence[str]:
    return list(islice(pieces, BATCH))
