"""The records of a dataset by slug: what content is validated with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import PydanticCustomError

from app.schemas.common import Ref
from seed.grades import reason_of, support_of
from seed.problems import did_you_mean


@dataclass(frozen=True)
class Names:
    """Every record of a dataset by slug, and the type of each source."""

    refs: Mapping[str, Ref]
    source_types: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> list[str]:
        """The slugs of the records of these kinds."""
        return [ref.slug for ref in self.refs.values() if ref.kind in kinds]

    def reason_of(self, citations: list[Any]) -> str:
        """What a grade with these citations rests on, in a sentence."""
        return reason_of(support_of(citations, self.source_types))

    def resolve(self, slug: str, kinds: tuple[str, ...]) -> Ref:
        """The reference that a slug stands for; a `PydanticCustomError` names the likely intended one."""
        ref = self.refs.get(slug)
        if ref and ref.kind in kinds:
            return ref
        wanted = " or ".join(kind.replace("_", " ") for kind in kinds)
        if ref:
            found = ref.kind.replace("_", " ")
            raise PydanticCustomError(
                "reference_kind",
                '"{slug}" is a {found}, not a {wanted}',
                {"slug": slug, "found": found, "wanted": wanted},
            )
        hint = did_you_mean(slug, self.of_kind(*kinds), "add its file, or correct the slug")
        raise PydanticCustomError(
            "reference_unknown", 'unknown {wanted} "{slug}"{hint}', {"slug": slug, "wanted": wanted, "hint": hint}
        )
