"""The layer by itself, where a moment between two releases has to be met exactly."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from app.http.patience import Patience
from app.http.ready import ReadyResponses
from sqlalchemy import create_engine

from app.database.current_release import Watcher
from app.http.cache import Cache
from app.http.representation import HttpLayer


async def test_an_answer_of_the_last_release_is_not_kept_for_the_next() -> None:
    """Two requests wait for one answer; a release comes when the first was sent: the second must not keep it."""
    watcher = Watcher(create_engine("sqlite://"))
    watcher.saw("1.0.0+old")
    ready = ReadyResponses(10**6)
    watcher.subscribe(lambda _tag: ready.clear())
    rendering = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await rendering.wait()
        headers = [(b"content-type", b"application/json"), (b"dataset-version", b"1.0.0+old")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    layer = HttpLayer(
        app,
        Cache(10**6),
        ready,
        watcher,
        lambda _path: {"json": "application/json"},
        "public, max-age=60",
        patience=0,
        max_streams=1,
    )

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(_message: Any) -> None:
            watcher.saw("1.0.1+new")

        scope = {"type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "query_string": b""}
        await layer({**scope, "scheme": "http", "headers": [], "state": {}}, receive, send)

    asked = [asyncio.create_task(ask()) for _ in range(2)]
    await asyncio.sleep(0)
    rendering.set()
    await asyncio.gather(*asked)
    assert ready.get((b"/x", None, None)) is None


@pytest.mark.parametrize(("gone_for", "least", "most"), [(0, 2, 5), (100, 1, 1)], ids=["just now", "for long"])
async def test_only_a_database_that_has_just_gone_is_asked_again(gone_for: float, least: int, most: int) -> None:
    watcher = Watcher(create_engine("sqlite://"))
    watcher.gone_since = monotonic() - gone_for
    state: dict[str, Any] = {}
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        state["may_pass"] = True
        return "503"

    assert await Patience(watcher, 0.5).ask(state, ask) == "503"
    assert least <= asked <= most
