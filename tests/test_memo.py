"""The memo of request bytes: bounded, cleared with a release, and never older than it."""

from hypothesis import given
from hypothesis import strategies as st

from app.http.access_log import LoggedRequest
from app.http.memo import OVERHEAD, RequestMemo

LOGGED = LoggedRequest("GET", "/", "/", 200, 0, "hit")


def put(memo: RequestMemo, name: str, length: int = 1000) -> bytes:
    request = f"GET /{name} HTTP/1.1\r\n\r\n".encode()
    memo.put(request, memo.generation, 200, [(b"etag", b"x")], b"x" * length, LOGGED)
    return request


def test_it_holds_no_more_than_its_capacity_and_drops_the_oldest() -> None:
    memo = RequestMemo(20_000)
    requests = [put(memo, str(number)) for number in range(100)]
    assert memo.size <= memo.capacity
    kept = [memo.get(request) is not None for request in requests]
    assert kept == sorted(kept)
    assert 5 < sum(kept) < 20


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3000)), max_size=60))
def test_its_size_is_that_of_what_it_holds(puts: list[tuple[int, int]]) -> None:
    memo = RequestMemo(16_000)
    for number, length in puts:
        put(memo, str(number), length)
        assert 0 <= memo.size <= memo.capacity
    memo.clear()
    assert memo.size == 0


def test_one_answer_takes_an_eighth_of_the_room_at_most() -> None:
    memo = RequestMemo(8 * (OVERHEAD + 1100))
    assert memo.get(put(memo, "small", 900)) is not None
    assert memo.get(put(memo, "large", 2000)) is None


def test_nothing_is_remembered_where_there_is_no_room() -> None:
    memo = RequestMemo(0)
    assert memo.get(put(memo, "a", 0)) is None


def test_an_answer_of_the_last_release_is_not_remembered() -> None:
    memo = RequestMemo(100_000)
    before = memo.generation
    memo.clear()
    memo.put(b"GET / HTTP/1.1\r\n\r\n", before, 200, [], b"old", LOGGED)
    assert memo.get(b"GET / HTTP/1.1\r\n\r\n") is None
