"""/symptoms: symptoms, signs and conditions."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Choices, RecordFilters, SameAs, Slugs
from app.api.queries import column_in, referenced_by
from app.api.resource import Resource
from app.database.models import Symptom
from app.schemas.symptom import SymptomType


class SymptomFilters(RecordFilters):
    type: Annotated[tuple[str, ...], Choices(SymptomType), column_in("type")] = Field(
        default=(), description="Symptoms, signs or conditions.", examples=["symptom"]
    )
    lifestyle_factor: Annotated[tuple[str, ...], Slugs("lifestyle_factor"), referenced_by("symptoms")] = Field(
        default=(), description="Only symptoms linked with one of these factors.", examples=["caffeine"]
    )
    mechanism: Annotated[tuple[str, ...], Slugs("mechanism"), referenced_by("symptoms")] = Field(
        default=(),
        description="Only symptoms in which one of these chains ends.",
        examples=["caffeine-excited-motor-neurons"],
    )
    same_as: SameAs = ()


RESOURCE = Resource(
    kind="symptom",
    filters=SymptomFilters,
    sorts={"name": Symptom.sort_name, "type": Symptom.type},
    default_sort=("name",),
    include=("mechanisms", "lifestyle_factors", "claims", "faq", "sources"),
    example="fasciculation",
    list_doc="""Symptoms, signs and conditions.""",
    detail_doc="""One symptom, sign or condition: what it is, when to see a doctor, and what is connected with it.

With claims and chains: `?include=claims,mechanisms`.""",
)

router = RESOURCE.router()
