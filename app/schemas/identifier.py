"""Codes that other vocabularies have for what a record is about. docs/identifiers.md says how they are chosen."""

import re
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.common import Model, RecordFile


class CodeSystem(StrEnum):
    """Vocabulary of another publisher."""

    mesh = "MeSH"
    chebi = "ChEBI"
    unii = "UNII"
    fdc = "FDC"
    cdno = "CDNO"
    wikidata = "Wikidata"
    icd_11 = "ICD-11"
    hpo = "HPO"
    foodon = "FoodOn"
    snomed_ct = "SNOMED-CT"
    icd_10 = "ICD-10"
    icd_10_cm = "ICD-10-CM"
    atc = "ATC"
    rxnorm = "RxNorm"
    cas = "CAS"
    loinc = "LOINC"


class Match(StrEnum):
    """How the code's meaning compares with the record's."""

    exact = "exact"
    close = "close"
    broad = "broad"
    narrow = "narrow"


class Form(NamedTuple):
    """How a vocabulary writes its codes, as a pattern and as an example, and where one is found."""

    pattern: str
    example: str
    url: str


OBO = "http://purl.obolibrary.org/obo/{}"
FORMS = {
    CodeSystem.mesh: Form(r"[CD]\d{6,9}", "D008274", "https://id.nlm.nih.gov/mesh/{}"),
    CodeSystem.chebi: Form(r"CHEBI:\d{1,7}", "CHEBI:18420", OBO),
    CodeSystem.unii: Form(r"[0-9A-Z]{10}", "T6V3LHY838", "https://precision.fda.gov/uniisearch/srs/unii/{}"),
    CodeSystem.fdc: Form(r"\d{6,7}", "168462", "https://fdc.nal.usda.gov/food-details/{}/nutrients"),
    CodeSystem.cdno: Form(r"CDNO:\d{7}", "CDNO:0200140", OBO),
    CodeSystem.wikidata: Form(r"Q[1-9]\d*", "Q660", "https://www.wikidata.org/wiki/{}"),
    CodeSystem.icd_11: Form(
        r"[0-9A-HJ-NP-Z]{4}(\.[0-9A-HJ-NP-Z]{1,2})?",
        "MB47.5",
        "https://id.who.int/icd/release/11/2025-01/mms/codeinfo/{}",
    ),
    CodeSystem.hpo: Form(r"HP:\d{7}", "HP:0002380", OBO),
    CodeSystem.foodon: Form(r"FOODON:\d{8}", "FOODON:00003495", OBO),
    CodeSystem.snomed_ct: Form(r"[1-9]\d{5,17}", "82470000", "http://snomed.info/id/{}"),
    CodeSystem.icd_10: Form(r"[A-Z]\d\d(\.\d)?", "R25.3", "https://icd.who.int/browse10/2019/en#/{}"),
    CodeSystem.icd_10_cm: Form(
        r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", "R25.3", "https://icd10cmtool.cdc.gov/?fy=FY2026&query={}"
    ),
    CodeSystem.atc: Form(
        r"[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?", "A02BC01", "https://atcddd.fhi.no/atc_ddd_index/?code={}"
    ),
    CodeSystem.rxnorm: Form(
        r"[1-9]\d{0,7}", "7646", "https://mor.nlm.nih.gov/RxNav/search?searchBy=RXCUI&searchTerm={}"
    ),
    CodeSystem.cas: Form(r"[1-9]\d{1,6}-\d\d-\d", "7439-95-4", "https://commonchemistry.cas.org/detail?cas_rn={}"),
    CodeSystem.loinc: Form(r"[1-9]\d{0,4}-\d", "2601-3", "https://loinc.org/{}"),
}

PREFIXES = {"hp": "hpo", **{system.lower(): system.lower() for system in CodeSystem}}
"""What may stand before a code in a request -> what stands before it in the database."""

CODE_PATTERN = rf"^({'|'.join(PREFIXES)}):([A-Za-z]+:)?[A-Za-z0-9.-]+$"


def code_of(text: str) -> str | None:
    """`ICD-11:MB47.5`, `HP:0002380` or `hpo:HP:0002380` in the form in which codes are compared; none if it is no code.

    No vocabulary tells codes apart by case.
    """
    prefix, _, rest = text.lower().partition(":")
    if not re.fullmatch(CODE_PATTERN, f"{prefix}:{rest}"):
        return None
    return f"{PREFIXES[prefix]}:{rest.rpartition(':')[2]}"


def _address(system: Any, code: Any) -> str:
    """Where a vocabulary says what a code means; empty for what is neither."""
    if not (isinstance(system, str) and isinstance(code, str) and system in FORMS):
        return ""
    return FORMS[CodeSystem(system)].url.format(code.replace(":", "_"))


class Identifier(Model):
    """A code that another vocabulary has for what the record is about."""

    vocabulary: CodeSystem
    id: str = Field(
        description="The code, as the vocabulary writes it.",
        examples=["D008274"],
        json_schema_extra={"pattern": "^[A-Za-z0-9:.-]+$"},
    )
    match: Match
    url: str = Field(
        default="",
        description="Address of the code in its vocabulary.",
        json_schema_extra={"format": "uri", "pattern": "^https?://"},
    )

    @property
    def code(self) -> str:
        """With its vocabulary, in the form in which codes are compared."""
        return f"{self.vocabulary}:{self.id.rpartition(':')[2]}".lower()

    @model_validator(mode="before")
    @classmethod
    def _give_url(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("url"):
            return {**data, "url": _address(data.get("vocabulary"), data.get("id"))}
        return data

    @field_validator("url")
    @classmethod
    def _is_its_address(cls, value: str, info: ValidationInfo) -> str:
        if {"vocabulary", "id"} <= info.data.keys() and value != _address(info.data["vocabulary"], info.data["id"]):
            raise PydanticCustomError("code", "is not the address of the code; leave it out")
        return value

    @field_validator("id")
    @classmethod
    def _is_a_code(cls, value: str, info: ValidationInfo) -> str:
        form = FORMS.get(info.data.get("vocabulary"))  # type: ignore[arg-type]
        if form and not re.fullmatch(form.pattern, value, re.ASCII):
            message = 'is not a code of {system}; write it like "{example}"'
            raise PydanticCustomError("code", message, {"system": info.data["vocabulary"], "example": form.example})
        return value


class IdentifiedFile(RecordFile):
    """What the content files hold of records for which other vocabularies have codes."""

    same_as: list[Identifier] = Field(default=[], description="Its codes in other vocabularies.")
