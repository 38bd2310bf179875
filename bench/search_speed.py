"""python -m bench.search_speed: server time of search and suggest over synthetic records, beside SQLite FTS5.

One process on one core; the records are made up (a fixed seed), the vocabulary is the real one. Time is that of the
search and of rendering the answer, as the route does; HTTP is left out on both sides. `--records` and `--queries` set
the size.
"""

import argparse
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from app.api.records import ReleaseInfo
from app.api.resources.search import SearchQuery, SuggestQuery, search_answer, suggest_answer
from app.schemas.vocabulary import Vocabulary
from app.search.entries import ENTITIES, SEARCHED, Entry
from app.search.index import SearchIndex, write_index
from seed.names import Names

SYLLABLES = [c + v for c in "bcdfghklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "is", "or")]
WORDS = 30_000
SEED = 7
VOCABULARY = Path(__file__).parent.parent / "seed" / "content" / "vocabulary.toml"


class Maker:
    """Makes words as frequent as those of a language (Zipf), and records out of them."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        words = set[str]()
        while len(words) < WORDS:
            words.add("".join(self._random.choices(SYLLABLES, k=self._random.randint(2, 4))))
        self._words = sorted(words)
        self._random.shuffle(self._words)
        self._cumulated = list(accumulate(1 / (rank + 10) for rank in range(WORDS)))

    def words(self, count: int) -> list[str]:
        """Words, common ones more often."""
        return self._random.choices(self._words, cum_weights=self._cumulated, k=count)

    def entry(self, number: int, entities: Sequence[str]) -> Entry:
        """A record of some kind, with names, text and references."""
        kind = self._random.choice(list(SEARCHED))
        name = " ".join([*self.words(2), self._random.choice(self._words)])
        aliases = [" ".join(self.words(self._random.randint(1, 3))) for _ in range(3)]
        passages = [" ".join(self.words(25)) for _ in range(3)]
        about = frozenset(self._random.sample(entities, 3)) if len(entities) > 3 else frozenset()
        return Entry(kind, f"record-{number}", name.capitalize(), aliases, "", passages, about)

    def queries(self, entries: Sequence[Entry], count: int) -> list[str]:
        """Names, words, questions and misspelt words, in equal parts."""
        made = []
        for i in range(count):
            words = self._random.choice(entries).name.lower().split()
            if i % 4 == 1:
                words = self.words(2)
            elif i % 4 == 2:
                words = ["how", "does", words[0], "help", "with", words[-1], "and", self.words(1)[0]]
            elif i % 4 == 3:
                at = self._random.randrange(1, len(words[-1]))
                words[-1] = words[-1][:at] + words[-1][at + 1 :]
            made.append(" ".join(words))
        return made


def vocabulary() -> Vocabulary:
    """The vocabulary of the content; diets and ingredients name records, of which there are none here."""
    read = tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))
    names = Names({})
    return Vocabulary.model_validate({**read, "diets": {}, "ingredients": {}}, context=names)


def fts5(entries: Sequence[Entry]) -> sqlite3.Connection:
    """The same names and text in SQLite FTS5, with prefixes indexed for completion."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5(slug UNINDEXED, names, text, tokenize='porter unicode61', prefix='1 2 3 4')"
    )
    rows = [(e.slug, "\n".join((e.name, *e.aliases)), "\n".join(e.passages)) for e in entries]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    connection.execute("INSERT INTO t(t) VALUES ('optimize')")
    return connection


def fts5_search(connection: sqlite3.Connection) -> Callable[[str], object]:
    """Any word matches, best 20 by bm25, with a snippet."""
    sql = (
        "SELECT slug, snippet(t, 2, '<mark>', '</mark>', '…', 30) FROM t WHERE t MATCH ? "
        "ORDER BY bm25(t, 0, 5, 1) LIMIT 20"
    )
    return lambda text: connection.execute(
        sql, (" OR ".join(f'"{word}"' for word in re.findall(r"\w+", text)),)
    ).fetchall()


def fts5_suggest(connection: sqlite3.Connection) -> Callable[[str], object]:
    """Names that hold a word with this beginning."""
    sql = "SELECT slug FROM t WHERE t MATCH ? ORDER BY rank LIMIT 8"
    return lambda text: connection.execute(sql, (f'names : "{text}" *',)).fetchall()


def measure(name: str, run: Callable[[str], object], queries: Sequence[str]) -> None:
    """Print p50 and p99 in milliseconds, by the clock and of the processor, after a short warm-up."""
    for query in queries[:50]:
        run(query)
    wall, processor = [], []
    for query in queries:
        start, start_processor = time.perf_counter(), time.thread_time()
        run(query)
        processor.append((time.thread_time() - start_processor) * 1000)
        wall.append((time.perf_counter() - start) * 1000)
    cuts = [statistics.quantiles(times, n=100) for times in (wall, processor)]
    shown = "".join(f"{cut[p - 1]:9.3f}" for cut in cuts for p in (50, 99))
    print(f"{name:20}{shown}", flush=True)


def build(records: int, folder: Path) -> tuple[SearchIndex, list[Entry], Maker]:
    """The index over made-up records, written into the folder."""
    maker = Maker()
    entries: list[Entry] = []
    entities: list[str] = []
    for number in range(records):
        entry = maker.entry(number, entities[:2000])
        entries.append(entry)
        if entry.kind in ENTITIES:
            entities.append(entry.slug)
    start = time.perf_counter()
    write_index(entries, vocabulary(), folder)
    built = time.perf_counter()
    index = SearchIndex(folder, vocabulary(), ReleaseInfo(disclaimer="Not advice."))
    opened = time.perf_counter()
    print(f"{records} records, index built in {built - start:.1f} s, opened in {opened - built:.3f} s")
    return index, entries, maker


def main() -> None:
    """Build and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=400)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        compare(*build(options.records, Path(folder)), options.queries)


def compare(index: SearchIndex, entries: Sequence[Entry], maker: Maker, count: int) -> None:
    """Print the table."""
    queries = list(dict.fromkeys(maker.queries(entries, count)))
    typed = [query[: 1 + i % 8] for i, query in enumerate(queries)]
    print(f"{'milliseconds':20}{'p50':>9}{'p99':>9}{'cpu p50':>9}{'cpu p99':>9}")
    measure("search", lambda q: search_answer(index, SearchQuery(q=q)), queries)
    measure("suggest", lambda q: suggest_answer(index, SuggestQuery(q=q)), typed)
    connection = fts5(entries)
    measure("FTS5 search", fts5_search(connection), queries)
    measure("FTS5 suggest", fts5_suggest(connection), typed)


if __name__ == "__main__":
    main()
