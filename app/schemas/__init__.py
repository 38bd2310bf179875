"""The kinds of record: what a content file holds and what the API serves, declared once.

`KINDS` is the only list of kinds; lists, search, exports, pages and the API description are derived from it.
"""

from app.schemas import (
    claim,
    faq_entry,
    food_source,
    intake,
    interaction,
    lifestyle_factor,
    mechanism,
    nutrient,
    source,
    symptom,
)
from app.schemas.common import Card, Kind, Model, Ref

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        nutrient.KIND,
        mechanism.KIND,
        food_source.KIND,
        lifestyle_factor.KIND,
        faq_entry.KIND,
        symptom.KIND,
        interaction.KIND,
        intake.KIND,
        claim.KIND,
        source.KIND,
    )
}

COLLECTIONS: dict[str, Kind] = {kind.key: kind for kind in KINDS.values()}
"""By the collection's name as a JSON key, such as `food_sources`."""


__all__ = ["COLLECTIONS", "KINDS", "Card", "Kind", "Model", "Ref"]
