"""The index: everything a search needs, built once a dataset version and never changed."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import tantivy
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.records import ReleaseInfo, release_info
from app.database.models import Dataset
from app.schemas.vocabulary import Vocabulary
from app.search.analysis import Analyzer
from app.search.entries import SEARCHED, Entry, read_entries
from app.search.spelling import SHORTEST, Speller
from app.search.suggestions import Suggestion, Suggestions

WEAK = 0.2
"""Weight of a weak word, as part of what another word of the same frequency weighs."""
ENTITIES = frozenset(kind for kind, traits in SEARCHED.items() if traits.entity)
"""Kinds that other records are about."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name or alias of a record, and its terms."""

    text: str
    terms: frozenset[str]
    primary: bool
    weight: float
    """The sum of its terms' weights."""


@dataclass(frozen=True)
class SearchIndex:
    """An immutable index of one dataset version. Attributes are shared between threads and only read."""

    about: ReleaseInfo
    """What the dataset says of itself, and its release."""
    analyzer: Analyzer
    entries: tuple[Entry, ...]
    names: tuple[tuple[Name, ...], ...]
    own: tuple[dict[str, tuple[int, ...]], ...]
    """Of each entry, the terms of all its names, each with the places of the names that hold it."""
    terms: tuple[str, ...]
    """Of each entry, all its terms, each between blanks."""
    ordinals: dict[str, int]
    members: dict[str, tuple[str, ...]]
    """Of a wider record, the narrower ones, at any depth."""
    foods: dict[str, tuple[int, ...]]
    """Of a nutrient, what provides it, richest first."""
    remedies: dict[str, str]
    """Of a symptom, the nutrient that is tied to it most."""
    recognised: dict[frozenset[str], tuple[int, ...]]
    """Terms of a name -> the entries of that name."""
    surfaces: dict[str, frozenset[str]]
    """Of a term, the words of the records that it stands for, in lower case as written."""
    frequency: Counter[str]
    weights: dict[str, float]
    speller: Speller
    suggestions: Suggestions
    schema: tantivy.Schema
    searcher: tantivy.Searcher

    def weight(self, term: str) -> float:
        """How much a term tells: the rarer, the more; weak words tell little."""
        known = self.weights.get(term)
        return _weight(self.analyzer, term, 0, len(self.entries)) if known is None else known

    def suggest(self, typed: str, kinds: tuple[str, ...] = (), limit: int = 8) -> list[Suggestion]:
        """Records that have a name with this beginning; one letter off in the last word where there is none."""
        found = self.suggestions.begin(typed, kinds, limit)
        if found:
            return found
        head, _, last = self.suggestions.key(typed).rpartition(" ")
        if len(last) < SHORTEST - 1:
            return []
        for word in self.speller.completions(last):
            found = self.suggestions.begin(f"{head} {word}", kinds, limit)
            if found:
                return found
        return []


def build_index(connection: Connection) -> SearchIndex:
    """The index of the dataset that the connection sees; `NotReady` where there is none."""
    about = release_info(connection)
    vocabulary = Vocabulary.model_validate_json(connection.scalar(select(col(Dataset.vocabulary))) or "{}")
    return index_of(read_entries(connection), vocabulary, about)


def index_of(entries: Sequence[Entry], vocabulary: Vocabulary, about: ReleaseInfo) -> SearchIndex:
    """The index of these entries."""
    analyzer = Analyzer(vocabulary)
    collected = _Collected()
    for entry in entries:
        collected.add(entry, analyzer)
    weights = {term: _weight(analyzer, term, count, len(entries)) for term, count in collected.frequency.items()}
    names = tuple(tuple(_names(entry, analyzer, weights)) for entry in entries)
    schema, searcher = _tantivy(entries, names, collected.texts)
    ordinals = {entry.slug: ordinal for ordinal, entry in enumerate(entries)}
    index = SearchIndex(
        about=about,
        analyzer=analyzer,
        entries=tuple(entries),
        names=names,
        own=tuple(map(_own, names)),
        terms=tuple(f" {' '.join(sorted(set(text)))} " for text in collected.texts),
        ordinals=ordinals,
        members=_members(entries),
        foods=_foods(entries),
        remedies=_remedies(entries, ordinals),
        recognised=_recognised(names),
        surfaces={term: frozenset(words) for term, words in collected.surfaces.items()},
        frequency=collected.frequency,
        weights=weights,
        speller=Speller(collected.words, collected.named, _vocabulary_words(analyzer)),
        suggestions=Suggestions(entries, analyzer),
        schema=schema,
        searcher=searcher,
    )
    analyzer.learns = False
    return index


def _weight(analyzer: Analyzer, term: str, count: int, records: int) -> float:
    # the root keeps rare words from drowning the names of what much is written about
    told = math.sqrt(math.log(1 + (records + 1) / (count + 0.5)))
    return told * (WEAK if term in analyzer.weak or term.isdigit() else 1.0)


class _Collected:
    """Terms and words over all records."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.words: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.frequency: Counter[str] = Counter()
        self.surfaces: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, entry: Entry, analyzer: Analyzer) -> None:
        """Count the terms and words of an entry."""
        terms: list[str] = []
        if entry.kind in ENTITIES:
            for text in (entry.name, *entry.aliases):
                self.named.update(word.text for word in analyzer.words(text))
        for text in (entry.name, *entry.aliases, *entry.passages):
            words = analyzer.words(text)
            self.words.update(word.text for word in words)
            for token in analyzer.tokens(words):
                terms.append(token.term)
                if token.term not in analyzer.stop:
                    self.surfaces[token.term].add(text[token.start : token.end].lower())
        self.texts.append(terms)
        self.frequency.update(set(terms))


def _names(entry: Entry, analyzer: Analyzer, weights: dict[str, float]) -> Iterable[Name]:
    # "Vitamin B1 (thiamine)" is two names
    head, bracket, tail = entry.name.partition(" (")
    primary = (entry.name, head, tail.rstrip(")")) if bracket else (entry.name,)
    seen = set()
    for place, text in enumerate((*primary, *entry.aliases)):
        terms = analyzer.content(text)
        if terms and terms not in seen:
            seen.add(terms)
            yield Name(text, terms, place < len(primary), sum(weights[term] for term in terms))


def _own(names: Sequence[Name]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        for term in name.terms:
            found[term].append(place)
    return {term: tuple(places) for term, places in found.items()}


def _recognised(names: Sequence[Sequence[Name]]) -> dict[frozenset[str], tuple[int, ...]]:
    found: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for ordinal, group in enumerate(names):
        for name in group:
            # a very common name tells records apart no more, and would make each query slow
            if len(found[name.terms]) < 20:
                found[name.terms].append(ordinal)
    return {terms: tuple(ordinals) for terms, ordinals in found.items()}


def _members(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.parent:
            children[entry.parent].append(entry.slug)

    def below(slug: str, seen: frozenset[str]) -> list[str]:
        found = [child for child in children[slug] if child not in seen]
        return [*found, *(slug for child in found for slug in below(child, seen | {child}))]

    return {slug: tuple(below(slug, frozenset((slug,)))) for slug in list(children)}


def _foods(entries: Sequence[Entry]) -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        for nutrient in entry.provides:
            found[nutrient].append(ordinal)
    return {
        nutrient: tuple(
            sorted(ordinals, key=lambda i: (not entries[i].is_food, entries[i].provides[nutrient], entries[i].slug))
        )
        for nutrient, ordinals in found.items()
    }


def _remedies(entries: Sequence[Entry], ordinals: dict[str, int]) -> dict[str, str]:
    """Of each symptom, the nutrient that most records tie to it."""
    ties: defaultdict[str, Counter[str]] = defaultdict(Counter)
    kinds = {slug: entries[i].kind for slug, i in ordinals.items() if entries[i].kind in ("nutrient", "symptom")}
    for entry in entries:
        about = [slug for slug in sorted(entry.about) if slug in kinds]
        for symptom in (slug for slug in about if kinds[slug] == "symptom"):
            ties[symptom].update(slug for slug in about if kinds[slug] == "nutrient")
    return {symptom: min(found, key=lambda slug: (-found[slug], slug)) for symptom, found in ties.items() if found}


def _vocabulary_words(analyzer: Analyzer) -> set[str]:
    """Words that are no misspellings though no record holds them."""
    known = analyzer.vocabulary
    phrases = [*known.stop_words, *known.weak_words, *known.question_words, *known.negations, *known.food_words]
    phrases += [*known.negation_suffixes, *known.negation_prefixes, *known.units, *known.quantity_words, *known.diets]
    phrases += [*known.spellings, *known.spellings.values(), *(phrase for group in known.synonyms for phrase in group)]
    return {analyzer.fold(word) for phrase in phrases for word in phrase.split()}


def _tantivy(
    entries: Sequence[Entry], names: Sequence[Sequence[Name]], texts: Sequence[Sequence[str]]
) -> tuple[tantivy.Schema, tantivy.Searcher]:
    builder = tantivy.SchemaBuilder()
    for field in ("names", "text"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    for field in ("about", "topic", "kind", "slug"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field("ordinal", fast=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    # one thread: the order of the documents, and so every score, is the same in each build
    writer = index.writer(heap_size=512_000_000, num_threads=1)
    for ordinal, entry in enumerate(entries):
        about = " ".join(sorted(entry.about))
        document = tantivy.Document()
        document.add_text("names", " ".join(term for name in names[ordinal] for term in sorted(name.terms)))
        document.add_text("text", " ".join(texts[ordinal]))
        document.add_text("about", about)
        document.add_text("topic", "" if entry.kind in ENTITIES else about)
        document.add_text("kind", entry.kind)
        document.add_text("slug", entry.slug)
        document.add_unsigned("ordinal", ordinal)
        writer.add_document(document)
    writer.commit()
    index.reload()
    return schema, index.searcher()
