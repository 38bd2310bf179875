"""Spelling: the known word that a misspelt one stands for."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import tantivy

SHORTEST = 5
"""Shorter words are not corrected: too many words are one letter apart."""
LONG = 7
"""Words of this length may differ by two letters."""
CANDIDATES = 40
CACHED = 10_000


class Speller:
    """The words of the records (`named`: of their names) and of the vocabulary; by them a query is corrected."""

    def __init__(self, words: Counter[str], named: Counter[str], extra: Iterable[str]) -> None:
        self._count = words
        self._named = named
        self.known = frozenset(words) | frozenset(extra)
        """Words that stand in a record or in the vocabulary."""
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("word", stored=True, tokenizer_name="raw", index_option="basic")
        self._schema = schema.build()
        index = tantivy.Index(self._schema)
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for word in sorted(words):
            if len(word) >= SHORTEST - 1 and word.isalpha():
                writer.add_document(tantivy.Document(word=[word]))
        writer.commit()
        index.reload()
        self._searcher = index.searcher()
        self.correct = lru_cache(CACHED)(self._correct)

    def _correct(self, word: str) -> str | None:
        """The known word that is nearest: one letter off, two in longer words; None where there is none."""
        if SHORTEST <= len(word) <= 40 and word.isalpha():
            for distance in (1, 2) if len(word) >= LONG else (1,):
                if found := self._similar(word, distance):
                    return min(found, key=lambda other: self._cost(word, other))
        return None

    def parts(self, word: str) -> tuple[str, str] | None:
        """Two known words that were written as one, as in "legcramps"."""
        splits = [
            (word[:i], word[i:]) for i in range(3, len(word) - 2) if self._named[word[:i]] and self._named[word[i:]]
        ]
        return max(splits, key=lambda pair: min(self._count[pair[0]], self._count[pair[1]]), default=None)

    def completions(self, start: str) -> list[str]:
        """Known words that begin with something one letter off `start`, the most used first."""
        return sorted(self._similar(start, 1, prefix=True), key=lambda word: (-self._count[word], word))

    def _similar(self, word: str, distance: int, *, prefix: bool = False) -> list[str]:
        query = tantivy.Query.fuzzy_term_query(self._schema, "word", word, distance=distance, prefix=prefix)
        hits = self._searcher.search(query, CANDIDATES, count=False).hits
        return [str(self._searcher.doc(address)["word"][0]) for _, address in hits]

    def _cost(self, word: str, other: str) -> tuple[bool, bool, int, str]:
        # people seldom mistake the first letter, and seldom mean a rare word
        swapped = sorted(word) != sorted(other)
        return other[:1] != word[:1], swapped, -self._count[other], other
