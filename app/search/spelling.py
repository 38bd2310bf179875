"""Spelling: the known word that a misspelt one stands for."""

from collections import Counter
from collections.abc import Iterable

import tantivy

SHORTEST = 5
"""Shorter words are not mended: too many words are one letter apart."""
LONG = 8
"""Words of this length may differ by two letters."""
CANDIDATES = 40
CACHED = 10_000


class Speller:
    """The words of the records (`named`: of their names) and of the vocabulary; by them a query is mended."""

    def __init__(self, words: Counter[str], named: Counter[str], extra: Iterable[str]) -> None:
        self._count = words
        self._named = named
        self._known = frozenset(words) | frozenset(extra)
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
        self._mended: dict[str, str | None] = {}

    def knows(self, word: str) -> bool:
        """The word stands in a record or in the vocabulary."""
        return word in self._known

    def mend(self, word: str) -> str | None:
        """The known word that is nearest: one letter off, two in longer words; None where there is none."""
        if len(word) < SHORTEST or len(word) > 40 or not word.isalpha():
            return None
        if word not in self._mended:
            if len(self._mended) >= CACHED:
                self._mended.clear()
            self._mended[word] = self._nearest(word, 1) or (self._nearest(word, 2) if len(word) >= LONG - 1 else None)
        return self._mended[word]

    def parts(self, word: str) -> tuple[str, str] | None:
        """Two known words that were written as one, as in "legcramps"."""
        splits = [
            (word[:i], word[i:]) for i in range(3, len(word) - 2) if self._named[word[:i]] and self._named[word[i:]]
        ]
        return max(splits, key=lambda pair: min(self._count[pair[0]], self._count[pair[1]]), default=None)

    def completions(self, start: str) -> list[str]:
        """Known words that begin with something one letter off `start`."""
        query = tantivy.Query.fuzzy_term_query(self._schema, "word", start, distance=1, prefix=True)
        return self._found(query)

    def _nearest(self, word: str, distance: int) -> str | None:
        query = tantivy.Query.fuzzy_term_query(self._schema, "word", word, distance=distance)
        found = self._found(query)
        return min(found, key=lambda other: self._cost(word, other), default=None)

    def _found(self, query: tantivy.Query) -> list[str]:
        hits = self._searcher.search(query, CANDIDATES, count=False).hits
        return [str(self._searcher.doc(address)["word"][0]) for _, address in hits]

    def _cost(self, word: str, other: str) -> tuple[bool, bool, int, str]:
        # people seldom mistake the first letter, and seldom mean a rare word
        swapped = sorted(word) != sorted(other)
        return other[:1] != word[:1], swapped, -self._count[other], other
