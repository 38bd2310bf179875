"""/mechanisms: chains of cause and effect."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Choices, RecordFilters, Slugs
from app.api.queries import column_in, grade_in, references
from app.api.resource import Resource
from app.database.models import Mechanism
from app.schemas.common import Grade
from app.schemas.mechanism import TriggerState


class MechanismFilters(RecordFilters):
    nutrient: Annotated[tuple[str, ...], Slugs("nutrient"), references("trigger", "involves")] = Field(
        default=(),
        description="Only chains that start with or run through one of these nutrients.",
        examples=["magnesium"],
    )
    lifestyle_factor: Annotated[tuple[str, ...], Slugs("lifestyle_factor"), references("trigger")] = Field(
        default=(), description="Only chains that one of these factors starts.", examples=["diuretics"]
    )
    symptom: Annotated[tuple[str, ...], Slugs("symptom"), references("symptoms")] = Field(
        default=(), description="Only chains that end in one of these symptoms.", examples=["fasciculation"]
    )
    state: Annotated[tuple[str, ...], Choices(TriggerState), column_in("trigger_state")] = Field(
        default=(), description="State of the trigger.", examples=["exposure"]
    )
    grade: Annotated[tuple[str, ...], Choices(Grade), grade_in()] = Field(
        default=(), description="Evidence grade.", examples=["limited"]
    )


RESOURCE = Resource(
    kind="mechanism",
    filters=MechanismFilters,
    sorts={"name": Mechanism.sort_name, "grade": Mechanism.grade_rank},
    default_sort=("grade",),
    include=("nutrients", "lifestyle_factors", "symptoms", "claims", "faq", "sources"),
    example="diuretics-electrolyte-loss",
    list_doc="""Chains of cause and effect, from a trigger to the symptoms it ends in, best supported first.

What too little magnesium does: `/mechanisms?nutrient=magnesium&state=deficiency`.""",
    detail_doc="""One chain of cause and effect, each step with its sources.""",
)

router = RESOURCE.router()
