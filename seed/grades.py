"""The rule by which a grade follows from citations. docs/grades.md publishes it; `seed check` enforces it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from app.schemas.common import Grade, Stance

TOP, MODERATE, LIMITED, NONE = 3, 2, 1, 0

SOURCES = {
    "systematic-review": (TOP, "a review of all studies found (systematic review)"),
    "guideline": (TOP, "a guideline"),
    "reference-work": (TOP, "a medical reference book"),
    "regulator": (TOP, "a food or medicines regulator"),
    "reference-table": (TOP, "an official table of recommended intakes"),
    "food-database": (TOP, "an official food database"),
    "trial": (MODERATE, "a trial"),
    "observational-study": (MODERATE, "an observational study"),
    "review": (MODERATE, "a review of studies"),
    "fact-sheet": (MODERATE, "a health authority's fact sheet"),
    "case-series": (LIMITED, "reports on single patients"),
    "": (NONE, "a source"),
}
"""By the type of a source, empty for one that is not on record: how far one supporting citation carries, and how a
reason calls it. The article carries nothing."""

CONCORDANT = 3
"""So many different sources of moderate level that agree count as one of the top."""

BY_LEVEL = {
    TOP: (Grade.established, Grade.strong),
    MODERATE: (Grade.moderate,),
    LIMITED: (Grade.limited,),
    NONE: (Grade.mechanistic,),
}


class Support(NamedTuple):
    """What a grade depends on of one citation."""

    source: str
    type: str
    stance: str
    indirect: bool

    @property
    def level(self) -> int:
        """How far it carries; indirect evidence counts one level less."""
        return max(NONE, SOURCES[self.type][0] - self.indirect)

    @property
    def words(self) -> str:
        return SOURCES[self.type][1]


def grades_of(citations: Iterable[Support]) -> tuple[Grade, ...]:
    """The grades that the citations allow: one, or for the best evidence `established` and `strong`."""
    ours = [citation for citation in citations if citation.type != "article"]
    supporting = [citation for citation in ours if citation.stance == Stance.supports]
    refuting = [citation for citation in ours if citation.stance == Stance.refutes]
    if refuting and not supporting:
        return (Grade.contradicted,)
    level = max((citation.level for citation in supporting), default=NONE)
    if len({c.source for c in supporting if c.level >= MODERATE and not c.indirect}) >= CONCORDANT:
        level = TOP
    return BY_LEVEL[max(NONE, level - 1) if refuting else level]


def reason_of(citations: Iterable[Support]) -> str:
    """One short sentence on what a grade rests on."""
    ours = [citation for citation in citations if citation.type != "article"]
    supporting = sorted((c for c in ours if c.stance == Stance.supports), key=lambda c: -c.level)
    refuting = [citation for citation in ours if citation.stance == Stance.refutes]
    if refuting and not supporting:
        return f"Refuted by {refuting[0].words}."
    if not supporting:
        return "No independent source supports the statement."
    best = supporting[0]
    others = len({c.source for c in supporting}) - 1
    more = f" and {others} other source{'s' if others > 1 else ''}" if others else ""
    indirectly = "Indirectly supported" if best.indirect else "Supported"
    against = f", but refuted by {refuting[0].words}" if refuting else ""
    return f"{indirectly} by {best.words}{more}{against}."


def support_of(citations: Any, types: Mapping[str, str]) -> list[Support]:
    """The citations of a content file, as far as they are written well enough to be read."""
    return [
        Support(
            str(item.get("source")),
            types.get(str(item.get("source")), ""),
            str(item.get("stance", Stance.supports)),
            item.get("indirect") is True,
        )
        for item in citations
        if isinstance(item, dict)
    ]
