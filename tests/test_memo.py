"""The memo of request bytes: bounded, cleared, and never filled with what nobody asks for again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.access_log import LoggedRequest
from app.http.memo import OVERHEAD, SEEN, RequestMemo

LOGGED = LoggedRequest("GET", "/", "/", 200, 1, "hit")


def put(memo: RequestMemo, request: bytes, body: bytes = b"") -> None:
    """Twice: what comes once is not remembered."""
    for _ in range(2):
        memo.put(request, memo.generation, 200, [], body, LOGGED)


def test_what_comes_once_is_not_remembered() -> None:
    memo = RequestMemo(10**6)
    memo.put(b"a", memo.generation, 200, [], b"x", LOGGED)
    assert memo.get(b"a") is None
    memo.put(b"a", memo.generation, 200, [(b"name", b"value")], b"x", LOGGED)
    answer = memo.get(b"a")
    assert answer is not None
    assert (answer.head, answer.body) == (b"HTTP/1.1 200 OK\r\nname: value\r\n", b"x")


def test_it_stays_within_its_capacity() -> None:
    memo = RequestMemo(20 * OVERHEAD)
    for number in range(1000):
        put(memo, b"%d" % number)
        assert memo.size <= memo.capacity
    remembered = [number for number in range(1000) if memo.get(b"%d" % number)]
    # the newest, as many as there is room for
    assert remembered == list(range(1000 - len(remembered), 1000))
    assert 15 < len(remembered) <= 20


def test_bodies_are_counted_and_shared() -> None:
    memo, body = RequestMemo(100_000), b"x" * 10_000
    for number in range(100):
        put(memo, b"%d" % number, body)
    answers = [answer for number in range(100) if (answer := memo.get(b"%d" % number))]
    assert 5 < len(answers) < 10
    assert all(answer.body is body for answer in answers)


def test_one_answer_does_not_fill_it() -> None:
    memo = RequestMemo(8000)
    put(memo, b"small")
    put(memo, b"large", b"x" * 1000)
    assert memo.get(b"small")
    assert memo.get(b"large") is None


def test_a_release_clears_it() -> None:
    memo = RequestMemo(10**6)
    put(memo, b"a")
    memo.clear()
    assert (memo.get(b"a"), memo.size, memo.generation) == (None, 0, 1)
    memo.put(b"a", memo.generation, 200, [], b"", LOGGED)
    assert memo.get(b"a") is None


def test_no_capacity_remembers_nothing() -> None:
    memo = RequestMemo(0)
    put(memo, b"a")
    assert memo.get(b"a") is None


@pytest.mark.parametrize("number", [SEEN, 3 * SEEN])
def test_what_came_once_is_known_within_bounds(number: int) -> None:
    memo = RequestMemo(10**6)
    for each in range(number):
        memo.put(b"%d" % each, memo.generation, 200, [], b"", LOGGED)
    assert memo.size == 0
    assert len(memo.seen) <= SEEN


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3000)), max_size=60))
def test_its_size_is_that_of_what_it_holds(puts: list[tuple[int, int]]) -> None:
    memo = RequestMemo(16_000)
    for number, length in puts:
        put(memo, b"%d" % number, b"x" * length)
        assert 0 <= memo.size <= memo.capacity
    memo.clear()
    assert memo.size == 0


def test_an_answer_of_the_last_release_is_not_remembered() -> None:
    memo = RequestMemo(100_000)
    before = memo.generation
    memo.clear()
    for _ in range(2):
        memo.put(b"a", before, 200, [], b"old", LOGGED)
    assert memo.get(b"a") is None
