"""JSON Schemas (2020-12) of what is answered: a record, a card and a page of each kind, each self-contained."""

from typing import Any

from app.api.envelopes import page_model
from app.schemas import KINDS
from app.schemas.common import Json, Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_path(kind: str, shape: str = "") -> str:
    """Path of the schema of a kind's record, or of its `card` or `page`."""
    return f"/schemas/{kind}-{shape}.json" if shape else f"/schemas/{kind}.json"


def models() -> dict[str, type[Model]]:
    """What each schema describes, by its path."""
    found: dict[str, type[Model]] = {}
    for kind in KINDS.values():
        found[schema_path(kind.name)] = kind.record
        found[schema_path(kind.name, "card")] = kind.card
        found[schema_path(kind.name, "page")] = page_model(f"{kind.record.__name__}Page", kind.card)
    return found


def json_schema(path: str, model: type[Model]) -> Json:
    """The schema at a path; what else an answer holds, such as `included` of a record, is allowed."""
    described: Json = _without_noise(model.model_json_schema(mode="serialization"))
    return {"$schema": DIALECT, "$id": path, "title": model.__name__, **described}


def _without_noise(schema: Any) -> Any:
    """Without titles that restate a key, and defaults: every key is always sent.

    Keys may be added within a major version, so none are forbidden.
    """
    if isinstance(schema, list):
        return [_without_noise(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_noise(value)
        for key, value in schema.items()
        # a property may have such a name, too: then it is an object
        if isinstance(value, dict) or key not in ("title", "default", "additionalProperties")
    }
