"""Suggestions: records that have a name with words that begin as those typed so far."""

from dataclasses import dataclass

from rapidfuzz import fuzz
from tantivy import Occur, Query

from app.search.entries import SEARCHED, Entry
from app.search.index import ALIASES, LATER, LONGEST_START, NAMES, SearchIndex, any_of, name_key
from app.search.spelling import SHORTEST

ALIKE = 75
"""How like a name what was typed must be to be taken for it, in percent."""
MOST_WORDS = 8
"""Typed words that are looked at: no name that people type has more."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    entry: Entry
    text: str
    """The name or alias, to put into the search box."""
    hint: str
    """Kind, detail and, behind an alias, the name: tells alike names apart."""


def suggest(index: SearchIndex, typed: str, kinds: tuple[str, ...], limit: int) -> list[Suggestion]:
    """Best first, each record once; where nothing begins so, with words corrected."""
    start = index.analyzer.typed(typed)
    found = _begin(index, start, kinds, limit)
    if start and not found:
        *head, last = start.split()[:MOST_WORDS]
        head = [word if index.speller.is_known(word) else index.speller.correct(word) or word for word in head]
        ends = [last, *index.speller.completions(last)] if len(last) >= SHORTEST - 1 else [last]
        found = next(filter(None, (_begin(index, " ".join([*head, end]), kinds, limit) for end in ends)), [])
    hints = [_hint(entry, text) for entry, text in found]
    shown = []
    for (entry, text), hint in zip(found, hints, strict=True):
        alike = hints.count(hint) > 1 and sum(other == text for _, other in found) > 1
        shown.append(Suggestion(entry, text, f"{hint}, {entry.slug}" if alike else hint))
    return shown


def nearest(index: SearchIndex, typed: str) -> str | None:
    """The name that is most like what was typed, among those that share its first letters."""
    start = index.analyzer.typed(typed)
    near = (_begin(index, start[:size], (), 20) for size in (3, 2, 1) if start)
    names = {index.analyzer.typed(text): text for found in near for _, text in found}
    alike = max(((fuzz.ratio(start, key), text) for key, text in names.items()), default=(0, ""))
    return alike[1] if alike[0] >= ALIKE else None


def _begin(index: SearchIndex, start: str, kinds: tuple[str, ...], limit: int) -> list[tuple[Entry, str]]:
    """Records with the name that begins so: whole names first, then names, then aliases, then later words; among those,
    what most records refer to first."""
    words = start.split()[:MOST_WORDS]
    told = [word for word in words if word not in index.analyzer.vocabulary.stop_words] or words
    if not told:
        return []

    def has(field: str, text: str, score: float) -> Query:
        return Query.const_score_query(Query.term_query(index.schema, field, text[:LONGEST_START]), score)

    clauses = [(Occur.Must, any_of([has(field, word, 0) for field in (NAMES, ALIASES, LATER)])) for word in told]
    if kinds:
        clauses.append((Occur.Must, any_of([has("kind", kind, 0) for kind in kinds])))
    whole = name_key(index.analyzer.content(index.analyzer.words(start)))
    for score, (field, text) in enumerate(((LATER, start), (ALIASES, start), (NAMES, start), ("name", whole))):
        # each place tells more than all before it together
        clauses.append((Occur.Should, has(field, text, 2**score)))
    found = []
    for ordinal in index.find(Query.boolean_query(clauses), limit):
        entry = index.entry(ordinal)
        found.append((entry, _best(entry, start, told)))
    return found


def _best(entry: Entry, start: str, words: list[str]) -> str:
    """The name or alias that begins so, or has words that do."""

    def fit(named: tuple[str, str]) -> tuple[bool, bool, int]:
        key = f" {named[0]}"
        return key.startswith(f" {start}"), f" {start}" in key, sum([f" {word}" in key for word in words])

    return max(zip(entry.keys, (entry.name, *entry.aliases), strict=True), key=fit)[1]


def _hint(entry: Entry, text: str) -> str:
    # a factor's and a symptom's detail names its kind by itself
    label = SEARCHED[entry.kind].label
    hint = ", ".join(part for part in (label, entry.detail.replace("-", " ")) if part) or entry.kind.replace("_", " ")
    return hint if text == entry.name else f"{hint}: {entry.name}"
