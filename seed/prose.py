"""Rules of prose: no banned phrases, British spelling, short sentences, and texts that the public can read."""

import re
from collections.abc import Iterator
from statistics import median
from typing import Any

import textstat
from pydantic import Field

from app.schemas.common import Model, is_slug
from seed.files import Files, Raw
from seed.problems import Problem

LONGEST_SENTENCE = 30
"""Words."""

HIGHEST_GRADE = 9.0
"""Median Flesch-Kincaid grade of summaries and answers: a reader of 13 to 14 years."""

ARTICLE = "muscle-twitching-article"

NOT_PROSE = frozenset(
    (
        *("title", "publisher", "authors", "website", "doi", "locator", "aliases", "examples"),
        *("slug", "funding", "authority", "description", "label", "unit", "graded_by"),
    )
)
"""Keys whose text is a name, an address or somebody else's words."""

HOW_FAST = {
    "emergency": (r"Call 999|straight away", 'say "Call 999" or "straight away"'),
    "same-day": (r"\burgent\b|on the same day", 'say "urgent" or "on the same day"'),
    "routine": (r"^(?!.*(999|111|urgent|same day|straight away|as soon as))", "leave out 999, 111 and haste"),
}
"""What the action of a red flag says of how fast to act, by its urgency, and what to do where it does not."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\u201c\"])")


class ProseFile(Model):
    """`prose.toml`: what texts must not say. Phrases are compared in lower case; `*` stands for any letters."""

    banned: dict[str, str] = Field(default={}, description="A phrase -> what to write instead.")
    american: dict[str, str] = Field(default={}, description="An American spelling -> the British one.")
    only_about_the_article: list[str] = Field(
        default=[],
        description="Phrases that may stand in the article's own record and in the findings of claims alone.",
    )


def prose_problems(files: Files, rules: ProseFile) -> list[Problem]:
    """Texts that break a rule of prose.toml or are too long to read, and all of them if they are too hard to read."""
    banned = [_Rule(phrase, advice) for phrase, advice in rules.banned.items()]
    banned += [_Rule(word, f'is American spelling; write "{british}"') for word, british in rules.american.items()]
    article = [
        _Rule(phrase, "belongs in the article's record and in findings of claims; write about the subject")
        for phrase in rules.only_about_the_article
    ]
    problems = []
    for raw in (*files.raws, *files.tables):
        for key, text in _texts("", raw.data):
            checked = banned if _may_name_the_article(raw, key) else banned + article
            folded = text.casefold()
            messages = [message for rule in checked if rule.part in folded and (message := rule.message(text))]
            messages += _long_sentences(text)
            problems += [Problem(raw.path, key, message) for message in messages]
        problems += _urgency(raw)
    return problems + _readability(files)


class _Rule:
    def __init__(self, phrase: str, advice: str) -> None:
        self.advice = advice
        self.pattern = re.compile(r"\b" + re.escape(phrase).replace(r"\*", r"\w*") + r"\b", re.IGNORECASE)
        # a text without it need not be searched: a hundred patterns for each text take longer than reading the files
        self.part = max(phrase.casefold().split("*"), key=len)

    def message(self, text: str) -> str:
        """What is wrong with the text; empty if it does not hold the phrase."""
        found = self.pattern.search(text)
        return f'"{found[0]}" {self.advice}' if found else ""


def _may_name_the_article(raw: Raw, key: str) -> bool:
    return raw.slug == ARTICLE or (raw.kind.name == "claim" and key.endswith(".finding"))


def _long_sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        words = len(sentence.split())
        if words > LONGEST_SENTENCE:
            yield f"a sentence of {words} words; {LONGEST_SENTENCE} is the most, so make it two"


def _urgency(raw: Raw) -> Iterator[Problem]:
    """Red flags whose action and urgency do not say the same; what is not even written well is another's to report."""
    flags = raw.data.get("red_flags")
    for place, flag in enumerate(flags if isinstance(flags, list) else ()):
        if not isinstance(flag, dict) or not isinstance(action := flag.get("action"), str):
            continue
        urgency = str(flag.get("urgency"))
        pattern, advice = HOW_FAST.get(urgency, ("", ""))
        if not re.search(pattern, action):
            message = f"says something else of how fast to act than its urgency, which is {urgency}; {advice}"
            yield Problem(raw.path, f"red_flags[{place}].action", message)


def _readability(files: Files) -> list[Problem]:
    texts = {
        f"{raw.path}: {key}": text
        for raw in files.raws
        for key in ("summary", "answer")
        if isinstance(text := raw.data.get(key), str) and text.strip()
    }
    grades = {place: textstat.flesch_kincaid_grade(text) for place, text in texts.items()}
    if not grades or median(grades.values()) <= HIGHEST_GRADE:
        return []
    hardest = ", ".join(sorted(grades, key=lambda place: -grades[place])[:5])
    message = (
        f"summaries and answers have a median reading grade of {median(grades.values()):.1f}, and "
        f"{HIGHEST_GRADE:.0f} is the most; begin with the hardest ({hardest})"
    )
    return [Problem("prose.toml", "", message)]


def _texts(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text of ours below a value, with its key."""
    if isinstance(value, str):
        if not is_slug(value):  # a reference, or a word of the schema
            yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in NOT_PROSE and not (name == "name" and "title" in value):  # a source's name is a citation
                yield from _texts(f"{key}.{name}" if key else name, inner)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(f"{key}[{place}]", item)
