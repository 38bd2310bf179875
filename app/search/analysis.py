"""Analysis: from text to terms, the same way for records and for queries.

A term stands for all spellings and forms of a word: it is folded to lower case without accents, spelt one way, joined
where it numbers a vitamin ("b 12", "Vit. B-12" -> `vitb12`), replaced by the first of its synonyms, and stemmed.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import tantivy

from app.schemas.vocabulary import Intent, Vocabulary

WORD = re.compile(r"([^\W_]+)(?:['\u2019](?:s|t|re|ve|ll|m|d)\b)?", re.IGNORECASE)
VITAMIN = re.compile(
    r"(?:vitamin ([abcdek])(?: (\d{1,2}))?|vitamin ([abcdek]\d{1,2})|([bd]) vitamin|([bd]) (\d{1,2})|(b)(?= complex )"
    r"|vit(?:amin)?([abcdek]\d{0,2})|([abcdek]\d{1,2}))(?= )"
)
"""A vitamin's number at the beginning of folded words, in any spacing; each word is followed by a blank."""
MEASURE = re.compile(r"\d+(?:[.,]\d+)?([^\W\d_]+)")
NUMBERED = re.compile(r"\b([abcdek]) (?=\d+\b)")
"""A vitamin's letter, before its number."""
REMEMBERED = 20_000
"""Words whose terms are remembered: more than a language's common ones, while those of queries are without end."""


class Word(NamedTuple):
    text: str
    start: int
    end: int


class Token(NamedTuple):
    """A term of a text, the folded words it stands for, and where they stand."""

    term: str
    text: str
    start: int
    end: int


class Analyzer:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        snowball = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer("english")).build()
        )
        fragments = re.compile("|".join(map(re.escape, vocabulary.spelling_fragments)) or r"(?!)")
        synonyms: dict[str, str] = {}
        phrases: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)

        @lru_cache(REMEMBERED)
        def fold(word: str) -> str:
            plain = unicodedata.normalize("NFKD", word).casefold()
            plain = "".join(c for c in plain if not unicodedata.combining(c))
            plain = fragments.sub(lambda found: vocabulary.spelling_fragments[found[0]], plain)
            return vocabulary.spellings.get(plain, plain)

        def stem(word: str) -> str:
            stemmed = (snowball.analyze(word) or [word])[0]
            return synonyms.get(word) or synonyms.get(stemmed, stemmed)

        @lru_cache(REMEMBERED)
        def plain(word: str) -> str:
            is_plain = word.isalpha() and len(word) > 1 and word[:3] != "vit" and word not in phrases
            return stem(word) if is_plain else ""

        self._plain = plain
        """The term of a word that makes the same one wherever it stands; empty for another."""
        self.fold = fold
        """Lower case, no accents, one spelling."""
        listed = set(chain.from_iterable(vocabulary.synonyms))
        self._phrases = phrases
        """Of a word, the phrases of several words that begin with it, longest first, and the term of each."""
        for group in vocabulary.synonyms:
            first = stem(fold(group[0]))
            for words in map(self._phrase, group):
                if len(words) > 1:
                    phrases[words[0]].append((words, first))
                else:
                    # "fasting" is not "fast", where it has a group of its own
                    is_other = snowball.analyze(words[0])[0] in listed - set(group)
                    synonyms[words[0]] = synonyms[words[0] if is_other else stem(words[0])] = first
        self.stem = lru_cache(REMEMBERED)(stem)
        """The term of a single folded word; remembered now that all synonyms are known."""
        for found in phrases.values():
            found.sort(key=lambda phrase: -len(phrase[0]))
        self.stop = self.stems(vocabulary.stop_words)
        self.weak = self.stems(vocabulary.weak_words) - self.stop
        self.questions = frozenset(vocabulary.question_words)
        self.closed = frozenset(vocabulary.closed_question_words)
        self.units = frozenset(vocabulary.units)
        self.persons = self.stems(vocabulary.persons)
        self.young = self.stems(person for person, known in vocabulary.persons.items() if "age" in known)
        self.food = frozenset(map(self._phrase, vocabulary.food_words))
        self.negations = sorted(map(self._phrase, vocabulary.negations), key=len, reverse=True)
        self.diets = {stem(fold(diet)): tuple(ref.slug for ref in refs) for diet, refs in vocabulary.diets.items()}
        self._intents: defaultdict[str, list[tuple[tuple[str, ...], Intent]]] = defaultdict(list)
        for intent, asking in vocabulary.intents.items():
            for phrase in map(self._phrase, asking):
                self._intents[phrase[0]].append((phrase, intent))
        self.contained = {slug: tuple(ref.slug for ref in refs) for slug, refs in vocabulary.ingredients.items()}

    def words(self, text: str) -> list[Word]:
        return [Word(self.fold(match[1]), match.start(), match.end(1)) for match in WORD.finditer(text)]

    def typed(self, text: str) -> str:
        """What beginnings are compared by: folded words, a vitamin's number joined."""
        return self.key(word.text for word in self.words(text))

    def key(self, texts: Iterable[str]) -> str:
        """As `typed`, of words that are folded already."""
        return NUMBERED.sub(r"\1", " ".join(texts))

    def stems(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(self.stem(self.fold(word)) for word in words)

    def parts(self, texts: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """The terms that folded words make, in order, and from which word to before which each stands; quantities such
        as "400 mg" are left out."""
        i = 0
        while i < len(texts):
            term = self._plain(texts[i])
            used, term = (1, term) if term else self._at(texts, i)
            if term:
                yield term, i, i + used
            i += used

    def tokens(self, words: Sequence[Word]) -> list[Token]:
        """The terms that the words make, as `parts`."""
        texts = [word.text for word in words]
        return [
            Token(term, " ".join(texts[i:end]), words[i].start, words[end - 1].end)
            for term, i, end in self.parts(texts)
        ]

    def terms(self, text: str) -> list[str]:
        return [token.term for token in self.tokens(self.words(text))]

    def content(self, words: Sequence[Word]) -> list[str]:
        """The terms of a text that carry meaning, each once; all of them where none does."""
        return self.telling(token.term for token in self.tokens(words))

    def telling(self, terms: Iterable[str]) -> list[str]:
        """Of terms, those that carry meaning, each once; all of them where none does."""
        terms = dict.fromkeys(terms)
        return [term for term in terms if term not in self.stop] or list(terms)

    def intents(self, words: Sequence[Word]) -> frozenset[Intent]:
        """What the words ask for; of phrases that overlap, the longest: "won't stop" asks for no relief."""
        texts = tuple(word.text for word in words)
        found = [
            (range(i, i + len(phrase)), intent)
            for i, word in enumerate(texts)
            for phrase, intent in self._intents.get(word, ())
            if texts[i : i + len(phrase)] == phrase
        ]
        return frozenset(
            intent
            for own, intent in found
            if not any(len(own) < len(other) and own[0] in other and own[-1] in other for other, _ in found)
        )

    def _at(self, texts: Sequence[str], i: int) -> tuple[int, str]:
        """How many words from `i` on make one term, and that term; an empty one for a quantity."""
        word = texts[i]
        for phrase, term in self._phrases.get(word, ()):
            if tuple(texts[i : i + len(phrase)]) == phrase:
                return len(phrase), term
        if word.isdigit():
            is_amount = i + 1 < len(texts) and texts[i + 1] in self.units
            return (2, "") if is_amount else (1, self.stem(word))
        if (measure := MEASURE.fullmatch(word)) and measure[1] in self.units:
            return 1, ""
        if vitamin := VITAMIN.match("".join(f"{text} " for text in texts[i : i + 3])):
            return vitamin[0].count(" ") + 1, f"vit{''.join(part or '' for part in vitamin.groups())}"
        return 1, self.stem(word)

    def _phrase(self, phrase: str) -> tuple[str, ...]:
        return tuple(map(self.fold, phrase.split()))
