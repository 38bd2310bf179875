"""What every kind of record shares: slugs, references, citations, graded statements.

The same classes describe a content file (what a contributor writes) and the JSON that is served. The only
difference is a reference: a file names a slug, the JSON shows `{slug, name, kind, url}`; `RefTo` turns one into the
other.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Protocol

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Json = dict[str, Any]
"""An object of parsed JSON."""

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MAX_SLUG = 80
MAX_TEXT = 1000
"""Characters of one text: a front end can plan for it; what needs more is several statements."""
VERSION_PATTERN = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$"

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=MAX_SLUG)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]
Disclaimer = Annotated[Text, Field(description="What this information is and is not.")]
UrlPath = Annotated[str, Field(pattern="^/", json_schema_extra={"format": "uri-reference"})]


def is_slug(text: str) -> bool:
    return len(text) <= MAX_SLUG and re.fullmatch(SLUG_PATTERN, text) is not None


class Ranked(StrEnum):
    """Values in the order in which they are shown."""

    @property
    def rank(self) -> int:
        """0 for the first."""
        return list(type(self)).index(self)


class Grade(Ranked):
    """How well the evidence found supports a statement, best first; docs/grades.md has the rule.

    `established`: undisputed physiology, or a textbook consequence of a measured deficiency. `strong`: a systematic
    review, a guideline or several studies that agree. `moderate`: a study or an authority's fact sheet. `limited`:
    cases, or indirect or conflicting evidence. `mechanistic`: a plausible mechanism only. `contradicted`: the evidence
    found contradicts the statement as worded.
    """

    established = "established"
    strong = "strong"
    moderate = "moderate"
    limited = "limited"
    mechanistic = "mechanistic"
    contradicted = "contradicted"


class Stance(StrEnum):
    """Whether a citation supports, qualifies or refutes its statement."""

    supports = "supports"
    qualifies = "qualifies"
    refutes = "refutes"


class Model(BaseModel):
    """Base of every model: immutable, no unknown keys, every field always present in the JSON."""

    # built when first used: a process that serves JSON validates few of them
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True, defer_build=True
    )


class Ref(Model):
    """A reference to another record, enough to show and fetch it."""

    slug: Slug = Field(description="Permanent ID.", examples=["magnesium"])
    name: Text = Field(description="Name.", examples=["Magnesium"])
    kind: str = Field(description="Kind.", examples=["nutrient"])
    url: UrlPath = Field(description="Path.", examples=["/nutrients/magnesium"])


REFERENCE = Ref.model_fields.keys()
"""The keys by which an object is known as a reference."""


class Card(Ref):
    """The short form of a record, for a list: what one would put on a card or in a row of a table."""

    summary: Text = Field(description="In short.")


@dataclass(frozen=True)
class SearchTraits:
    """How the search treats records of a kind.

    `detail` is the key that tells records with like names apart. An `entity` is something that other records are about;
    the records in the fields `joins` are those that a record of another kind connects. `label` stands before the
    detail in a suggestion; empty where the detail names the kind by itself.
    """

    detail: str = "type"
    entity: bool = False
    joins: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of record, declared once: everything that depends on the kind is derived from this.

    `collection` is the path of its list and its content folder; `title` and `description` are for people. Without
    `search` the kind is not searched.
    """

    collection: str
    title: str
    description: str
    file: type[Model]
    record: type[Ref]
    card: type[Ref]
    search: SearchTraits | None = None

    @property
    def name(self) -> str:
        """The kind as its records say it."""
        return str(self.record.model_fields["kind"].default)

    @property
    def key(self) -> str:
        """The collection's name as a JSON key and as a value of `include`."""
        return self.collection.replace("-", "_")

    def url(self, slug: str) -> str:
        return f"/{self.collection}/{slug}"

    def ref(self, slug: str, name: str) -> Ref:
        return Ref(slug=slug, name=name, kind=self.name, url=self.url(slug))


class Resolver(Protocol):
    """What content is validated with, as the context of its models: it knows every record."""

    def resolve(self, slug: str, kinds: tuple[str, ...]) -> Ref:
        """The reference that a slug stands for; a `PydanticCustomError` where there is none of these kinds."""

    def reason_of(self, citations: list[Any]) -> str:
        """What a grade with these citations rests on, in a sentence."""


class RefTo:
    """Annotates a `Ref` that a content file writes as the slug of a record of one of these kinds."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._from_slug, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return handler(schema)
        kinds = " or ".join(kind.replace("_", " ") for kind in self.kinds)
        return {"type": "string", "pattern": SLUG_PATTERN, "description": f"Slug of a {kinds}."}

    def _from_slug(self, value: object, info: core_schema.ValidationInfo) -> object:
        if isinstance(value, str) and info.context is not None:
            resolver: Resolver = info.context
            return resolver.resolve(value, self.kinds)
        return value


class Backlink:
    """Annotates a list of references that no file writes: records of these kinds whose `fields` refer to this one."""

    def __init__(self, kinds: str | tuple[str, ...], *fields: str) -> None:
        self.kinds = (kinds,) if isinstance(kinds, str) else kinds
        self.fields = fields


NutrientRef = Annotated[Ref, RefTo("nutrient")]
SymptomRef = Annotated[Ref, RefTo("symptom")]
FoodSourceRef = Annotated[Ref, RefTo("food_source")]
LifestyleFactorRef = Annotated[Ref, RefTo("lifestyle_factor")]
SourceRef = Annotated[Ref, RefTo("source")]


class Citation(Model):
    """Where a statement comes from, and whether the source supports it."""

    source: SourceRef
    locator: Text = Field(
        description="Where in the source: a heading, a table number, a section.",
        examples=["Key Points, bullet 1", "Results"],
    )
    stance: Stance = Stance.supports
    indirect: StrictBool = Field(
        default=False, description="True where the evidence is borrowed, as from cramps for twitches."
    )
    finding: Text = Field(description="What the source shows on this point, in our words.")


Citations = Annotated[list[Citation], Field(min_length=1, description="Where this comes from.")]


class Note(Model):
    """A remark with its sources."""

    text: Text = Field(description="The remark, in plain words.")
    citations: Citations


class Graded(Model):
    """Something with an evidence grade, why it has this grade, and sources."""

    grade: Grade
    grade_reason: Text = Field(
        default="Not graded by the rule.", description="What the grade rests on, in one short sentence."
    )
    graded_by: Text | None = Field(
        default=None, description="Who set a grade that differs from the rule, and when; null where the rule gave it."
    )
    citations: Citations

    @model_validator(mode="before")
    @classmethod
    def _give_reason(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or info.context is None or not isinstance(data.get("citations"), list):
            return data
        if ("grade_reason" in data) != ("graded_by" in data):
            raise PydanticCustomError(
                "grade_signature", "grade_reason and graded_by belong together; write both, or neither"
            )
        resolver: Resolver = info.context
        return {"grade_reason": resolver.reason_of(data["citations"]), **data}


class Statement(Graded):
    """One fact with its evidence grade and sources."""

    text: Text = Field(description="The fact, in plain words.")


class Urgency(Ranked):
    """How fast to act: call an ambulance, get urgent advice, or make an appointment."""

    emergency = "emergency"
    same_day = "same-day"
    routine = "routine"


class RedFlag(Model):
    """A sign that calls for medical help."""

    text: Text = Field(description="The sign, in plain words.")
    action: Text = Field(description="What to do.", examples=["Call 999 or your local emergency number"])
    urgency: Urgency
    citations: Citations


RedFlags = Annotated[list[RedFlag], AfterValidator(lambda flags: sorted(flags, key=lambda flag: flag.urgency.rank))]
"""Red flags, the most urgent first, in whatever order they are written."""


class RecordFile(Graded):
    """What every content file holds, whatever its kind (sources differ)."""

    name: Text = Field(description="Name.")
    aliases: list[Text] = Field(default=[], description="Other names, the usual ones first, and wordings of a search.")
    summary: Text = Field(description="In short.")
    from_article: StrictBool = Field(
        description="True where the article on muscle twitching names it; false where other literature adds it."
    )
    last_reviewed: date = Field(description="Day on which the record was last compared with its sources.")
    notes: list[Note] = Field(default=[], description="Remarks on coverage, limits or wording of the sources.")
