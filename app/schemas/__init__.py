"""The kinds of record: what a content file holds and what the API serves, declared once."""

from dataclasses import dataclass

from app.schemas.claim import Claim, ClaimFile
from app.schemas.common import Names, Ref
from app.schemas.faq_entry import FaqEntry, FaqEntryFile
from app.schemas.food_source import FoodSource, FoodSourceFile
from app.schemas.intake import Intake, IntakeFile
from app.schemas.interaction import Interaction, InteractionFile
from app.schemas.lifestyle_factor import LifestyleFactor, LifestyleFactorFile
from app.schemas.mechanism import Mechanism, MechanismFile
from app.schemas.nutrient import Nutrient, NutrientFile
from app.schemas.source import Source, SourceFile
from app.schemas.symptom import Symptom, SymptomFile

AnyFile = (
    NutrientFile
    | SymptomFile
    | MechanismFile
    | FoodSourceFile
    | LifestyleFactorFile
    | FaqEntryFile
    | InteractionFile
    | IntakeFile
    | ClaimFile
    | SourceFile
)
AnyRecord = (
    Nutrient | Symptom | Mechanism | FoodSource | LifestyleFactor | FaqEntry | Interaction | Intake | Claim | Source
)


@dataclass(frozen=True)
class Kind:
    """A kind of record: its name, the path of its collection and content folder, and its two models."""

    name: str
    collection: str
    file: type[AnyFile]
    record: type[AnyRecord]

    def url(self, slug: str) -> str:
        """Path of a record of this kind."""
        return f"/{self.collection}/{slug}"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("nutrient", "nutrients", NutrientFile, Nutrient),
        Kind("mechanism", "mechanisms", MechanismFile, Mechanism),
        Kind("food_source", "food-sources", FoodSourceFile, FoodSource),
        Kind("lifestyle_factor", "lifestyle-factors", LifestyleFactorFile, LifestyleFactor),
        Kind("faq_entry", "faq", FaqEntryFile, FaqEntry),
        Kind("symptom", "symptoms", SymptomFile, Symptom),
        Kind("interaction", "interactions", InteractionFile, Interaction),
        Kind("intake", "intakes", IntakeFile, Intake),
        Kind("claim", "claims", ClaimFile, Claim),
        Kind("source", "sources", SourceFile, Source),
    )
}

_BY_RECORD = {kind.record: kind for kind in KINDS.values()}


def kind_of(record: AnyRecord) -> Kind:
    """The kind that a record is of."""
    return _BY_RECORD[type(record)]


__all__ = [
    "KINDS",
    "AnyFile",
    "AnyRecord",
    "Claim",
    "FaqEntry",
    "FoodSource",
    "Intake",
    "Interaction",
    "Kind",
    "LifestyleFactor",
    "Mechanism",
    "Names",
    "Nutrient",
    "Ref",
    "Source",
    "Symptom",
    "kind_of",
]
