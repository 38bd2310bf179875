"""Analysis: from text to terms, the same way for records and for queries.

A term stands for all spellings and forms of a word: it is folded to lower case without accents, spelt one way, joined
where it numbers a vitamin ("b 12", "Vit. B-12" -> `vitb12`), replaced by the first of its synonyms, and stemmed.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tantivy

from app.schemas.vocabulary import Vocabulary

WORD = re.compile(r"([^\W_]+)(?:['\u2019](?:s|t|re|ve|ll|m|d)\b)?", re.IGNORECASE)
VITAMIN = re.compile(r"vit(?:amin)?([abcdek]\d{0,2})")
NUMBERED = re.compile(r"[abcdek]\d{1,2}")
MEASURE = re.compile(r"\d+(?:[.,]\d+)?([^\W\d_]+)")


class Word(NamedTuple):
    """A word of a text: its folded form, and where it stands."""

    text: str
    start: int
    end: int


class Token(NamedTuple):
    """A term of a text, the folded words it stands for, and where they stand."""

    term: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Phrase:
    words: tuple[str, ...]
    term: str


class Analyzer:
    """Turns text into terms by the rules of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.learns = True
        """Remembers the words it meets: those of the records, but not those of queries, which are without end."""
        self._snowball = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer("english")).build()
        )
        self._folded: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._plain: dict[str, str] = {}  # words that make the same term wherever they stand
        self._fragments = re.compile("|".join(map(re.escape, vocabulary.spelling_fragments)) or r"(?!)")
        self._synonyms: dict[str, str] = {}
        self._phrases: dict[str, list[_Phrase]] = {}
        self._learn(vocabulary.synonyms)
        self.stop = self.stems(vocabulary.stop_words)
        self.weak = self.stems(vocabulary.weak_words) - self.stop
        self.questions = frozenset(vocabulary.question_words)
        self.units = frozenset(vocabulary.units)
        self.food = frozenset(self._phrase(phrase) for phrase in vocabulary.food_words)
        self.negations: dict[str, list[tuple[str, ...]]] = {}  # by first word, longest first
        for phrase in sorted(map(self._phrase, vocabulary.negations), key=len, reverse=True):
            self.negations.setdefault(phrase[0], []).append(phrase)
        self.diets = {
            self.stem(self.fold(diet)): tuple(ref.slug for ref in refs) for diet, refs in vocabulary.diets.items()
        }

    def words(self, text: str) -> list[Word]:
        """The words of a text, folded and spelt one way."""
        return [Word(self.fold(match[1]), match.start(), match.end(1)) for match in WORD.finditer(text)]

    def fold(self, word: str) -> str:
        """Lower case, no accents, one spelling."""
        known = self._folded.get(word)
        if known is None:
            plain = unicodedata.normalize("NFKD", word).casefold()
            plain = "".join(c for c in plain if not unicodedata.combining(c))
            plain = self._fragments.sub(lambda found: self.vocabulary.spelling_fragments[found[0]], plain)
            known = self.vocabulary.spellings.get(plain, plain)
            self._remember(self._folded, word, known)
        return known

    def stem(self, word: str) -> str:
        """The term of a single folded word."""
        known = self._stems.get(word)
        if known is None:
            stemmed = (self._snowball.analyze(word) or [word])[0]
            known = self._synonyms.get(word) or self._synonyms.get(stemmed, stemmed)
            self._remember(self._stems, word, known)
        return known

    def stems(self, words: Iterable[str]) -> frozenset[str]:
        """The terms of single words."""
        return frozenset(self.stem(self.fold(word)) for word in words)

    def tokens(self, words: Sequence[Word]) -> list[Token]:
        """The terms that the words make, in order; quantities such as "400 mg" are left out."""
        tokens: list[Token] = []
        i = 0
        while i < len(words):
            word = words[i]
            if plain := self._plain.get(word.text):
                tokens.append(Token(plain, *word))
                i += 1
                continue
            used, term = self._at(words, i)
            if term:
                text = " ".join(word.text for word in words[i : i + used])
                tokens.append(Token(term, text, words[i].start, words[i + used - 1].end))
            i += used
        return tokens

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order."""
        return [token.term for token in self.tokens(self.words(text))]

    def content(self, text: str) -> frozenset[str]:
        """The terms of a name that carry meaning; all of them where none does."""
        terms = self.terms(text)
        return frozenset(term for term in terms if term not in self.stop) or frozenset(terms)

    def _at(self, words: Sequence[Word], i: int) -> tuple[int, str]:
        """How many words from `i` on make one term, and that term; an empty one for a quantity."""
        word = words[i].text
        for phrase in self._phrases.get(word, ()):
            if tuple(w.text for w in words[i : i + len(phrase.words)]) == phrase.words:
                return len(phrase.words), phrase.term
        after = words[i + 1].text if i + 1 < len(words) else ""
        if word.isdigit() and after in self.units:
            return 2, ""
        if (measure := MEASURE.fullmatch(word)) and measure[1] in self.units:
            return 1, ""
        vitamin = self._vitamin(words, i)
        if vitamin:
            return vitamin
        term = self.stem(word)
        if len(word) > 1 and word.isalpha() and word != "vitamin" and word not in self._phrases:
            self._remember(self._plain, word, term)
        return 1, term

    def _vitamin(self, words: Sequence[Word], i: int) -> tuple[int, str] | None:  # noqa: PLR0911 - one per spacing
        """A vitamin's number, in any spacing."""
        following = [word.text for word in words[i : i + 3]] + ["", ""]
        word, second, third = following[:3]
        if word == "vitamin" and len(second) == 1 and second in "abcdek":
            return (3, f"vit{second}{third}") if third.isdigit() and len(third) <= 2 else (2, f"vit{second}")
        if word == "vitamin" and NUMBERED.fullmatch(second):
            return 2, f"vit{second}"
        if word in ("b", "d") and second == "vitamin":
            return 2, f"vit{word}"
        if word in ("b", "d") and second.isdigit() and len(second) <= 2:
            return 2, f"vit{word}{second}"
        if word == "b" and second == "complex":
            return 1, "vitb"
        joined = VITAMIN.fullmatch(word)
        if joined:
            return 1, f"vit{joined[1]}"
        return (1, f"vit{word}") if NUMBERED.fullmatch(word) else None

    def _phrase(self, phrase: str) -> tuple[str, ...]:
        return tuple(self.fold(word) for word in phrase.split())

    def _learn(self, groups: Sequence[Sequence[str]]) -> None:
        for group in groups:
            first = self.stem(self.fold(group[0]))
            for phrase in group:
                words = self._phrase(phrase)
                if len(words) > 1:
                    self._phrases.setdefault(words[0], []).append(_Phrase(words, first))
                else:
                    self._synonyms[words[0]] = self._synonyms[self.stem(words[0])] = first
        self._stems.clear()
        for phrases in self._phrases.values():
            phrases.sort(key=lambda phrase: -len(phrase.words))

    def _remember(self, cache: dict[str, str], key: str, value: str) -> None:
        if self.learns:
            cache[key] = value
