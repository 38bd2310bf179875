"""The index: everything a search needs, built once a dataset version and never changed."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
SAME_NAME = 20
"""Records that one name may lead to: a very common name tells them apart no more, and would make each query slow."""
ENTITIES = frozenset(kind for kind, traits in SEARCHED.items() if traits.entity)
"""Kinds that other records are about."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name or alias of a record, its terms, and the sum of their weights."""

    text: str
    terms: frozenset[str]
    primary: bool
    weight: float


class SearchIndex:
    """An immutable index of one dataset version. Attributes are shared between threads and only read.

    Entries are known by their ordinals; `about` is what the dataset says of itself, and its release.
    """

    def __init__(self, entries: Sequence[Entry], vocabulary: Vocabulary, about: ReleaseInfo) -> None:
        self.about = about
        self.entries = entries
        self.analyzer = Analyzer(vocabulary)
        texts, words, named = [], Counter[str](), Counter[str]()
        self.frequency = Counter[str]()
        # of a term, the words of the records that it stands for, in lower case as written
        self.surfaces: defaultdict[str, set[str]] = defaultdict(set)
        for entry in entries:
            terms: list[str] = []
            names = (entry.name, *entry.aliases)
            for text in (*names, *entry.passages):
                found = self.analyzer.words(text)
                words.update(word.text for word in found)
                for token in self.analyzer.tokens(found):
                    terms.append(token.term)
                    if token.term not in self.analyzer.stop:
                        self.surfaces[token.term].add(text[token.start : token.end].lower())
            if entry.kind in ENTITIES:
                named.update(word.text for text in names for word in self.analyzer.words(text))
            texts.append(terms)
            self.frequency.update(set(terms))
        self.weights = {term: self._weight(term) for term in self.frequency}
        self.names = [tuple(self._names(entry)) for entry in entries]
        self.own = [frozenset[str]().union(*(name.terms for name in group)) for group in self.names]
        # all terms of an entry, each between blanks: a set for each would take several times the memory
        self.terms = [f" {' '.join(sorted(set(text)))} " for text in texts]
        self.ordinals = {entry.slug: ordinal for ordinal, entry in enumerate(entries)}
        self.members = _members(entries)
        self.foods = _foods(entries)
        self.remedies = _remedies(entries)
        self.recognised: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        """Terms of a name -> the entries of that name."""
        for ordinal, group in enumerate(self.names):
            for name in group:
                if len(self.recognised[name.terms]) < SAME_NAME:
                    self.recognised[name.terms].append(ordinal)
        self.recognised.default_factory = None
        self.speller = Speller(words, named, _vocabulary_words(self.analyzer))
        self.suggestions = Suggestions(entries, self.analyzer)
        self.schema, self.searcher = _tantivy(entries, self.names, texts)
        self.analyzer.learns = False

    def weight(self, term: str) -> float:
        """How much a term tells: the rarer, the more; weak words tell little."""
        known = self.weights.get(term)
        return self._weight(term) if known is None else known

    def suggest(self, typed: str, kinds: tuple[str, ...] = (), limit: int = 8) -> list[Suggestion]:
        """Records that have a name with this beginning; one letter off in the last word where there is none."""
        found = self.suggestions.begin(typed, kinds, limit)
        head, _, last = self.suggestions.key(typed).rpartition(" ")
        if not found and len(last) >= SHORTEST - 1:
            begun = (self.suggestions.begin(f"{head} {word}", kinds, limit) for word in self.speller.completions(last))
            return next(filter(None, begun), [])
        return found

    def _weight(self, term: str) -> float:
        # the root keeps rare words from drowning the names of what much is written about
        told = math.sqrt(math.log(1 + (len(self.entries) + 1) / (self.frequency[term] + 0.5)))
        return told * (WEAK if term in self.analyzer.weak or term.isdigit() else 1.0)

    def _names(self, entry: Entry) -> Iterator[Name]:
        # "Vitamin B1 (thiamine)" is two names
        head, bracket, tail = entry.name.partition(" (")
        primary = (entry.name, head, tail.rstrip(")")) if bracket else (entry.name,)
        seen = set()
        for place, text in enumerate((*primary, *entry.aliases)):
            terms = self.analyzer.content(self.analyzer.words(text))
            if terms and terms not in seen:
                seen.add(terms)
                yield Name(text, terms, place < len(primary), sum(self.weights[term] for term in sorted(terms)))


def build_index(connection: Connection) -> SearchIndex:
    """The index of the dataset that the connection sees; `NotReady` where there is none."""
    about = release_info(connection)
    vocabulary = Vocabulary.model_validate_json(connection.scalar(select(col(Dataset.vocabulary))) or "{}")
    return SearchIndex(read_entries(connection), vocabulary, about)


def _members(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Of a wider record, the narrower ones, at any depth."""
    children: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.parent:
            children[entry.parent].append(entry.slug)

    def below(slug: str, seen: frozenset[str]) -> list[str]:
        found = [child for child in children.get(slug, ()) if child not in seen]
        return [*found, *(slug for child in found for slug in below(child, seen | {child}))]

    return {slug: tuple(below(slug, frozenset((slug,)))) for slug in children}


def _foods(entries: Sequence[Entry]) -> dict[str, list[int]]:
    """Of a nutrient, what provides it, richest first."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for ordinal, entry in enumerate(entries):
        for nutrient in entry.provides:
            found[nutrient].append(ordinal)
    for nutrient, ordinals in found.items():
        ordinals.sort(key=lambda i: (not entries[i].is_food, entries[i].provides[nutrient], entries[i].slug))
    return found


def _remedies(entries: Iterable[Entry]) -> dict[str, str]:
    """Of each symptom, the nutrient that most records tie to it."""
    ties: defaultdict[str, Counter[str]] = defaultdict(Counter)
    of_kind = {kind: {entry.slug for entry in entries if entry.kind == kind} for kind in ("nutrient", "symptom")}
    for entry in entries:
        for symptom in entry.about & of_kind["symptom"]:
            ties[symptom].update(entry.about & of_kind["nutrient"])
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
