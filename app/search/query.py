"""Understanding: what a query asks for, in terms of the index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from app.search.analysis import Token, Word
from app.search.index import ENTITIES, SearchIndex
from app.search.spelling import SHORTEST

MAX_WORDS = 40
MAX_COMBINED = 8
"""Names are looked for among the combinations of this many terms; longer names only among neighbours."""


@dataclass
class Understood:
    """What a query asks for."""

    weights: dict[str, float] = field(default_factory=dict)
    """Its terms, with what each weighs."""
    whole: float = 1.0
    """The sum of their weights."""
    known: tuple[tuple[str, str, float, frozenset[str]], ...] = ()
    """The terms that stand in some record: each alone, between blanks, with its weight and the slugs it names."""
    mended: set[str] = field(default_factory=set)
    """Terms that came of mending a word."""
    unknown: set[str] = field(default_factory=set)
    """Terms that stand in no record."""
    corrected: str | None = None
    """The query as it was read, where words were mended."""
    question: bool = False
    food: bool = False
    excluded: set[str] = field(default_factory=set)
    """Slugs of records that are not wanted."""
    recognised: dict[int, frozenset[str]] = field(default_factory=dict)
    """Entries that the query names, with the terms by which it does."""
    named: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of each term, the slugs of what it names, alone or with others."""
    meant: frozenset[int] = frozenset()
    """Entities that it names beside others, and nothing more exact by the same words: "low magnesium" is more exact
    than "magnesium"."""
    marked: frozenset[str] = frozenset()
    """Terms to mark: those of the query, and the names of what it names."""


def understand(index: SearchIndex, text: str) -> Understood:
    """Read a query."""
    asked = Understood()
    words = _mend(index, text, asked)
    asked.question = text.rstrip().endswith("?") or (bool(words) and words[0].text in index.analyzer.questions)
    words, food_words = _food_words(index, words)
    tokens = _without_negated(index, _without_units(index, text, words), asked)
    tokens = _without_diets(index, tokens, asked)
    terms = list(dict.fromkeys(token.term for token in tokens if token.term not in index.analyzer.stop))
    asked.weights = {term: index.weight(term) for term in terms}
    asked.unknown = {term for term in terms if not index.frequency[term]}
    asked.recognised = _recognise(index, terms)
    asked.food = asked.food or food_words
    entities = {o: names for o, names in asked.recognised.items() if index.entries[o].kind in ENTITIES}
    asked.named = {
        term: frozenset(index.entries[o].slug for o, names in entities.items() if term in names) for term in terms
    }
    asked.whole = sum(asked.weights.values()) or 1.0
    asked.known = tuple(
        (term, f" {term} ", weight, asked.named[term])
        for term, weight in asked.weights.items()
        if term not in asked.unknown
    )
    asked.meant = frozenset(
        o
        for o, own in entities.items()
        if not any(own < other for other in entities.values())
        and any(own.isdisjoint(other) for other in entities.values())
    )
    proper = {
        term
        for o in entities
        for name in index.names[o]
        if name.primary and len(name.terms) <= 2
        for term in name.terms
    }
    asked.marked = frozenset(asked.weights) | proper
    return asked


def _mend(index: SearchIndex, text: str, asked: Understood) -> list[Word]:
    """The words of the query, misspelt ones mended, falsely split or joined ones put right."""
    mended: list[Word] = []
    shown, last = [], 0
    words = index.analyzer.words(text)[:MAX_WORDS]
    i = 0
    while i < len(words):
        used, parts = _read(index, words, i)
        start, end = words[i].start, words[i + used - 1].end
        mended += [Word(part, start, end) for part in parts]
        if parts != [words[i].text]:
            asked.mended.update(index.analyzer.stem(part) for part in parts)
            shown += [text[last:start], " ".join(parts)]
            last = end
        i += used
    if shown:
        asked.corrected = " ".join("".join((*shown, text[last:])).split())
    return mended


def _read(index: SearchIndex, words: Sequence[Word], i: int) -> tuple[int, list[str]]:
    """How many words from `i` on are read as one, and what they are read as."""
    word, after = words[i].text, words[i + 1].text if i + 1 < len(words) else ""
    joined = word + after
    joinable = after and len(joined) >= SHORTEST and index.speller.knows(joined)
    if joinable and not (_known(index, word) and _known(index, after)):
        return 2, [joined]
    if _known(index, word):
        return 1, [word]
    better = index.speller.mend(word)
    return 1, [better] if better else list(index.speller.parts(word) or (word,))


def _known(index: SearchIndex, word: str) -> bool:
    return index.speller.knows(word) or index.frequency[index.analyzer.stem(word)] > 0


def _food_words(index: SearchIndex, words: list[Word]) -> tuple[list[Word], bool]:
    """The query without the words that ask for food, unless they are all there is or belong to a name."""
    phrases = index.analyzer.food
    asking: set[int] = set()
    for i in range(len(words)):
        for length in (3, 2, 1):
            if tuple(word.text for word in words[i : i + length]) in phrases and i + length <= len(words):
                asking.update(range(i, i + length))
                break
    if not asking:
        return words, False
    rest = [word for i, word in enumerate(words) if i not in asking]
    whole = _content(index, words)
    if frozenset(whole) in index.recognised or not _content(index, rest):
        return words, False
    for i in asking:
        pair = index.analyzer.content(" ".join(word.text for word in words[max(0, i - 1) : i + 1]))
        if len(pair) > 1 and pair in index.recognised:
            return words, False
    return rest, True


def _content(index: SearchIndex, words: Sequence[Word]) -> list[str]:
    return [token.term for token in index.analyzer.tokens(words) if token.term not in index.analyzer.stop]


def _without_units(index: SearchIndex, text: str, words: Sequence[Word]) -> list[Token]:
    """Drop "mg" where it is the unit: beside a nutrient's name, or behind "how many"."""
    vocabulary = index.analyzer.vocabulary
    tokens = index.analyzer.tokens(words)
    units = [i for i, token in enumerate(tokens) if token.text in index.analyzer.units]
    if not units:
        return tokens
    others = [t.term for i, t in enumerate(tokens) if i not in units and t.term not in index.analyzer.stop]
    named = any(index.entries[ordinal].kind == "nutrient" for ordinal in _recognise(index, list(dict.fromkeys(others))))
    dropped = set()
    for i in units:
        as_symbol = text[tokens[i].start : tokens[i].end] == tokens[i].text.capitalize()
        counted = i > 0 and tokens[i - 1].text in vocabulary.quantity_words
        if (named or counted) and not (as_symbol and not counted):
            dropped.add(i)
    return [token for i, token in enumerate(tokens) if i not in dropped]


def _without_negated(index: SearchIndex, tokens: list[Token], asked: Understood) -> list[Token]:
    """Take out what the query does not want: "without dairy", "dairy-free", "non-dairy"."""
    vocabulary = index.analyzer.vocabulary
    kept: list[Token] = []
    i = 0
    while i < len(tokens):
        word = tokens[i].text
        phrases = index.analyzer.negations.get(word, ())
        length = next((len(p) for p in phrases if tuple(t.text for t in tokens[i : i + len(p)]) == p), 0)
        if word in vocabulary.negation_prefixes:
            length = 1
        if length and not _in_a_name(index, tokens, i):
            i = _exclude(index, tokens, i + length, asked)
            continue
        if word in vocabulary.negation_suffixes and kept and (slugs := _named(index, kept[-1:])):
            asked.excluded.update(slugs)
            asked.food = True
            kept.pop()
        else:
            kept.append(tokens[i])
        i += 1
    return kept


def _exclude(index: SearchIndex, tokens: Sequence[Token], start: int, asked: Understood) -> int:
    """Exclude the records named from `start` on ("dairy or fish"); returns where the wanted words go on."""
    stop, i = index.analyzer.stop, start
    while i < len(tokens):
        at = i
        while at < len(tokens) and tokens[at].term in stop:
            at += 1
        if i > start and at == i:
            break  # nothing like "or" between: what follows is wanted
        length = next((n for n in (4, 3, 2, 1) if at + n <= len(tokens) and _named(index, tokens[at : at + n])), 0)
        if not length:
            break
        slugs = _named(index, tokens[at : at + length])
        asked.excluded.update(slugs)
        asked.food = asked.food or any(index.entries[index.ordinals[s]].kind == "food_source" for s in slugs)
        i = at + length
    return i


def _named(index: SearchIndex, tokens: Sequence[Token]) -> set[str]:
    """Slugs of the foods, nutrients, factors and symptoms of exactly this name, with all that belongs to them."""
    if tokens[-1].term in index.analyzer.stop:
        return set()
    left_out = index.analyzer.diets.get(tokens[0].term) if len(tokens) == 1 else None
    if left_out:
        return {slug for wider in left_out for slug in (wider, *index.members.get(wider, ()))}
    terms = frozenset(token.term for token in tokens if token.term not in index.analyzer.stop)
    slugs = [index.entries[i].slug for i in index.recognised.get(terms, ()) if index.entries[i].kind in ENTITIES]
    return {slug for found in slugs for slug in (found, *index.members.get(found, ()))}


def _in_a_name(index: SearchIndex, tokens: Sequence[Token], i: int) -> bool:
    """The negation belongs to a name, as in "not drinking enough"."""
    for length in (2, 3, 4):
        terms = frozenset(token.term for token in tokens[i : i + length] if token.term not in index.analyzer.stop)
        if tokens[i].term in terms and len(terms) > 1 and terms in index.recognised:
            return True
    return False


def _without_diets(index: SearchIndex, tokens: list[Token], asked: Understood) -> list[Token]:
    """A diet asks for food and leaves some out."""
    diets = index.analyzer.diets
    kept = []
    for token in tokens:
        if token.term in diets:
            asked.food = True
            asked.excluded.update(_named(index, [token]))
        else:
            kept.append(token)
    return kept


def _recognise(index: SearchIndex, terms: Sequence[str]) -> dict[int, frozenset[str]]:
    """Entries one of whose names is in the query, each with the heaviest such name."""
    found: dict[int, frozenset[str]] = {}
    for combination in _combinations(terms):
        for ordinal in index.recognised.get(combination, ()):
            known = found.get(ordinal)
            if known is None or _sum(index, combination) > _sum(index, known):
                found[ordinal] = combination
    return {o: terms for o, terms in found.items() if any(term not in index.analyzer.weak for term in terms)}


def _combinations(terms: Sequence[str]) -> Iterable[frozenset[str]]:
    near = terms[:MAX_COMBINED]
    for size in (1, 2, 3):
        yield from map(frozenset, combinations(near, size))
    for size in (1, 2, 3):
        for i in range(MAX_COMBINED - size + 1, len(terms) - size + 1):
            yield frozenset(terms[i : i + size])
    for size in range(4, min(len(terms), 10) + 1):
        for i in range(len(terms) - size + 1):
            yield frozenset(terms[i : i + size])


def _sum(index: SearchIndex, terms: Iterable[str]) -> float:
    return sum(index.weight(term) for term in terms)
