"""FAQ entries: a question as people ask it, and a short answer with its sources."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from app.schemas.common import RecordFile, Ref, RefTo, Statement, Text

Related = Annotated[
    Ref, RefTo("nutrient", "symptom", "mechanism", "food_source", "lifestyle_factor", "interaction", "claim")
]


class FaqEntryFile(RecordFile):
    """An FAQ entry, as a contributor writes it. `name` is the question, `summary` the answer in one sentence."""

    position: int = Field(ge=1, description="Place in the FAQ, from 1.")
    answer: Text = Field(description="The whole answer, in plain words.")
    points: list[Statement] = Field(min_length=1, description="The facts behind the answer, each graded and cited.")
    warnings: list[Statement] = Field(default=[], description="What a reader of the answer must see beside it.")
    related: list[Related] = Field(min_length=1, description="The records that the question is about.")


class FaqEntry(FaqEntryFile, Ref):
    """A frequently asked question; `name` is the question."""

    question: Text = Field(description="The question, as people ask it: the same as `name`.")

    @model_validator(mode="before")
    @classmethod
    def _ask(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "question": data["name"]}
