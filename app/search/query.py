"""Understanding: what a query names and what it asks, in terms of the index."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations, pairwise

from app.api.links import url_of
from app.schemas.population import OLDEST
from app.schemas.vocabulary import Intent
from app.search.analysis import Token, Word
from app.search.entries import ENTITIES, Entry
from app.search.index import SearchIndex
from app.search.spelling import SHORTEST

MAX_WORDS = 40
MAX_COMBINED = 8
"""Names are looked for among the combinations of this many terms; longer names only among neighbours."""

ELSE = frozenset(Intent) - {Intent.food, Intent.relief, Intent.deficiency, Intent.definition, Intent.test}
"""Who asks this does not ask what to eat, though food is named: "how much calcium a day", "foods that block iron"."""
LISTING = frozenset(("and", "or", "nor"))
"""Between things that are not wanted."""
COMPARED = "than"
"""Takes out the food that follows, where food is asked for: "what has more iron than spinach". Of anything else it may
be the very question: "is glycinate better than citrate"."""


class Understood:
    """What a query names and what it asks."""

    def __init__(self, index: SearchIndex, text: str) -> None:
        self.index, self.entry, self.stop = index, index.entry, index.analyzer.stop
        words, self.corrected, self.corrections = self._correct(text)
        first = words[0].text if words else ""
        self.question = text.rstrip().endswith("?") or first in index.analyzer.questions
        self.closed = first in index.analyzer.closed
        """It is answered by yes or no, so it asks for no list."""
        self.intents = index.analyzer.intents(words)
        if self.intents & ELSE:
            self.intents -= {Intent.food}
        self.title = index.analyzer.typed(text)

        others = self._without_food_words(words)
        tokens, unwanted, names_unwanted_food = self._without_negated(self._without_units(text, others))
        self.negated = unwanted
        """Slugs of records of which it wants to hear nothing; a diet leaves foods out, but not what is said of them."""
        self.diets = {token.term for token in tokens if token.term in index.analyzer.diets}
        """Diets that it names: they ask for food and leave some out."""
        by_diet = (self._named([token]) for token in tokens if token.term in self.diets)
        self.excluded = self.negated.union(*by_diet)
        """Slugs of records that are not wanted."""
        asks_by_diet = bool(self.diets) and not self._is_told(others)
        asks_for_food = len(others) < len(words) or names_unwanted_food or asks_by_diet
        self.food = asks_for_food and self.may_list

        terms = self._content(tokens)
        self.weights = {term: index.weight(term) for term in terms}
        # the foods that are left are what a diet asks for: no food need say its word
        met = self.diets if self.food and self.weights.keys() - self.diets else set()
        whole = sum(weight for term, weight in self.weights.items() if term not in met) or 1.0
        self.shares = {term: 0.0 if term in met else weight / whole for term, weight in self.weights.items()}
        """What part of the query each term is."""
        self._sums: dict[int, float] = {}
        strange = [token for token in tokens if token.term in self.weights and self._is_strange(token)]
        self.unknown = list(dict.fromkeys(text[token.start : token.end] for token in strange))
        """Words, as typed, that no record and no spelling explains."""
        self.strange = {token.term for token in strange}
        self.is_of_child = not index.analyzer.young.isdisjoint(terms)
        self.known = 1 - sum(self.shares[term] for term in sorted(self.strange))
        """What part of the query a record or a spelling explains."""

        self.recognised = self._without_torn(terms, self._recognise(terms))
        """Entries that the query names, with the terms by which it does."""
        self._entities = self._narrowest(self.recognised)
        self.named = {
            term: frozenset(self.entry(o).slug for o, names in self._entities.items() if term in names)
            for term in terms
        }
        """Of each term, the slugs of what it names, alone or with others."""
        self.places = _places(self.named)
        """The terms of the query that a term or slug of a name answers, as bits in the order of `shares`."""
        named = self._entities.values()
        self.meant = frozenset(o for o, own in self._entities.items() if not any(own < other for other in named))
        """Entities that it names by nothing less than another: "low magnesium" is more exact than "magnesium"."""
        self.mentions = self._mentions(self._entities)
        """What it names, in as many sets of slugs as there are parts that share no word."""
        kinds = {self.entry(o).kind for o in self.meant}
        self.is_of_food_and_factor = len(self.mentions) > 1 and kinds >= {"food_source", "lifestyle_factor"}

    @property
    def may_list(self) -> bool:
        """Foods may answer it, if food is asked for."""
        return not (self.closed or self.intents & ELSE)

    @property
    def marked(self) -> frozenset[str]:
        """Terms to mark: those of the query, and the names of what it names."""
        names = (name for o in self._entities for name in self.entry(o).names)
        return frozenset(self.weights).union(*(n.terms for n in names if n.primary and len(n.terms) <= 2))

    @cached_property
    def asks(self) -> list[str]:
        """What it asks, in words of the features."""
        return [*sorted(self.intents), *(["question"] if self.question else [])] or ["nothing"]

    @property
    def intakes(self) -> str | None:
        """The address of the intakes it asks for, for the person that it describes; None where it asks for none."""
        nutrients = tuple(sorted(entry.slug for entry in map(self.entry, self.meant) if entry.kind == "nutrient"))
        if not nutrients or not self.intents & {Intent.amount, Intent.excess}:
            return None
        person: dict[str, str] = {}
        for word in self.title.split():
            person |= self.index.analyzer.vocabulary.persons.get(word, {})
        if bearing := {name: value for name, value in person.items() if name in ("pregnant", "lactating")}:
            # who bears has no other sex, and /intakes refuses most ages
            person = bearing
        elif age := next((term for term in self.weights if term.isdigit() and int(term) <= OLDEST), None):
            person.setdefault("age", age)
        role = "limit" if Intent.excess in self.intents else "need"
        return url_of("/intakes", {"nutrient": nutrients, "role": role, **person})

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The slugs of all that it names."""
        return frozenset[str]().union(*self.mentions)

    @cached_property
    def rarest(self) -> frozenset[str]:
        """What the fewest records refer to of all that it names: a medicine, beside a common sign."""

        def degree(slugs: frozenset[str]) -> int:
            return max(self.entry(o).degree for slug in slugs for o in self.index.of_slug(slug))

        return min(self.mentions, key=degree, default=frozenset())

    def share(self, terms: int) -> float:
        """What part of the query these terms are, given as bits."""
        known = self._sums.get(terms)
        if known is None:
            # in one order, so that equal sums are equal in each process
            parts = [share for bit, share in enumerate(self.shares.values()) if terms >> bit & 1]
            known = self._sums[terms] = sum(parts)
        return known

    def _is_told(self, words: Sequence[Word]) -> bool:
        """It tells of a diet, and then asks: "I am vegan, do I need B12"."""
        analyzer = self.index.analyzer
        return any(a.text in analyzer.closed and analyzer.stem(b.text) in self.stop for a, b in pairwise(words))

    def _is_strange(self, token: Token) -> bool:
        is_known = self.index.frequency(token.term) or self.index.speller.is_known(token.text)
        return not is_known and not token.text.isdigit()

    def _narrowest(self, recognised: dict[int, frozenset[str]]) -> dict[int, frozenset[str]]:
        """The entities among them: "lithium" is an alias of the medicines too, but means no other one."""
        entities = {o: names for o, names in recognised.items() if self.entry(o).kind in ENTITIES}
        wider = {(self.entry(o).parent, names) for o, names in entities.items()}
        return {o: names for o, names in entities.items() if (self.entry(o).slug, names) not in wider}

    def _mentions(self, entities: dict[int, frozenset[str]]) -> list[frozenset[str]]:
        parts: list[tuple[frozenset[str], frozenset[str]]] = []
        for ordinal, terms in entities.items():
            joined, slugs = terms, frozenset((self.entry(ordinal).slug,))
            for other in [part for part in parts if not terms.isdisjoint(part[0])]:
                parts.remove(other)
                joined, slugs = joined | other[0], slugs | other[1]
            parts.append((joined, slugs))
        return [slugs for _, slugs in parts]

    def _correct(self, text: str) -> tuple[list[Word], str | None, set[str]]:
        """The words of the query with their spelling corrected, the corrected query as text (null where nothing was
        corrected), and the terms of the corrections."""
        corrected, corrections, shown, last = list[Word](), set[str](), list[str](), 0
        words = self.index.analyzer.words(text)[:MAX_WORDS]
        i = 0
        while i < len(words):
            start = words[i].start
            # in capitals, it is an abbreviation
            is_short = text[start : words[i].end].isupper() and words[i].end - start <= SHORTEST
            used, parts = (1, [words[i].text]) if is_short else self._read(words, i)
            end = words[i + used - 1].end
            corrected += [Word(part, start, end) for part in parts]
            if parts != [words[i].text]:
                corrections.update(map(self.index.analyzer.stem, parts))
                shown += [text[last:start], " ".join(parts)]
                last = end
            i += used
        return corrected, " ".join("".join((*shown, text[last:])).split()) if shown else None, corrections

    def _read(self, words: Sequence[Word], i: int) -> tuple[int, list[str]]:
        """How many words from `i` on are read as one, and what they are read as."""
        word, after = words[i].text, words[i + 1].text if i + 1 < len(words) else ""
        joined, speller = word + after, self.index.speller
        joinable = after and len(joined) >= SHORTEST and speller.is_known(joined)
        if joinable and not (self._is_known(word) and self._is_known(after)):
            return 2, [joined]
        if self._is_known(word):
            return 1, [word]
        better = speller.correct(word)
        return 1, [better] if better else list(self._parts(word) or (word,))

    def _parts(self, word: str) -> tuple[str, str] | None:
        """Two words of names that were written as one, as in "legcramps"."""
        index = self.index

        def uses(pair: tuple[str, str]) -> int:
            return min(index.searcher.doc_freq("names", index.analyzer.stem(part)) for part in pair)

        splits = [(word[:i], word[i:]) for i in range(3, min(len(word), 40) - 2)]
        splits = [pair for pair in splits if all(map(index.speller.is_known, pair)) and uses(pair)]
        return max(splits, key=uses, default=None)

    def _is_known(self, word: str) -> bool:
        return self.index.speller.is_known(word) or self.index.frequency(self.index.analyzer.stem(word)) > 0

    def _without_food_words(self, words: list[Word]) -> list[Word]:
        """The query without the words that ask for food, unless they are all there is or belong to a name."""
        analyzer = self.index.analyzer
        texts = tuple(word.text for word in words)
        # "I don't eat meat" takes meat out
        asking = _positions_of(texts, analyzer.food) - _positions_of(texts, analyzer.negations)
        rest = [word for i, word in enumerate(words) if i not in asking]
        if not asking or not self._content(analyzer.tokens(rest)):
            return words
        pairs = (frozenset(analyzer.content(words[max(0, i - 1) : i + 1])) for i in asking)
        names = [frozenset(self._content(analyzer.tokens(words))), *(pair for pair in pairs if len(pair) > 1)]
        return words if any(map(self._entities_named, names)) else rest

    def _entities_named(self, name: Iterable[str]) -> list[Entry]:
        """The foods, nutrients, factors and symptoms of exactly this name; a question on record is none."""
        return [entry for entry in map(self.entry, self.index.named(name)) if entry.kind in ENTITIES]

    def _content(self, tokens: Iterable[Token]) -> list[str]:
        return list(dict.fromkeys(token.term for token in tokens if token.term not in self.stop))

    def _without_units(self, text: str, words: Sequence[Word]) -> list[Token]:
        """Drop "mg" where it is the unit: beside a nutrient's name, or behind "how many"."""
        tokens, analyzer = self.index.analyzer.tokens(words), self.index.analyzer
        others = [token for token in tokens if token.text not in analyzer.units]
        if len(others) == len(tokens):
            return tokens
        named = any(self.entry(o).kind == "nutrient" for o in self._recognise(self._content(others)))

        def is_unit(i: int, token: Token) -> bool:
            if i > 0 and tokens[i - 1].text in analyzer.vocabulary.quantity_words:
                return True
            # "Mg" is the symbol
            return named and text[token.start : token.end] != token.text.capitalize()

        return [token for i, token in enumerate(tokens) if token.text not in analyzer.units or not is_unit(i, token)]

    def _without_negated(self, tokens: list[Token]) -> tuple[list[Token], frozenset[str], bool]:
        """What is left without what the query does not want ("without dairy", "dairy-free", "non-dairy"), the slugs of
        that, and whether it tells that food is asked for."""
        vocabulary = self.index.analyzer.vocabulary
        texts = tuple(token.text for token in tokens)
        kept, unwanted, is_food = list[Token](), set[str](), False
        i = 0
        while i < len(tokens):
            phrases = (phrase for phrase in self.index.analyzer.negations if texts[i : i + len(phrase)] == phrase)
            length = 1 if texts[i] in vocabulary.negation_prefixes else len(next(phrases, ()))
            if length and not self._is_in_a_name(tokens, i):
                end, slugs = self._unwanted(tokens, i + length)
                found = (o for slug in slugs for o in self.index.of_slug(slug))
                is_of_food = any(self.entry(o).kind == "food_source" for o in found)
                if texts[i] != COMPARED or (is_of_food and self.may_list):
                    i, unwanted, is_food = end, unwanted | slugs, is_food or is_of_food
                    continue
            if texts[i] in vocabulary.negation_suffixes and kept and (slugs := self._named(kept[-1:])):
                unwanted |= slugs
                is_food = True
                kept.pop()
            else:
                kept.append(tokens[i])
            i += 1
        return kept, frozenset(unwanted), is_food

    def _unwanted(self, tokens: Sequence[Token], start: int) -> tuple[int, set[str]]:
        """Where the wanted words go on, and what is named from `start` up to there ("dairy or fish")."""
        i, unwanted = start, set[str]()
        while i < len(tokens):
            at = i
            while at < len(tokens) and tokens[at].term in self.stop:
                at += 1
            if i > start and LISTING.isdisjoint(token.text for token in tokens[i:at]):
                break  # what follows is wanted: "without dairy for calcium"
            found = ((n, self._named(tokens[at : at + n])) for n in (4, 3, 2, 1) if at + n <= len(tokens))
            length, slugs = next((pair for pair in found if pair[1]), (0, set()))
            if not length:
                break
            unwanted |= slugs
            i = at + length
        return i, unwanted

    def _named(self, tokens: Sequence[Token]) -> set[str]:
        """Slugs of the foods, nutrients, factors and symptoms of exactly this name, with all that belongs to them."""
        if tokens[-1].term in self.stop:
            return set()
        slugs = self.index.analyzer.diets.get(tokens[0].term, ()) if len(tokens) == 1 else ()
        of_diet = [self.entry(o) for slug in slugs for o in self.index.of_slug(slug)]
        entries = of_diet or self._entities_named(self._content(tokens))
        contained = self.index.analyzer.contained
        return {slug for e in entries for slug in (e.slug, *e.members, *contained.get(e.slug, ()))}

    def _is_in_a_name(self, tokens: Sequence[Token], i: int) -> bool:
        """The negation belongs to a name, as in "not drinking enough"."""
        names = (frozenset(self._content(tokens[i : i + length])) for length in (2, 3, 4))
        return any(tokens[i].term in name and len(name) > 1 and self.index.named(name) for name in names)

    def _recognise(self, terms: Sequence[str]) -> dict[int, frozenset[str]]:
        """Entries one of whose names is in the query, each with the heaviest such name."""
        found: dict[int, frozenset[str]] = {}
        for name in _combinations(terms):
            for ordinal in self.index.named(name):
                if self._weight(name) > self._weight(found.get(ordinal, ())):
                    found[ordinal] = name
        return {ordinal: name for ordinal, name in found.items() if not name <= self.index.analyzer.weak}

    def _without_torn(self, terms: Sequence[str], recognised: dict[int, frozenset[str]]) -> dict[int, frozenset[str]]:
        """Leave out names whose words stand apart, where one of them belongs to a name whose words stand together: in
        "lack of sleep makes muscles twitch", "sleep twitch"."""
        places = {term: i for i, term in enumerate(t for t in terms if t not in self.index.analyzer.weak)}

        def is_together(name: frozenset[str]) -> bool:
            found = [places[term] for term in name if term in places]
            return max(found) - min(found) < len(found)

        together = {o: name for o, name in recognised.items() if is_together(name)}
        whole = {name for o, name in together.items() if len(name) > 1 and self.entry(o).kind in ENTITIES}
        return {
            o: name
            for o, name in recognised.items()
            if o in together or not any(name & other and not name > other for other in whole)
        }

    def _weight(self, terms: Iterable[str]) -> float:
        return sum(self.index.weight(term) for term in sorted(terms))


def _positions_of(texts: tuple[str, ...], phrases: Iterable[tuple[str, ...]]) -> set[int]:
    """Which of the words belong to one of the phrases."""
    present = [phrase for phrase in phrases if phrase[0] in texts]
    starts = (
        (i, i + len(phrase)) for phrase in present for i in range(len(texts)) if texts[i : i + len(phrase)] == phrase
    )
    return {place for start, end in starts for place in range(start, end)}


def _places(named: dict[str, frozenset[str]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for bit, (term, slugs) in enumerate(named.items()):
        for place in (term, *(f"/{slug}" for slug in sorted(slugs))):
            places[place] = places.get(place, 0) | 1 << bit
    return places


def _combinations(terms: Sequence[str]) -> Iterable[frozenset[str]]:
    for size in (1, 2, 3):
        yield from map(frozenset, combinations(terms[:MAX_COMBINED], size))
    for size in range(1, min(len(terms), 10) + 1):
        # the combinations have those of the first terms
        for i in range(MAX_COMBINED - size + 1 if size <= 3 else 0, len(terms) - size + 1):
            yield frozenset(terms[i : i + size])
