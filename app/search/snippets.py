"""Snippets: a short passage of a record as HTML that is safe to insert, the matched words in <mark>."""

import re
from collections.abc import Iterable
from html import escape

from app.search.index import SearchIndex
from app.search.ranking import Hit

PASSAGES = 12
"""How many passages of a record are looked through for a match."""
LENGTH = 180
"""Letters of a passage, before escaping."""
SENTENCE = re.compile(r"(?<=[.!?]) ")
"""Between two sentences."""
Span = tuple[int, int]


def snippet(index: SearchIndex, hit: Hit, words: frozenset[str]) -> str:
    """The first passage of the record that holds any of the words and more, else its summary; where an alias does, the
    first sentence of the summary and the alias.

    Text is escaped; the only tag is `<mark>`. A passage that is cut begins or ends with an ellipsis.
    """
    entry = index.entry(hit.ordinal)
    best, spans = entry.passages[0] if entry.passages else entry.name, []
    for passage in entry.passages[:PASSAGES]:
        found = _spans(passage, words)
        # a passage of nothing but these words says no more than the query
        if found and sum(end - start for start, end in found) < len(passage) - len(found):
            best, spans = passage, found
            break
    shown = _marked(best, spans)
    if hit.name and not hit.name.primary and not spans:
        shown = f"{_marked(SENTENCE.split(best)[0], [])} Also: {_marked(hit.name.text, _spans(hit.name.text, words))}."
    return shown


def _spans(text: str, words: Iterable[str]) -> list[Span]:
    """Where the words stand in the text, whole, in order and without overlap."""
    lower = text.lower()
    if len(lower) != len(text):
        return []  # a letter whose lower case is longer: places would be off
    found: list[Span] = []
    for word in words:
        at = lower.find(word)
        while at >= 0:
            end = at + len(word)
            if not (at and lower[at - 1].isalnum()) and not (end < len(lower) and lower[end].isalnum()):
                found.append((at, end))
            at = lower.find(word, end)
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _marked(text: str, spans: list[Span]) -> str:
    start, end = _window(text, spans)
    parts, last = ["… " if start else ""], start
    for a, b in (span for span in spans if start <= span[0] and span[1] <= end):
        parts += [escape(text[last:a]), "<mark>", escape(text[a:b]), "</mark>"]
        last = b
    parts += [escape(text[last:end]), " …" if end < len(text) else ""]
    return "".join(parts)


def _window(text: str, spans: list[Span]) -> Span:
    """The stretch to show: whole words around the first match."""
    if len(text) <= LENGTH:
        return 0, len(text)
    start = 0
    if spans and spans[0][1] > LENGTH:
        start = text.rfind(" ", 0, spans[0][0] - LENGTH // 4) + 1
    if start + LENGTH >= len(text):
        return start, len(text)
    end = text.rfind(" ", start + 1, start + LENGTH)
    end = end if end > start else start + LENGTH
    return start, max(end, spans[0][1]) if spans and spans[0][1] <= start + LENGTH else end
