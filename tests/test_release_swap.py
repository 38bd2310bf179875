"""A new release while the API serves: no failed request, no answer of two releases, everywhere within seconds."""

from functools import partial
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.serving import ServeOrigin, wait_for
from tests.support import TINY, run
from tests.traffic import Traffic, assert_unmixed

SECONDS = 5
"""Within which every process serves the new release: docs/deployment.md promises it."""


def serves(traffic: Traffic, versions: set[str]) -> bool:
    return traffic.versions_now() == versions


TWO_WORKERS, SHORT_CUT = {"WORKERS": "2"}, {"ACCESS_LOG": "false"}


@pytest.mark.parametrize(
    ("database", "settings"),
    [
        pytest.param("on_sqlite", SHORT_CUT, id="sqlite-short cut"),
        pytest.param("on_postgresql", TWO_WORKERS, id="postgresql-two workers"),
        pytest.param("on_sqlite", TWO_WORKERS, id="sqlite-two workers", marks=pytest.mark.all),
        pytest.param("on_postgresql", SHORT_CUT, id="postgresql-short cut", marks=pytest.mark.all),
    ],
)
def test_a_release_under_load_fails_no_request_and_mixes_nothing(
    request: pytest.FixtureRequest,
    second_release: Path,
    database: str,
    settings: dict[str, str],
    api_server: ServeOrigin,
) -> None:
    new: NewDatabase = request.getfixturevalue(database)
    url = new("swap", TINY)
    with api_server(url, **settings) as origin, Traffic(origin, pause=0.01) as traffic:
        assert traffic.versions_now() == {"0.1.0"}
        for command, version in ((("load", "--content", str(second_release)), "0.2.0"), (("rollback",), "0.1.0")):
            done = run("seed", *command, DATABASE_URL=url)
            assert done.returncode == 0, done.stderr
            wait_for(partial(serves, traffic, {version}), SECONDS)
    assert not traffic.failed, traffic.failed[:3]
    assert_unmixed(traffic, "release two", "0.2.0")
