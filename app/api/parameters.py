"""Query parameters: several values, closed sets, slugs of records. Nothing is ignored or guessed."""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.api.errors import InvalidParameters, ParameterError, nearest, parameter_errors, wrong
from app.api.queries import annotations, column_from, column_in, column_is, column_to, identified_by
from app.schemas.common import MAX_SLUG, SLUG_PATTERN
from app.schemas.identifier import CODE_PATTERN, CodeSystem, code_of

MAX_VALUES = 100
MAX_ERRORS = 20
"""An error names so many parameters at most: a request must not ask for an answer of any length."""

Q = TypeVar("Q", bound="Query")


class CommaSeparated:
    """Annotates a tuple parameter: `type=a,b`, `type=a&type=b` or `type[]=a&type[]=b`."""

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._parse)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "array", "items": self.items(), "minItems": 1, "maxItems": MAX_VALUES}

    def items(self) -> JsonSchemaValue:
        """JSON schema of one value."""
        raise NotImplementedError

    def check(self, value: str) -> None:
        """Raise a `PydanticCustomError` if the value is not allowed."""
        if not value:
            raise PydanticCustomError("empty", "a value is empty")

    def _parse(self, given: list[str]) -> tuple[str, ...]:
        values = [value for text in given for value in text.split(",")]
        if len(values) > MAX_VALUES:
            raise PydanticCustomError("too_many", "at most {most} values are allowed", {"most": MAX_VALUES})
        for value in values:
            self.check(value)
        return tuple(dict.fromkeys(values))


class Choices(CommaSeparated):
    """Values out of a closed set, such as an enumeration."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(map(str, values))

    def items(self) -> JsonSchemaValue:
        return {"type": "string", "enum": list(self.values)}

    def check(self, value: str) -> None:
        if value not in self.values:
            context = {"value": value, "allowed": self.values, "suggestion": nearest(value, self.values)}
            raise PydanticCustomError("choice", "'{value}' is not a valid value", context)


class Slugs(CommaSeparated):
    """Slugs of records of these kinds, else of the list's own; the database is asked whether they exist."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def items(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": SLUG_PATTERN, "maxLength": MAX_SLUG}


class Codes(CommaSeparated):
    """Codes out of a table of the database, which is asked whether they exist."""

    def items(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^[a-z0-9_]+$"}


class Identifiers(CommaSeparated):
    """Codes of other vocabularies; a code that no record has selects nothing."""

    def items(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": CODE_PATTERN}

    def check(self, value: str) -> None:
        check_code(value)


def check_code(value: str) -> str:
    """The value; a `PydanticCustomError` if it is not a code with its vocabulary."""
    if code_of(value) is None:
        context = {"value": value[:MAX_SLUG], "allowed": list(CodeSystem)}
        raise PydanticCustomError("code", "'{value}' is not a vocabulary and a code, such as mesh:D008274", context)
    return value


def sort_keys(*names: str) -> Choices:
    """A `sort` parameter by these keys, each ascending or, with `-`, descending."""
    return Choices(key for name in names for key in (name, f"-{name}"))


class Query(BaseModel):
    """Base of every query model."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _digits(given: object) -> object:
    # Python would take `+5`, `5.0` and `1_0` for whole numbers, too
    if isinstance(given, str) and not (given.isascii() and given.removeprefix("-").isdigit()):
        raise PydanticCustomError("whole_number", "a whole number is expected")
    return given


def _boolean(given: object) -> object:
    if isinstance(given, str) and given.lower() not in ("true", "false"):
        context = {"allowed": ("true", "false"), "suggestion": nearest(given, ("true", "false"))}
        raise PydanticCustomError("boolean", "true or false is expected", context)
    return given.lower() == "true" if isinstance(given, str) else given


def _day(given: object) -> object:
    # Pydantic would take a time and a number of seconds, too, and Python `20261125`
    if isinstance(given, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise PydanticCustomError("day", "a day such as 2026-11-25 is expected")
    return given


WholeNumber = Annotated[int, BeforeValidator(_digits)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Day = Annotated[date, BeforeValidator(_day)]


class PageQuery(Query):
    """Which page of a list to show."""

    limit: WholeNumber = Field(default=20, ge=1, le=100, description="How many items to show.", examples=[20])
    offset: WholeNumber = Field(default=0, ge=0, le=2**31 - 1, description="How many items to skip.", examples=[0])


class RecordFilters(Query):
    """Filters that every collection has; each adds its own."""

    slug: Annotated[tuple[str, ...], Slugs(), column_in("slug")] = Field(default=(), description="Only these.")
    from_article: Annotated[Boolean | None, column_is("from_article")] = Field(
        default=None,
        description="True: only what the article on muscle twitching names; false: only what was added.",
        examples=[True],
    )
    last_reviewed_after: Annotated[Day | None, column_from("last_reviewed")] = Field(
        default=None, description="Last reviewed on this day or later.", examples=["2026-11-01"]
    )
    last_reviewed_before: Annotated[Day | None, column_to("last_reviewed")] = Field(
        default=None, description="Last reviewed on this day or earlier.", examples=["2026-12-31"]
    )


SameAs = Annotated[
    tuple[str, ...],
    Identifiers(),
    identified_by(),
    Field(
        description="Only records with one of these codes.",
        # a nutrient, a symptom, a factor and a food, so that the example finds something in each collection
        examples=[["mesh:D008274", "icd-11:MB47.5", "mesh:D004232", "fdc:168462"]],
    ),
]


def parse_query(model: type[Q], query_string: bytes) -> Q:
    """The query model of a request; `InvalidParameters` names everything that is wrong, up to `MAX_ERRORS`."""
    values, errors = _values(model, query_string)
    try:
        query = model.model_validate(values)
    except ValidationError as error:
        known = {item.parameter for item in errors}
        errors += [item for item in parameter_errors(error) if item.parameter not in known]
    if errors:
        raise InvalidParameters(errors[:MAX_ERRORS])
    return query


def _values(model: type[Query], query_string: bytes) -> tuple[dict[str, Any], list[ParameterError]]:
    """What a query string holds, by parameter, and what is wrong with it: unknown, repeated or empty parameters."""
    given: defaultdict[str, list[str]] = defaultdict(list)
    plurals = annotations(model, CommaSeparated)
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        plural = name.removesuffix("[]")
        given[plural if plural in plurals else name].append(value)
    errors: list[ParameterError] = []
    values: dict[str, Any] = {}
    known = model.model_fields
    for name, texts in given.items():
        if len(errors) == MAX_ERRORS:
            break
        if name not in known:
            errors.append(wrong(name, "Unknown parameter.", known, nearest(name, known)))
        elif "" in texts:
            errors.append(wrong(name, "Empty; give a value or leave the parameter out."))
        elif name in plurals:
            values[name] = texts
        elif len(texts) > 1:
            errors.append(wrong(name, "Given more than once, but it takes one value."))
        else:
            values[name] = texts[0]
    return values, errors
