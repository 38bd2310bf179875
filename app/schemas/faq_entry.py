"""FAQ entries: a question as people ask it, and a short answer with its sources."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, model_validator

from app.schemas.common import Card, Grade, Model, RecordFile, RedFlags, Ref, RefTo, Statement, Text

Related = Annotated[
    Ref, RefTo("nutrient", "symptom", "mechanism", "food_source", "lifestyle_factor", "interaction", "claim")
]


class FaqEntryFile(RecordFile):
    """An FAQ entry, as a contributor writes it. `name` is the question, `summary` the answer in one sentence."""

    position: StrictInt = Field(ge=1, description="Place in the FAQ, from 1.")
    answer: Text = Field(description="The whole answer, in plain words.")
    points: list[Statement] = Field(min_length=1, description="The facts behind the answer, each graded and cited.")
    warnings: list[Statement] = Field(default=[], description="What a reader of the answer must see next to it.")
    red_flags: RedFlags = Field(default=[], description="Signs that call for medical help, most urgent first.")
    related: list[Related] = Field(min_length=1, description="The records that the question is about.")


class FaqEntry(FaqEntryFile, Ref):
    """A frequently asked question; `name` is the question."""

    kind: Literal["faq_entry"] = Field(default="faq_entry", description="Kind.")
    question: Text = Field(description="The question; the same as `name`.")

    @model_validator(mode="before")
    @classmethod
    def _ask(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "question": data["name"]}


class GradedText(Model):
    """A statement with its grade, without its citations."""

    text: Text = Field(description="The fact, in plain words.")
    grade: Grade


class FaqEntryCard(Card):
    """An FAQ entry in a list: question, answer and what must be seen with it."""

    kind: Literal["faq_entry"] = Field(default="faq_entry", description="Kind.")
    question: Text = Field(description="The question; the same as `name`.")
    answer: Text = Field(description="The whole answer, in plain words.")
    grade: Grade = Field(description="How well the evidence supports the answer.")
    warnings: list[GradedText] = Field(description="What a reader of the answer must see next to it.")
