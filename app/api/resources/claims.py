"""/claims: single statements with an evidence grade."""

from typing import Annotated

from pydantic import Field

from app.api.parameters import Choices, RecordFilters, Slugs
from app.api.queries import column_in, grade_in, references
from app.api.resource import Resource
from app.database.models import Claim
from app.schemas.claim import SUBJECTS, Relation, SubjectState
from app.schemas.common import Grade


class ClaimFilters(RecordFilters):
    about: Annotated[tuple[str, ...], Slugs(*SUBJECTS), references("subject", "co_subjects", "object")] = Field(
        default=(), description="Only claims with one of these as subject or object.", examples=["magnesium"]
    )
    subject: Annotated[tuple[str, ...], Slugs(*SUBJECTS), references("subject", "co_subjects")] = Field(
        default=(), description="Only claims about what one of these does.", examples=["magnesium"]
    )
    object: Annotated[tuple[str, ...], Slugs(*SUBJECTS), references("object")] = Field(
        default=(), description="Only claims about what is done to one of these.", examples=["fasciculation"]
    )
    relation: Annotated[tuple[str, ...], Choices(Relation), column_in("relation")] = Field(
        default=(), description="How the subject affects the object.", examples=["causes"]
    )
    state: Annotated[tuple[str, ...], Choices(SubjectState), column_in("state")] = Field(
        default=(), description="State of the subject.", examples=["deficiency"]
    )
    grade: Annotated[tuple[str, ...], Choices(Grade), grade_in()] = Field(
        default=(), description="Evidence grade.", examples=["established"]
    )
    source: Annotated[tuple[str, ...], Slugs("source"), references("citations")] = Field(
        default=(), description="Only claims that cite one of these.", examples=["ods-magnesium"]
    )


RESOURCE = Resource(
    kind="claim",
    filters=ClaimFilters,
    sorts={"name": Claim.sort_name, "grade": Claim.grade_rank, "relation": Claim.relation},
    default_sort=("grade",),
    include=("nutrients", "symptoms", "food_sources", "lifestyle_factors", "mechanisms", "interactions", "sources"),
    example="low-magnesium-causes-twitching",
    list_doc="""Graded statements, best supported first.

What is claimed about caffeine: `/claims?about=caffeine`.
What the evidence contradicts: `/claims?grade=contradicted`.""",
    detail_doc="""One statement, its grade, and the citations that support, qualify or refute it.

With the publications as cards: `?include=sources`.""",
)

router = RESOURCE.router()
