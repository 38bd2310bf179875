"""python -m tests.search_eval: how well the search answers the cases, beside two baselines on the same records.

A case counts as met by any of its slugs. Half of the cases, fixed by a hash of the query, are for tuning; the other
half is only ever measured. `--misses tuning` lists what went wrong in that half.
"""

import argparse
import hashlib
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.database.engines import reading_engine
from app.search.index import SearchIndex, build_index
from app.search.ranking import search
from tests.support import real_database

CASES = Path(__file__).parent / "search_cases.tsv"
DEPTH = 20
Ranked = Callable[[str], list[str]]


@dataclass(frozen=True)
class Case:
    """A query, the slugs that answer it, and what it is about."""

    query: str
    expected: tuple[str, ...]
    about: str

    @property
    def half(self) -> str:
        """`tuning` or `test`."""
        return "test" if hashlib.sha256(self.query.encode()).digest()[0] % 2 else "tuning"

    def rank(self, slugs: list[str]) -> int | None:
        """Place of the first right answer, from 1; None where there is none."""
        return next((place for place, slug in enumerate(slugs, 1) if slug in self.expected), None)


def read_cases(path: Path = CASES) -> list[Case]:
    """The cases, in written order."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [Case(query, tuple(expected.split(",")), about) for query, expected, about in lines]


def measure(cases: list[Case], ranked: Ranked) -> dict[str, float]:
    """hit@1, hit@3 and mean reciprocal rank."""
    ranks = [case.rank(ranked(case.query)) for case in cases]
    return {
        "hit@1": sum(rank == 1 for rank in ranks) / len(ranks),
        "hit@3": sum(rank is not None and rank <= 3 for rank in ranks) / len(ranks),
        "MRR": sum(1 / rank for rank in ranks if rank) / len(ranks),
    }


def ours(index: SearchIndex) -> Ranked:
    """The search of the API."""
    return lambda query: [index.entries[hit.ordinal].slug for hit in search(index, query, limit=DEPTH).hits]


def fts5(index: SearchIndex) -> Ranked:
    """SQLite FTS5 with bm25 and Porter stemming over the same names and text, any word matching."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(slug UNINDEXED, names, text, tokenize='porter unicode61')")
    rows = [(e.slug, "\n".join((e.name, *e.aliases)), "\n".join(e.passages)) for e in index.entries]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)

    def ranked(query: str) -> list[str]:
        words = re.findall(r"\w+", query)
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        sql = f"SELECT slug FROM t WHERE t MATCH ? ORDER BY bm25(t, 0, 5, 1), slug LIMIT {DEPTH}"
        return [slug for (slug,) in connection.execute(sql, (match,))]

    return ranked


def substring(index: SearchIndex) -> Ranked:
    """The query as it stands inside a name, else inside the text, in the order of the slugs."""
    rows = [(e.slug, "\n".join((e.name, *e.aliases)).lower(), "\n".join(e.passages).lower()) for e in index.entries]

    def ranked(query: str) -> list[str]:
        names = [slug for slug, name, _ in rows if query.lower() in name]
        return (names + [slug for slug, name, text in rows if slug not in names and query.lower() in text])[:DEPTH]

    return ranked


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", choices=("tuning", "test"), help="list the cases of this half not met at 1")
    options = parser.parse_args()
    with reading_engine(real_database()).connect() as connection:
        index = build_index(connection)
    cases = read_cases()
    print(f"{len(cases)} queries, {len(index.entries)} records\n\n{'':24}{'hit@1':>8}{'hit@3':>8}{'MRR':>8}")
    for half in ("tuning", "test"):
        chosen = [case for case in cases if case.half == half]
        for name, make in (("this search", ours), ("SQLite FTS5 bm25", fts5), ("substring", substring)):
            figures = measure(chosen, make(index))
            print(f"{half:7}{name:17}" + "".join(f"{figure:8.3f}" for figure in figures.values()))
        print(f"{'':7}({len(chosen)} queries)\n")
    for case in (case for case in cases if case.half == options.misses):
        slugs = ours(index)(case.query)
        if case.rank(slugs) != 1:
            print(f"{case.rank(slugs)!s:5}{case.query!r}: {', '.join(slugs[:3])}; not {', '.join(case.expected)}")


if __name__ == "__main__":
    main()
