"""Sources: the publications that everything else cites."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, StrictBool, StrictInt

from app.schemas.common import Backlink, Card, Model, Ref, Text


class SourceType(StrEnum):
    """What kind of publication it is."""

    article = "article"
    trial = "trial"
    observational_study = "observational-study"
    case_series = "case-series"
    systematic_review = "systematic-review"
    review = "review"
    reference_work = "reference-work"
    guideline = "guideline"
    fact_sheet = "fact-sheet"
    regulator = "regulator"
    reference_table = "reference-table"
    food_database = "food-database"


Doi = Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")]
Year = Annotated[StrictInt, Field(ge=1900, le=2100)]


class SourceFile(Model):
    """A source, as a contributor writes it. `name` is a short citation."""

    name: Text = Field(description="Short citation.", examples=["Garrison et al. 2020 (Cochrane)"])
    type: SourceType
    title: Text = Field(description="Title of the publication.")
    authors: list[Text] = Field(default=[], description="Authors, family name first; `et al.` where the list is cut.")
    year: Year | None = Field(default=None, description="Year of publication.")
    publisher: Text | None = Field(default=None, description="Publisher, or journal with volume and pages.")
    doi: Doi | None = Field(default=None, description="Digital Object Identifier.")
    website: HttpUrl | None = Field(default=None, description="Its address on the web.")
    summary: Text = Field(description="What it is and what it shows, in a few sentences.")
    pmid: Annotated[str | None, Field(pattern=r"^\d{1,8}$")] = Field(default=None, description="PubMed identifier.")
    accessed: date | None = Field(default=None, description="Day on which the website was read.")
    retracted: StrictBool | None = Field(
        default=None, description="Whether it was retracted; null where that could not be checked."
    )
    retraction_checked: date | None = Field(default=None, description="Day on which that was checked.")
    one_page: StrictBool = Field(default=False, description="True for an item of one page, cited as a whole.")
    last_reviewed: date = Field(description="Day on which this was last compared with the publication.")
    funding: Text | None = Field(default=None, description="Who paid, where that may matter to a reader.")
    licence: Text | None = Field(
        default=None,
        description="Licence, by SPDX where that lists it; null where it could not be checked.",
        examples=["CC-BY-4.0"],
    )
    notes: list[Text] = Field(default=[], description="Remarks on the publication.")
    aliases: list[Text] = Field(default=[], description="Other names by which it is known.")
    from_article: StrictBool = Field(default=False, description="True for the article itself and for what it names.")


CITING = ("nutrient", "mechanism", "food_source", "lifestyle_factor", "faq_entry", "symptom", "interaction")
"""Kinds of record that cite sources, without claims, and without intakes: those are too many for a record."""


class Source(SourceFile, Ref):
    """A publication, with what cites it."""

    kind: Literal["source"] = Field(default="source", description="Kind.")
    claims: Annotated[list[Ref], Backlink("claim", "citations")] = Field(
        default=[], description="Claims that cite it, best supported first."
    )
    cited_by: Annotated[list[Ref], Backlink(CITING, "citations")] = Field(
        default=[], description="What else cites it; not intakes: ask `/intakes` for those."
    )


class SourceCard(Card):
    """A source in a list."""

    kind: Literal["source"] = Field(default="source", description="Kind.")
    type: SourceType
    title: Text = Field(description="Title of the publication.")
    year: Year | None = Field(description="Year of publication.")
    doi: Doi | None = Field(description="Digital Object Identifier.")
    website: HttpUrl | None = Field(description="Its address on the web.")
