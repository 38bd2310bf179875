"""Suggestions: names and aliases that begin with what was typed so far."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from app.search.analysis import Analyzer
from app.search.entries import SEARCHED, Entry

ORDER = sorted(SEARCHED, key=lambda kind: -SEARCHED[kind].weight)
SHORT = 4
"""For what is typed in so few letters or less, the best are picked when the index is built."""
ALIKE = 75
"""How like a name what was typed must be to be taken for it, in percent."""
NUMBERED = re.compile(r"\b([abcdek]) (?=\d+\b)")
"""A vitamin's letter, before its number."""
KEPT = 100
"""How many are kept for a short beginning, and how many names are looked at for a longer one."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    ordinal: int
    text: str
    """The name or alias, to put into the search box."""
    hint: str
    """Kind, detail and, behind an alias, the name: tells alike names apart."""


Key = tuple[str, tuple[int, int, int, str], int, str]


class Suggestions:
    """Every name and alias, in the order of its letters, from each of its words on."""

    def __init__(self, entries: Sequence[Entry], analyzer: Analyzer) -> None:
        self._entries = entries
        self._analyzer = analyzer
        self._keys = sorted(
            key
            for ordinal, entry in enumerate(entries)
            for place, text in enumerate((entry.name, *entry.aliases))
            for key in self._keys_of(ordinal, entry, text, place)
        )
        self._starts = [key[0] for key in self._keys]
        self._short: dict[str, list[Key]] = {}
        for key in self._keys:
            for size in range(1, min(SHORT, len(key[0])) + 1):
                self._short.setdefault(key[0][:size], []).append(key)
        self._short = {start: _best_first(start, keys)[:KEPT] for start, keys in self._short.items()}

    def begin(self, typed: str, kinds: tuple[str, ...], limit: int) -> list[Suggestion]:
        """The records that have a name with this beginning, best first, each once."""
        start = self.key(typed)
        if not start:
            return []
        if len(start) <= SHORT and not kinds:
            keys = self._short.get(start, [])
        else:
            first = bisect_left(self._starts, start)
            last = bisect_left(self._starts, start + "\U0010ffff", first, min(first + KEPT * 20, len(self._starts)))
            found = [key for key in self._keys[first:last] if not kinds or self._entries[key[2]].kind in kinds]
            keys = _best_first(start, found)
        chosen: dict[int, Key] = {}
        for key in keys:
            chosen.setdefault(key[2], key)
            if len(chosen) == limit:
                break
        return self._shown(list(chosen.values()))

    def nearest(self, typed: str) -> str | None:
        """The name that is most like what was typed, among those that share its first letters."""
        key = self.key(typed)
        near = [k for size in (3, 2, 1) for k in self._short.get(key[:size], ()) if k[1][0] == 0]
        names = {k[0]: k[3] for k in reversed(near)}
        found = process.extractOne(key, list(names), scorer=fuzz.ratio, score_cutoff=ALIKE)
        return names[found[0]] if found else None

    def key(self, text: str) -> str:
        """What beginnings are compared by: folded words, a vitamin's number joined."""
        return NUMBERED.sub(r"\1", " ".join(word.text for word in self._analyzer.words(text)))

    def _keys_of(self, ordinal: int, entry: Entry, text: str, place: int) -> Iterator[Key]:
        whole = self.key(text)
        at = 0
        for i, word in enumerate(whole.split(" ")[:6]):
            if i == 0 or word not in self._analyzer.vocabulary.stop_words:
                # by its first word before by a later one, by its name before by an alias
                rank = (int(i > 0), ORDER.index(entry.kind) + 2 * int(place > 0), len(whole), entry.slug)
                yield whole[at:], rank, ordinal, text
            at += len(word) + 1

    def _shown(self, keys: Sequence[Key]) -> list[Suggestion]:
        hints = [self._hint(key) for key in keys]
        shown = []
        for key, hint in zip(keys, hints, strict=True):
            alike = hints.count(hint) > 1 and sum(other[3] == key[3] for other in keys) > 1
            shown.append(Suggestion(key[2], key[3], f"{hint}, {self._entries[key[2]].slug}" if alike else hint))
        return shown

    def _hint(self, key: Key) -> str:
        entry = self._entries[key[2]]
        detail = entry.detail.replace("-", " ")
        # a factor's and a symptom's detail names its kind by itself
        label = SEARCHED[entry.kind].label
        hint = ", ".join(part for part in (label, detail) if part) or entry.kind.replace("_", " ")
        return hint if key[3] == entry.name else f"{hint}: {entry.name}"


def _best_first(start: str, keys: list[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: (key[0] != start, *key[1]))
