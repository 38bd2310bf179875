"""The rule by which grades follow from citations (docs/grades.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.common import Grade
from seed.grades import SOURCES, Support, grades_of, reason_of

SUPPORTS = st.builds(
    Support,
    source=st.sampled_from("abcdef"),
    type=st.sampled_from([*filter(None, SOURCES), "article"]),
    stance=st.sampled_from(["supports", "qualifies", "refutes"]),
    indirect=st.booleans(),
)


def rank(grades: tuple[Grade, ...]) -> int:
    """0 for the best; established and strong count alike."""
    return min(3, grades[-1].rank - 1) if grades[0] is not Grade.contradicted else 4


def cited(type: str, stance: str = "supports", source: str = "a", *, indirect: bool = False) -> Support:
    return Support(source, type, stance, indirect)


@pytest.mark.parametrize(
    ("citations", "expected"),
    [
        ([cited("guideline")], (Grade.established, Grade.strong)),
        ([cited("trial")], (Grade.moderate,)),
        ([cited("case-series")], (Grade.limited,)),
        ([cited("article")], (Grade.mechanistic,)),
        ([], (Grade.mechanistic,)),
        ([cited("guideline", indirect=True)], (Grade.moderate,)),
        ([cited("trial", source=source) for source in "abc"], (Grade.established, Grade.strong)),
        ([cited("trial", source="a")] * 3, (Grade.moderate,)),
        ([cited("guideline"), cited("trial", "refutes", "b")], (Grade.moderate,)),
        ([cited("trial", "refutes"), cited("article")], (Grade.contradicted,)),
        ([cited("trial", "qualifies")], (Grade.mechanistic,)),
    ],
)
def test_the_grade_follows_from_the_citations(citations: list[Support], expected: tuple[Grade, ...]) -> None:
    assert grades_of(citations) == expected


@pytest.mark.parametrize(
    ("citations", "expected"),
    [
        ([cited("guideline")], "Supported by a guideline."),
        ([cited("trial", source="b"), cited("guideline")], "Supported by a guideline and 1 other source."),
        ([cited("trial", source=source) for source in "abcc"], "Supported by a trial and 2 other sources."),
        ([cited("guideline", indirect=True)], "Indirectly supported by a guideline."),
        ([cited("guideline"), cited("trial", "refutes", "b")], "Supported by a guideline, but refuted by a trial."),
        ([cited("trial", "refutes"), cited("article")], "Refuted by a trial."),
        ([cited("article"), cited("trial", "qualifies")], "No independent source supports the statement."),
    ],
)
def test_the_reason_says_what_the_grade_rests_on(citations: list[Support], expected: str) -> None:
    assert reason_of(citations) == expected


@given(st.lists(SUPPORTS, max_size=8))
def test_the_article_and_the_order_change_nothing(citations: list[Support]) -> None:
    found = grades_of(citations)
    assert grades_of([*reversed(citations), cited("article"), cited("article", "refutes")]) == found
    assert found[0] in Grade


@given(st.lists(SUPPORTS, max_size=8), SUPPORTS)
def test_more_support_never_lowers_and_a_refutation_never_raises(citations: list[Support], more: Support) -> None:
    before, after = grades_of(citations), grades_of([*citations, more])
    if more.type == "article" or more.stance == "qualifies":
        assert after == before
    elif more.stance == "supports":
        assert rank(after) <= rank(before)
    else:
        assert rank(after) >= rank(before)
