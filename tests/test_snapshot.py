"""The dataset's description as one snapshot gives it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from app.snapshot import _about


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
