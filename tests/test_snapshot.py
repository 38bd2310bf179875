"""The dataset's description as one snapshot gives it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.api.responses import About
from app.api.snapshot import _about, dataset
from tests.conftest import MakeUrl
from tests.support import TINY, client_for, make_database, run


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize(
    "loaded_at",
    ["2026-11-22 13:21:03", datetime(2026, 11, 22, 13, 21, 3), datetime(2026, 11, 22, 13, 21, 3, tzinfo=UTC)],  # noqa: DTZ001
    ids=["text of SQLite", "without a zone", "with its zone"],
)
def test_the_time_of_loading_does_not_depend_on_the_zone_of_the_machine(loaded_at: datetime | str) -> None:
    document = json.dumps({"version": "1.0.0", "content_hash": "abc"})
    assert _about(document, loaded_at).loaded_at == datetime(2026, 11, 22, 13, 21, 3, tzinfo=UTC)


async def test_a_release_in_the_middle_of_a_request_is_not_seen_by_it(
    new_database: MakeUrl, second_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database(new_database("middle"), TINY)

    def described(connection: Connection) -> About:
        about = dataset(connection)
        if about["version"] == "0.1.0":
            assert run("seed", "load", "--content", str(second_release), DATABASE_URL=url).returncode == 0
        return about

    monkeypatch.setattr("app.api.reading.dataset", described)
    async with client_for(url, cache_bytes=0) as client:
        for version in ("0.1.0", "0.2.0"):
            page = await client.get("/nutrients?slug=iron&include=claims")
            assert page.headers["Dataset-Version"].startswith(f"{version}+")
            assert ("release two" in page.text) == (version == "0.2.0")
