"""python -m tests.search_eval: how well the search answers questions that people ask.

A question counts as answered by any of its acceptable records; the range is the 95% confidence interval (Wilson). The
files in `tests/search_questions` come from different places: `tuning` may be looked at and is learned from,
`validation` is measured after each change, and `blind` only with `--blind`, once for each change of design. Nothing is
learned from the older cases in `search_cases.tsv`. `--misses PART` lists what went wrong, `--learn` writes the weights,
and tells how questions are answered whose source was left out of the learning: as those of a new source would be.
"""

import argparse
import json
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.database.engines import reading_engine
from app.schemas.vocabulary import Intent
from app.search.current_index import CurrentIndex
from app.search.index import SearchIndex
from app.search.query import Understood
from app.search.ranking import WEIGHTS, WEIGHTS_FILE, features, find, search
from tests.support import real_database

CASES = Path(__file__).parent / "search_cases.tsv"
QUESTIONS = Path(__file__).parent / "search_questions"
DEPTH = 20
ROUNDS, RATE, BEST = 12, 0.2, 3.0
"""Rounds through all cases, step, and what the best answer counts next to another acceptable one: chosen by the
likelihood of the right answers in questions held out, as the two that follow."""
DECAY, ASKED_DECAY = 0.0003, 0.004
"""Pull towards nothing, stronger where a feature joins a kind with what is asked: of those many are seldom seen."""
ASKED = {*Intent, "question", "nothing"}
FOLDS = 6
"""Parts of the sources, each left out of the learning in turn."""


@dataclass(frozen=True)
class Case:
    """A query and the slugs that answer it, the best first."""

    query: str
    expected: tuple[str, ...]
    source: str = ""

    def rank(self, slugs: Sequence[str]) -> int | None:
        """Place of the first right answer, from 1; None where there is none."""
        return next((place for place, slug in enumerate(slugs, 1) if slug in self.expected), None)


def read_cases() -> list[Case]:
    """The older cases, in written order."""
    return [Case(query, tuple(expected.split(","))) for query, expected, _ in _rows(CASES)]


def read_questions(part: str) -> list[Case]:
    """The questions of a part that a record answers; none where the part is not there."""
    file = QUESTIONS / f"{part}.tsv"
    rows = _rows(file) if file.exists() else []
    return [
        Case(question, tuple(dict.fromkeys(ref.rpartition("/")[2] for ref in (best, *acceptable.split()))), source)
        for question, best, acceptable, source in rows
        if best != "-"
    ]


def _rows(file: Path) -> list[list[str]]:
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [line for line in lines if line[0] != "question"]


def answers(index: SearchIndex, query: str) -> list[str]:
    """The slugs of the hits, best first."""
    return [index.entry(hit.ordinal).slug for hit in search(index, query, limit=DEPTH).hits]


def hits(cases: Sequence[Case], index: SearchIndex) -> tuple[int, int]:
    """How many cases are met at the first place, and among the first three."""
    ranks = [case.rank(answers(index, case.query)) or DEPTH for case in cases]
    return sum(rank == 1 for rank in ranks), sum(rank <= 3 for rank in ranks)


def interval(met: int, count: int) -> str:
    """The share with its 95% confidence interval (Wilson)."""
    z, share = 1.96, met / count
    middle, spread = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    low, high = ((middle + sign * spread) / (1 + z * z / count) for sign in (-1, 1))
    return f"{share:6.3f} ({low:.3f}-{high:.3f})"


NAMES = {"nutrient": 3, "symptom": 3, "lifestyle_factor": 3, "food_source": 1, "faq_entry": 6, "interaction": 2}
"""How many names of each record of a kind are learned from: foods are many, and nobody types a claim."""
QUESTION = 2
"""How often each question is learned from, next to once a name: names are more."""
Candidate = tuple[dict[str, float], float]
"""Features, and how right it is: 1 for an acceptable answer, `BEST` for the best."""


def candidates(index: SearchIndex, case: Case) -> list[Candidate]:
    """What the search ranks for a case; nothing where no right answer is among it."""
    asked = Understood(index, case.query)
    right = dict.fromkeys(case.expected, 1.0) | {case.expected[0]: BEST}
    ranked = [
        (features(asked, o, bm25)[0], right.get(index.entry(o).slug, 0.0)) for o, bm25 in find(asked).pool.items()
    ]
    return ranked if any(r for _, r in ranked) else []


def names(index: SearchIndex) -> list[Case]:
    """Names of records with the records: by its name each is found."""
    entries = [entry for entry in map(index.entry, range(index.size)) if entry.kind in NAMES]
    return [Case(name.text, (entry.slug,)) for entry in entries for name in entry.names[: NAMES[entry.kind]]]


def learn(ready: list[list[Candidate]]) -> dict[str, float]:
    """Weights by which the right answers come first: a linear softmax over each query's candidates, by Adagrad."""
    chance = random.Random(0)
    learned: defaultdict[str, float] = defaultdict(float)
    steps: defaultdict[str, float] = defaultdict(lambda: 1e-3)
    for _ in range(ROUNDS):
        chance.shuffle(ready)
        for found in ready:
            powers = [math.exp(min(sum(learned[f] * v for f, v in told.items()), 50)) for told, _ in found]
            whole, good = sum(powers), sum(p * right for p, (_, right) in zip(powers, found, strict=True))
            slope: defaultdict[str, float] = defaultdict(float)
            for power, (told, right) in zip(powers, found, strict=True):
                pull = power * right / good - power / whole
                if abs(pull) > 1e-4:
                    for feature, value in told.items():
                        slope[feature] += pull * value
            for feature, pull in slope.items():
                decay = ASKED_DECAY if feature.rpartition(" ")[2] in ASKED else DECAY
                step = pull - decay * learned[feature]
                steps[feature] += step * step
                learned[feature] += RATE * step / math.sqrt(steps[feature])
    return {feature: round(weight, 3) for feature, weight in sorted(learned.items()) if abs(weight) >= 0.01}


def learn_and_try(index: SearchIndex, cases: Sequence[Case]) -> tuple[int, int]:
    """Leave the learned weights in force; count the hits for each question by weights without those of its source."""
    asked = [(case, QUESTION * [found]) for case in cases if (found := candidates(index, case))]
    named = [found for case in names(index) if (found := candidates(index, case))]
    sources = sorted({case.source for case in cases})
    random.Random(0).shuffle(sources)
    met = []
    for fold in range(FOLDS + 1):
        # the last leaves nothing out
        out = frozenset(sources[fold::FOLDS] if fold < FOLDS else ())
        use(learn([found for case, twice in asked if case.source not in out for found in twice] + named))
        met.append(hits([case for case in cases if case.source in out], index))
    return sum(first for first, _ in met), sum(third for _, third in met)


def use(learned: dict[str, float]) -> None:
    """Search by these weights."""
    WEIGHTS.clear()
    WEIGHTS.update(learned)


def index_of(engine: Engine) -> SearchIndex:
    """The index of a database."""
    return CurrentIndex(engine).current()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", choices=("cases", "tuning", "validation"), help="list what is not met at 1")
    parser.add_argument("--blind", action="store_true", help="measure the blind part too")
    parser.add_argument("--learn", action="store_true", help="learn the weights from the tuning part and from names")
    options = parser.parse_args()
    index = index_of(reading_engine(real_database()))
    parts = {"cases": read_cases(), **{part: read_questions(part) for part in ("tuning", "validation")}}
    if options.blind:
        parts["blind"] = read_questions("blind")
    table = {}
    if options.learn:
        table["left out"] = (len(parts["tuning"]), *learn_and_try(index, parts["tuning"]))
        WEIGHTS_FILE.write_text(f"{json.dumps(WEIGHTS, indent=1)}\n", encoding="utf-8")
    table |= {part: (len(cases), *hits(cases, index)) for part, cases in parts.items() if cases}
    print(f"{'':12}{'questions':>10}   {'hit@1':23}{'hit@3':23}")
    for part, (count, first, third) in table.items():
        print(f"{part:12}{count:10}  {interval(first, count):23}{interval(third, count):23}")
    for case in parts.get(options.misses or "", []):
        slugs = answers(index, case.query)
        if case.rank(slugs) != 1:
            print(f"{case.rank(slugs)!s:5}{case.query!r}: {', '.join(slugs[:3])}; not {', '.join(case.expected[:4])}")


if __name__ == "__main__":
    main()
