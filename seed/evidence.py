"""Rules of evidence: grades follow from citations, citations lead somewhere, red flags come from authorities."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from app.schemas.claim import ClaimFile
from app.schemas.common import Citation, Grade, Graded, RedFlag, Stance
from app.schemas.source import SourceFile
from seed.build import Authored
from seed.grades import grades_of, support_of
from seed.names import Names
from seed.problems import Problem

WHOLE = "whole document"
AUTHORITIES = ("guideline", "regulator", "fact-sheet", "reference-work", "systematic-review")
"""Types of sources that may call something a red flag."""

UNPROVEN = (Grade.limited, Grade.mechanistic, Grade.contradicted)
"""Grades of claims that are named by a question: a name is shown without its grade in references."""

UNDATED = ("fact-sheet", "reference-work", "guideline", "regulator")
"""Types of sources that are pages of an authority or a publisher, changed in place and often without a date."""


def evidence_problems(authored: Sequence[Authored], names: Names) -> list[Problem]:
    """What breaks the rules of docs/grades.md."""
    one_page = {item.slug for item in authored if isinstance(item.content, SourceFile) and item.content.one_page}
    return [
        Problem(item.path, key, message)
        for item in authored
        for key, message in _of_record(item.content, names, one_page)
    ]


def _of_record(content: Any, names: Names, one_page: set[str]) -> Iterator[tuple[str, str]]:
    if isinstance(content, SourceFile):
        yield from _of_source(content)
    elif isinstance(content, ClaimFile) and content.name.endswith("?") != (content.grade in UNPROVEN):
        wanted = "a question" if content.grade in UNPROVEN else "a statement"
        message = f"a claim with the grade {content.grade} is named by {wanted}, because names are shown without grades"
        yield "name", message
    for key, value in _models("", content):
        if isinstance(value, Graded):
            yield from _of_grade(key, value, names)
        elif isinstance(value, RedFlag):
            cited = [c for c in value.citations if c.stance is Stance.supports]
            if not any(names.source_types.get(c.source.slug) in AUTHORITIES for c in cited):
                types = ", ".join(AUTHORITIES)
                yield f"{key}.citations", f"no authority supports this red flag; cite a source of type {types}"
        elif isinstance(value, Citation) and value.locator.casefold() == WHOLE and value.source.slug not in one_page:
            message = "names no place in the source; name a section, table or page, or set one_page in the source"
            yield f"{key}.locator", message


def _of_grade(key: str, graded: Graded, names: Names) -> Iterator[tuple[str, str]]:
    citations = [{**dict(citation), "source": citation.source.slug} for citation in graded.citations]
    allowed = grades_of(support_of(citations, names.source_types))
    if graded.grade in allowed and graded.graded_by is not None:
        message = "the citations give this grade already; remove graded_by and grade_reason"
        yield f"{key}.graded_by".removeprefix("."), message
    if graded.grade not in allowed and graded.graded_by is None:
        shown = " or ".join(f'"{grade}"' for grade in allowed)
        message = f'"{graded.grade}" does not follow from the citations, which give {shown}'
        yield f"{key}.grade".removeprefix("."), f"{message}; write that, or add grade_reason and graded_by"


def _of_source(source: SourceFile) -> Iterator[tuple[str, str]]:
    if source.doi is None and source.website is None:
        if source.type != "article":
            yield "doi", "missing, and so is website; a reader must be able to find the publication"
    elif source.doi is None and source.accessed is None:
        yield "accessed", "missing; a web page may change, so write on which day it was read"
    if source.year is None and source.type != "article" and (source.doi is not None or source.type not in UNDATED):
        pages = ", ".join(UNDATED)
        yield (
            "year",
            f"missing; only a web page of type {pages} may state no date, and then accessed says what was read",
        )
    if not source.authors and not source.notes:
        yield "authors", "missing; name who wrote it or publishes it, or say in notes why that is not known"
    if (source.retracted is None) != (source.retraction_checked is None):
        yield "retracted", "retracted and retraction_checked belong together; write both, or neither"


def _models(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A model and every model below it, with its key."""
    if isinstance(value, BaseModel):
        yield key, value
        for name in type(value).model_fields:
            yield from _models(f"{key}.{name}" if key else name, getattr(value, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _models(f"{key}[{place}]", item)
