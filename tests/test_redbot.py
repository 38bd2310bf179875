"""A checker of HTTP that others wrote has nothing to complain about."""

import pytest

from tests.redbot import PATHS, complaints
from tests.serving import ServeOrigin
from tests.support import real_database


@pytest.mark.all
def test_redbot_has_nothing_to_complain_about(api_server: ServeOrigin) -> None:
    with api_server(real_database()) as origin:
        assert {path: complaints(origin + path) for path in PATHS} == {path: [] for path in PATHS}
