"""Which media type and which content coding a client prefers."""

import pytest

from app.http.compression import coding_for
from app.http.negotiation import MAX_LENGTH, best_media_type

OFFERED = ["application/json", "text/csv", "application/x-ndjson"]


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.5, */*;q=0.6", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;charset=utf-8;q=0.9, application/*;q=0.1", "text/csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        (",,;;, text/csv", "text/csv"),
        ("x/y, " * MAX_LENGTH, None),
    ],
)
def test_the_media_type_is_the_one_preferred(accept: str | None, best: str | None) -> None:
    assert best_media_type(accept, OFFERED) == best


@pytest.mark.parametrize(
    ("accepted", "content_type", "size", "coding"),
    [
        ("gzip, br", "application/json", 5000, "br"),
        ("gzip, br", "application/problem+json", 5000, "br"),
        ("gzip, br", "image/svg+xml", 5000, "br"),
        ("gzip, br", "text/javascript; charset=utf-8", 5000, "br"),
        ("gzip, br", "application/json", 10, "identity"),
        ("gzip, identity;q=0", "application/json", 10, "gzip"),
        ("gzip, *;q=0", "application/json", 10, "gzip"),
        ("gzip, br", "application/zip", 5000, "identity"),
        ("gzip, identity;q=0", "application/zip", 5000, None),
        (None, "application/json", 5000, "identity"),
    ],
)
def test_the_coding_is_one_that_helps(accepted: str | None, content_type: str, size: int, coding: str | None) -> None:
    assert coding_for(accepted, content_type, size) == coding
