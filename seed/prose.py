"""Rules of prose: plain sentences of bounded length, no banned phrases, and a text that the public can read."""

import re
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import textstat
from pydantic import BaseModel, Field, ValidationError

from app.schemas.common import Citation, Graded, Model, Problem, Ref
from app.schemas.faq_entry import FaqEntryFile
from app.schemas.source import SourceFile
from seed.build import Authored

LONGEST_SENTENCE = 30
"""Words."""

HIGHEST_GRADE = 9.0
"""Median Flesch-Kincaid grade of summaries and answers: a reader of 13 to 14 years."""

NOT_PROSE = frozenset(
    (
        *("title", "publisher", "authors", "website", "doi", "locator", "aliases", "examples"),
        *("slug", "funding", "authority", "description"),
    )
)
"""Keys whose text is a name or an address."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\u201c\"])")


class ProseFile(Model):
    """`prose.toml`: what texts must not say. Phrases are compared in lower case."""

    banned: dict[str, str] = Field(default={}, description="A phrase -> what to write instead.")
    american: dict[str, str] = Field(default={}, description="An American spelling -> the British one.")
    only_in_sources_and_claims: list[str] = Field(
        default=[], description="Phrases that may stand in sources and in the findings of claims alone."
    )


def prose_problems(authored: Sequence[Authored], data: dict[str, Any]) -> list[Problem]:
    """Texts that break a rule of prose.toml, are too long to read, or are too hard on the whole."""
    try:
        rules = ProseFile.model_validate(data)
    except ValidationError as error:
        return [
            Problem(file="prose.toml", key=".".join(map(str, item["loc"])), message=item["msg"])
            for item in error.errors()
        ]
    problems = [
        Problem(file=item.path, key=key, message=message)
        for item in authored
        for key, text, in_finding in _texts("", item.content, in_finding=False)
        for message in _of_text(item, text, rules, in_finding=in_finding)
    ]
    return problems + _readability(authored)


def _of_text(item: Authored, text: str, rules: ProseFile, *, in_finding: bool) -> Iterator[str]:
    lowered = text.casefold()
    for phrase, advice in rules.banned.items():
        if re.search(rf"\b{re.escape(phrase)}\b", lowered):
            yield f'"{phrase}" is not plain; {advice}'
    for word, british in rules.american.items():
        if re.search(rf"\b{re.escape(word)}\b", lowered):
            yield f'"{word}" is American spelling; write "{british}"'
    free = isinstance(item.content, SourceFile) or (in_finding and item.kind.name == "claim")
    for phrase in () if free else rules.only_in_sources_and_claims:
        if re.search(rf"\b{re.escape(phrase)}\b", lowered):
            yield f'"{phrase}" belongs in its source and in findings of claims; write about the subject'
    for sentence in _SENTENCE_END.split(text):
        words = len(sentence.split())
        if words > LONGEST_SENTENCE:
            yield f"a sentence of {words} words; {LONGEST_SENTENCE} is the most, so make it two"


def _readability(authored: Sequence[Authored]) -> list[Problem]:
    texts = [item.content.summary for item in authored]
    texts += [item.content.answer for item in authored if isinstance(item.content, FaqEntryFile)]
    if not texts:
        return []
    grade = median(textstat.flesch_kincaid_grade(text) for text in texts)
    if grade <= HIGHEST_GRADE:
        return []
    message = f"summaries and answers have a median reading grade of {grade:.1f}; {HIGHEST_GRADE:.0f} is the most"
    return [Problem(file="prose.toml", key="", message=message)]


def _texts(key: str, value: Any, *, in_finding: bool) -> Iterator[tuple[str, str, bool]]:
    """Every text of ours below a value, with its key, and whether it is the finding of a citation."""
    if isinstance(value, str):
        if type(value) is str:  # enumerations are words of the schema
            yield key, value, in_finding
    elif isinstance(value, BaseModel) and not isinstance(value, Ref):
        for name in type(value).model_fields:
            computed = isinstance(value, Graded) and name == "grade_reason" and value.graded_by is None
            a_name = isinstance(value, SourceFile) and name == "name"
            if name not in NOT_PROSE and not computed and not a_name:
                inside = in_finding or (isinstance(value, Citation) and name == "finding")
                yield from _texts(f"{key}.{name}" if key else name, getattr(value, name), in_finding=inside)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(f"{key}[{place}]", item, in_finding=in_finding)
