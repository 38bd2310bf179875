"""The questions that the search is scored with are sound: labels exist, and no question or source is in two parts."""

import csv
import re
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest

from app.schemas import KINDS
from tests.support import REAL, ROOT

FOLDER = ROOT / "tests" / "search_questions"
PARTS = ("tuning", "validation", "blind")
NOTHING = "-"
"""In place of a label: no record answers the question."""


class Question(NamedTuple):
    question: str
    best: str
    acceptable: str
    source: str


def read(part: str) -> list[Question]:
    with (FOLDER / f"{part}.tsv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    assert tuple(header) == Question._fields
    return [Question(*row) for row in rows]


QUESTIONS = {part: read(part) for part in PARTS}


def exists(label: str) -> bool:
    kind, _, slug = label.partition("/")
    return kind in KINDS and (REAL / KINDS[kind].collection / f"{slug}.toml").is_file()


@pytest.mark.parametrize("part", PARTS)
def test_every_label_is_a_record(part: str) -> None:
    labels = {label for row in QUESTIONS[part] for label in row.acceptable.split(" ")}
    assert [label for label in sorted(labels - {NOTHING}) if not exists(label)] == []


@pytest.mark.parametrize("part", PARTS)
def test_the_best_record_is_an_acceptable_one(part: str) -> None:
    for row in QUESTIONS[part]:
        acceptable = row.acceptable.split(" ")
        assert row.best in acceptable, row.question
        assert len(set(acceptable)) == len(acceptable), row.question
        assert NOTHING not in acceptable or acceptable == [NOTHING], row.question


@pytest.mark.parametrize("part", PARTS)
def test_questions_are_short(part: str) -> None:
    assert [row.question for row in QUESTIONS[part] if not 0 < len(row.question.strip()) <= 120] == []


def test_no_question_is_asked_twice() -> None:
    asked = Counter(
        " ".join(re.findall(r"[^\W_]+", row.question.lower())) for rows in QUESTIONS.values() for row in rows
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_no_source_is_in_two_parts() -> None:
    parts = defaultdict(set)
    for part, rows in QUESTIONS.items():
        for row in rows:
            parts[row.source].add(part)
    assert {source: sorted(names) for source, names in parts.items() if len(names) > 1} == {}


def test_no_public_source_gives_more_than_25_questions() -> None:
    sources = Counter(row.source for rows in QUESTIONS.values() for row in rows)
    assert [source for source, times in sources.items() if times > 25 and not source.startswith("lay-")] == []


def test_there_are_enough_questions_and_few_without_an_answer() -> None:
    rows = [row for part in PARTS for row in QUESTIONS[part]]
    assert len(rows) >= 400
    assert sum(row.best == NOTHING for row in rows) <= 30
