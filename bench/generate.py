"""python -m bench.generate: a synthetic knowledge base of any size, the same for the same seed.

It is written as content would be, validated by the models of `app.schemas`, built and loaded by `seed`: what is
measured is the real thing. Half of the records are sources of about 550 bytes, the kind that is compared with peers;
the others link to them and to each other as the real content does, with hubs whose size does not depend on the whole.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from app.commands import migrate
from app.database.engines import writing_engine
from app.schemas import KINDS
from app.schemas.claim import Relation, SubjectState
from app.schemas.common import Grade
from app.schemas.food_source import FoodGroup, Standing
from app.schemas.interaction import InteractionType
from app.schemas.lifestyle_factor import LifestyleFactorType
from app.schemas.mechanism import TriggerState
from app.schemas.nutrient import NutrientType
from app.schemas.source import SourceType
from app.schemas.symptom import SymptomType
from app.schemas.vocabulary import Vocabulary
from app.settings import Settings
from bench.words import AUTHORS, JOURNALS, WORDS
from seed.build import Authored, build
from seed.check import Checked
from seed.files import CoverageFile, DatasetFile
from seed.load import load, prepare
from seed.names import Names

SHARES = {
    "source": 0.5,
    "claim": 0.3,
    "food_source": 0.1,
    "mechanism": 0.04,
    "interaction": 0.02,
    "nutrient": 0.01,
    "symptom": 0.01,
    "lifestyle_factor": 0.01,
    "faq_entry": 0.01,
}
"""Part of each kind in the whole; each has two records at least."""

Content = dict[str, Any]
REVIEWED = date(2026, 1, 1)


def generate(records: int, url: str, seed: int = 1) -> None:
    """Migrate the empty database at `url` and fill it with about `records` records."""
    migrate(Settings(database_url=url))
    prepared = prepare(_checked(records, seed))
    with writing_engine(url).begin() as connection:
        load(connection, prepared)


def _checked(records: int, seed: int) -> Checked:
    make = Maker(random.Random(seed), {kind: max(2, round(records * share)) for kind, share in SHARES.items()})
    contents = {
        (kind, make.slug(kind, number)): MAKERS[kind](make, number)
        for kind, n in make.counts.items()
        for number in range(n)
    }
    refs = {slug: KINDS[kind].ref(slug, content["name"]) for (kind, slug), content in contents.items()}
    names = Names(refs)
    authored = [
        Authored(KINDS[kind], slug, f"{kind}/{slug}.toml", KINDS[kind].file.model_validate(content, context=names))
        for (kind, slug), content in contents.items()
    ]
    dataset = DatasetFile(
        version="1.0.0",
        released=date(2026, 1, 1),
        title="Synthetic knowledge base",
        description=f"{len(authored)} records made up for measurements.",
        language="en",
        licence="CC0-1.0",
        licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        disclaimer="General information, not medical advice: every word of it is made up.",
    )
    return Checked(dataset, CoverageFile(fact=[]), [], Vocabulary(), build(authored, names, {}))


class Maker:
    """Random parts of content, and slugs of records to refer to."""

    def __init__(self, chance: random.Random, counts: dict[str, int]) -> None:
        self.chance = chance
        self.counts = counts
        # as in prose, a few words are common and most are rare
        self._weights = [1 / (rank + 3) for rank in range(len(WORDS))]

    def slug(self, kind: str, number: int) -> str:
        """The slug of a record."""
        return f"{WORDS[number % len(WORDS)]}-{kind.replace('_', '-')}-{number}"

    def some(self, kind: str, least: int, most: int) -> list[str]:
        """Slugs of different records of a kind."""
        count = min(self.chance.randint(least, most), self.counts[kind])
        return [self.slug(kind, number) for number in self.chance.sample(range(self.counts[kind]), count)]

    def words(self, count: int) -> str:
        """That many words, the first in upper case."""
        return " ".join(self.chance.choices(WORDS, self._weights, k=count)).capitalize()

    def citations(self, least: int = 1, most: int = 2) -> list[Content]:
        """Citations of different sources."""
        return [
            {"source": slug, "locator": f"Table {self.chance.randint(1, 9)}", "finding": f"{self.words(6)}."}
            for slug in self.some("source", least, most)
        ]

    def statements(self, least: int, most: int) -> list[Content]:
        """Graded statements."""
        count = self.chance.randint(least, most)
        return [
            {"text": self.words(12), "grade": self.pick(Grade), "citations": self.citations(1, 1)} for _ in range(count)
        ]

    def pick(self, values: Any) -> str:
        """One member of an enumeration."""
        return str(self.chance.choice(list(values)))

    def base(self, number: int) -> Content:
        """What every kind but sources holds."""
        return {
            "name": f"{self.words(2)} {number}",
            "aliases": [f"{self.words(1)} {number}"],
            "summary": self.words(18) + ".",
            "from_article": self.chance.randrange(5) == 0,
            "last_reviewed": REVIEWED,
            "grade": self.pick(Grade),
            "citations": self.citations(),
        }


def _source(make: Maker, number: int) -> Content:
    year = make.chance.randint(1950, 2025)
    author = make.chance.choice(AUTHORS)
    return {
        "name": f"{author} et al. {year} ({number})",
        "type": make.pick(SourceType),
        "title": make.words(6),
        "authors": [author, "et al."],
        "year": year,
        "publisher": f"{make.chance.choice(JOURNALS)} {make.chance.randint(1, 90)}",
        "doi": f"10.5555/{year}.{number}",
        "summary": make.words(6) + ".",
        "from_article": make.chance.randrange(5) == 0,
        "last_reviewed": REVIEWED,
    }


def _nutrient(make: Maker, number: int) -> Content:
    row = {
        "position": number + 1,
        "function": make.words(4),
        "connection": make.words(6),
        "dietary_sources": make.some("food_source", 2, 4),
        "grade": make.pick(Grade),
        "citations": make.citations(),
    }
    return {
        **make.base(number),
        "type": make.pick(NutrientType),
        "electrolyte": make.chance.randrange(3) == 0,
        "roles": make.statements(1, 3),
        "deficiency": {"signs": make.statements(1, 3)},
        "excess": make.statements(1, 2),
        "comparison": row if number < 7 else None,
    }


def _mechanism(make: Maker, number: int) -> Content:
    return {
        **make.base(number),
        "trigger": {"record": make.some("nutrient", 1, 1)[0], "state": make.pick(TriggerState)},
        "steps": make.statements(3, 3),
        "symptoms": make.some("symptom", 1, 2),
        "involves": make.some("nutrient", 0, 2),
    }


def _food_source(make: Maker, number: int) -> Content:
    provided = make.some("nutrient", 1, 4)
    return {
        **make.base(number),
        "group": make.pick(FoodGroup),
        "nutrients": [
            {"nutrient": slug, "standing": make.pick(Standing), "citations": make.citations(1, 1)} for slug in provided
        ],
    }


def _lifestyle_factor(make: Maker, number: int) -> Content:
    disturbed = [
        {
            "nutrient": slug,
            "effect": "lowers",
            "text": make.words(8),
            "grade": make.pick(Grade),
            "citations": make.citations(1, 1),
        }
        for slug in make.some("nutrient", 1, 2)
    ]
    return {
        **make.base(number),
        "type": make.pick(LifestyleFactorType),
        "effects": make.statements(1, 2),
        "disturbs": disturbed,
        "symptoms": make.some("symptom", 1, 2),
    }


def _faq_entry(make: Maker, number: int) -> Content:
    return {
        **make.base(number),
        "position": number + 1,
        "answer": make.words(40) + ".",
        "points": make.statements(1, 3),
        "related": make.some("nutrient", 1, 2) + make.some("symptom", 0, 1),
    }


def _symptom(make: Maker, number: int) -> Content:
    return {
        **make.base(number),
        "type": make.pick(SymptomType),
        "facts": make.statements(1, 3),
        "red_flags": [
            {"text": make.words(8), "action": "See a doctor", "urgency": "routine", "citations": make.citations(1, 1)}
        ],
    }


def _interaction(make: Maker, number: int) -> Content:
    return {
        **make.base(number),
        "type": make.pick(InteractionType),
        "nutrients": make.some("nutrient", 2, 2),
        "effects": make.statements(1, 2),
    }


def _claim(make: Maker, number: int) -> Content:
    return {
        **make.base(number),
        "subject": make.some(make.chance.choice(["nutrient", "food_source", "lifestyle_factor"]), 1, 1)[0],
        "state": make.pick(SubjectState),
        "relation": make.pick(Relation),
        "object": make.some("symptom", 1, 1)[0],
    }


MAKERS: dict[str, Callable[[Maker, int], Content]] = {
    "source": _source,
    "claim": _claim,
    "food_source": _food_source,
    "mechanism": _mechanism,
    "interaction": _interaction,
    "nutrient": _nutrient,
    "symptom": _symptom,
    "lifestyle_factor": _lifestyle_factor,
    "faq_entry": _faq_entry,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate one database file."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("records", type=int, help="how many records, about")
    parser.add_argument("file", type=Path, help="SQLite file to make; it must not exist")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another knowledge base")
    options = parser.parse_args(arguments)
    if options.file.exists():
        print(f"{options.file} exists already; name another file or remove it.", file=sys.stderr)
        return 1
    generate(options.records, f"sqlite:///{options.file.absolute()}", options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
