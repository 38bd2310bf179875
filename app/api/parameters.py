"""Query parameters: comma-separated values, closed sets, slugs of records; nothing is ignored or guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.api.errors import ParameterError, nearest
from app.api.exports import ListFormat
from app.schemas.common import MAX_SLUG, SLUG_PATTERN

MAX_VALUES = 100


@dataclass(frozen=True)
class Commas:
    """Annotates a tuple parameter that is written with commas, as in `kind=mineral,vitamin`."""

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._parse)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "array", "items": self.items(), "minItems": 1, "maxItems": MAX_VALUES}

    def items(self) -> JsonSchemaValue:
        """JSON schema of one value."""
        raise NotImplementedError

    def check(self, value: str) -> None:
        """Raise a `PydanticCustomError` if the value is not allowed."""
        raise NotImplementedError

    def _parse(self, given: Any) -> tuple[str, ...]:
        values = [value for text in ([given] if isinstance(given, str) else given) for value in text.split(",")]
        if len(values) > MAX_VALUES:
            raise PydanticCustomError("too_many", "at most {most} values are allowed", {"most": MAX_VALUES})
        for value in values:
            self.check(value)
        return tuple(dict.fromkeys(values))


@dataclass(frozen=True)
class OneOf(Commas):
    """Values out of a closed set."""

    values: tuple[str, ...]

    def __init__(self, *values: str | type[StrEnum]) -> None:
        expanded: list[str] = []
        for value in values:
            expanded += [value] if isinstance(value, str) else [str(member) for member in value]
        object.__setattr__(self, "values", tuple(expanded))

    def items(self) -> JsonSchemaValue:
        """JSON schema of one value."""
        return {"type": "string", "enum": list(self.values)}

    def check(self, value: str) -> None:
        """Raise a `PydanticCustomError` if the value is not allowed."""
        if value not in self.values:
            # `nearest` compares lower-case words, and some values, such as RDA, are not
            folded = {allowed.lower(): allowed for allowed in self.values}
            suggestion = folded.get(nearest(value, folded) or "")
            context = {"value": value, "allowed": self.values, "suggestion": suggestion}
            raise PydanticCustomError("one_of", "'{value}' is not a valid value", context)


@dataclass(frozen=True)
class SlugOf(Commas):
    """Slugs of records of these kinds; whether they exist is asked of the database."""

    kinds: tuple[str, ...]

    def __init__(self, *kinds: str) -> None:
        object.__setattr__(self, "kinds", kinds)

    def items(self) -> JsonSchemaValue:
        """JSON schema of one value."""
        of = {"x-slug-of": list(self.kinds)} if self.kinds else {}
        return {"type": "string", "pattern": SLUG_PATTERN, "maxLength": MAX_SLUG, **of}

    def check(self, value: str) -> None:
        """Raise a `PydanticCustomError` if the value is not allowed."""
        if not value:
            raise PydanticCustomError("empty", "a value is empty")


@dataclass(frozen=True)
class CodeOf(Commas):
    """Codes out of a table of the database; whether they exist is asked of it."""

    table: str

    def items(self) -> JsonSchemaValue:
        """JSON schema of one value."""
        return {"type": "string", "pattern": "^[a-z0-9_]+$", "x-code-of": self.table}

    def check(self, value: str) -> None:
        """Raise a `PydanticCustomError` if the value is not allowed."""
        if not value:
            raise PydanticCustomError("empty", "a value is empty")


def sort_keys(*names: str) -> OneOf:
    """A `sort` parameter by these keys, each ascending or, with `-`, descending."""
    return OneOf(*(key for name in names for key in (name, f"-{name}")))


def fields_of(model: type[BaseModel]) -> OneOf:
    """A `fields` parameter with the keys of a record."""
    return OneOf(*(name for name, info in model.model_fields.items() if not info.exclude))


class Query(BaseModel):
    """Base of every query model."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _digits(given: object) -> object:
    """`5` is a number; `+5`, `5.0` and `1_0` are not, though Python would take them."""
    if isinstance(given, str) and not (given.isascii() and given.removeprefix("-").isdigit()):
        raise PydanticCustomError("whole_number", "a whole number is expected")
    return given


def _flag(given: object) -> object:
    """`true` and `false`; not `yes`, `on` or `1`, which the description does not name."""
    if isinstance(given, str) and given not in ("true", "false"):
        context = {"allowed": ("true", "false"), "suggestion": nearest(given, ("true", "false"))}
        raise PydanticCustomError("flag", "true or false is expected", context)
    return given


WholeNumber = Annotated[int, BeforeValidator(_digits)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class PageQuery(Query):
    """How much of a list to show."""

    limit: WholeNumber = Field(default=20, ge=1, le=100, description="How many items to show, 1 to 100.")
    offset: WholeNumber = Field(default=0, ge=0, le=2**31 - 1, description="How many items to skip.")


class DetailQuery(Query):
    """How much of a record to show. Each collection adds its `fields` and `include`."""


class AnyListQuery(PageQuery):
    """Parameters that every list of records has. Each collection adds its filters, `sort`, `fields` and `include`."""

    slug: Annotated[tuple[str, ...], SlugOf()] = Field(default=(), description="Only these records: a bulk get.")
    from_article: Flag | None = Field(
        default=None, description="True: only what the article on muscle twitching names; false: only what was added."
    )


class ListQuery(AnyListQuery):
    """Parameters of a list that comes in the usual formats."""

    format: ListFormat = Field(
        default="json",
        description="JSON in pages; or the whole filtered list as CSV or NDJSON, cut only by a `limit` that is given. "
        "`Accept` can ask for the same.",
    )


def read_query(query: bytes, allowed: Sequence[str]) -> tuple[dict[str, str], list[ParameterError]]:
    """The parameters of a query string, and what is wrong: none that is unknown, repeated or empty is guessed at."""
    if not query:
        return {}, []
    errors: list[ParameterError] = []
    given: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in allowed:
            errors.append(_wrong(name, "Unknown parameter.", allowed, nearest(name, allowed)))
        elif name in seen:
            errors.append(_wrong(name, "Given more than once; separate several values by commas."))
        elif not value:
            errors.append(_wrong(name, "Empty; give a value or leave the parameter out."))
        else:
            given[name] = value
        seen.add(name)
    return given, errors


def _wrong(
    name: str, message: str, allowed: Sequence[str] = (), suggestion: str | None = None, location: str = "query"
) -> ParameterError:
    return ParameterError(
        parameter=name, location=location, message=message, allowed=list(allowed), suggestion=suggestion
    )
