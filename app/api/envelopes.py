"""What records and lists come in: pages, related records as cards, the disclaimer."""

from typing import Any

from pydantic import ConfigDict, Field, create_model

from app.schemas import COLLECTIONS
from app.schemas.common import Disclaimer, Model, UrlPath


class _Optional(Model):
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)


_cards: dict[str, Any] = {
    key: (list[kind.card], Field(default=[], description=kind.title))  # type: ignore[name-defined]
    for key, kind in COLLECTIONS.items()
}

# made from the registry: a new kind can be included without being named here
Included = create_model(
    "Included",
    __base__=_Optional,
    __doc__="Related records as cards, by collection, where `include` asks for them.",
    **_cards,
)


class Envelope(Model):
    """What comes with every record and every list."""

    included: Included
    disclaimer: Disclaimer


class PageBase(Model):
    """Where a page stands in its list."""

    total: int = Field(ge=0, description="How many items the filters select.")
    limit: int = Field(ge=1, le=100, description="How many items a page holds at most.")
    offset: int = Field(ge=0, description="How many items come before this page.")
    next: UrlPath | None = Field(description="Path of the next page; null on the last.")
    previous: UrlPath | None = Field(description="Path of the page before; null on the first.")


class Page(Envelope, PageBase):
    """One page of a list."""


def page_model(name: str, item: type[Any]) -> type[Page]:
    """The model of a page of these items."""
    items: dict[str, Any] = {"items": (list[item], Field(description="The items."))}  # type: ignore[valid-type]
    return create_model(name, __base__=Page, __doc__=Page.__doc__, **items)
