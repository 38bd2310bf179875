"""The kinds of record: what a content file holds and what the API serves, declared once.

`KINDS` is the only list of kinds; lists, search, exports, pages and the API description are derived from it.
"""

from app.schemas.claim import Claim, ClaimCard, ClaimFile
from app.schemas.common import Kind, SearchTraits
from app.schemas.faq_entry import FaqEntry, FaqEntryCard, FaqEntryFile
from app.schemas.food_source import FoodSource, FoodSourceCard, FoodSourceFile
from app.schemas.intake import Intake, IntakeFile
from app.schemas.interaction import Interaction, InteractionCard, InteractionFile
from app.schemas.lifestyle_factor import LifestyleFactor, LifestyleFactorCard, LifestyleFactorFile
from app.schemas.mechanism import Mechanism, MechanismCard, MechanismFile
from app.schemas.nutrient import Nutrient, NutrientCard, NutrientFile
from app.schemas.source import Source, SourceCard, SourceFile
from app.schemas.symptom import Symptom, SymptomCard, SymptomFile

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            collection="nutrients",
            title="Nutrients",
            description="Vitamins and minerals.",
            file=NutrientFile,
            record=Nutrient,
            card=NutrientCard,
            search=SearchTraits(entity=True),
        ),
        Kind(
            collection="mechanisms",
            title="Mechanisms",
            description="Chains of cause and effect.",
            file=MechanismFile,
            record=Mechanism,
            card=MechanismCard,
            search=SearchTraits(detail="grade", joins=("trigger", "symptoms"), label="mechanism"),
        ),
        Kind(
            collection="food-sources",
            title="Food sources",
            description="Foods, groups of foods and sunlight.",
            file=FoodSourceFile,
            record=FoodSource,
            card=FoodSourceCard,
            search=SearchTraits(detail="group", entity=True, label="food"),
        ),
        Kind(
            collection="lifestyle-factors",
            title="Lifestyle factors",
            description="Habits, states and medicines.",
            file=LifestyleFactorFile,
            record=LifestyleFactor,
            card=LifestyleFactorCard,
            search=SearchTraits(entity=True),
        ),
        Kind(
            collection="faq",
            title="FAQ",
            description="Questions as people ask them.",
            file=FaqEntryFile,
            record=FaqEntry,
            card=FaqEntryCard,
            search=SearchTraits(label="FAQ"),
        ),
        Kind(
            collection="symptoms",
            title="Symptoms",
            description="Symptoms, signs and conditions, and when to see a doctor.",
            file=SymptomFile,
            record=Symptom,
            card=SymptomCard,
            search=SearchTraits(entity=True),
        ),
        Kind(
            collection="interactions",
            title="Interactions",
            description="How one nutrient acts on another.",
            file=InteractionFile,
            record=Interaction,
            card=InteractionCard,
            search=SearchTraits(joins=("nutrients",), label="interaction"),
        ),
        Kind(
            collection="intakes",
            title="Intakes",
            description="How much of a nutrient people need and may have.",
            file=IntakeFile,
            record=Intake,
            card=Intake,
        ),
        Kind(
            collection="claims",
            title="Claims",
            description="Single statements with the evidence for and against.",
            file=ClaimFile,
            record=Claim,
            card=ClaimCard,
            search=SearchTraits(detail="grade", joins=("subject", "co_subjects", "object"), label="claim"),
        ),
        Kind(
            collection="sources",
            title="Sources",
            description="The publications that everything cites.",
            file=SourceFile,
            record=Source,
            card=SourceCard,
            search=SearchTraits(label="source"),
        ),
    )
}

COLLECTIONS: dict[str, Kind] = {kind.key: kind for kind in KINDS.values()}
"""By the collection's name as a JSON key, such as `food_sources`."""
