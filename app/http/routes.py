"""What each path offers, read off the routes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from re import Pattern

from starlette.routing import BaseRoute, Route


@dataclass(frozen=True)
class Offer:
    """What a route offers: media types, the default first (none: its one representation, whatever `Accept` says).

    `parameters` are the names of the query parameters it knows; null where it does not tell.
    """

    media_types: tuple[str, ...] = ()
    parameters: frozenset[str] | None = None
    streamed: bool = False
    template: str = field(default="", compare=False)
    """Its path, such as `/nutrients/{slug}`."""


OfferOf = Callable[[str], Offer | None]


def offers_of(routes: Iterable[BaseRoute]) -> OfferOf:
    """A function from a path to what it offers; None for an unknown path."""
    fixed: dict[str, Offer] = {}
    templates: dict[str, list[tuple[Pattern[str], Offer]]] = {}
    for route in routes:
        if isinstance(route, Route):
            streamed = getattr(route, "streamed", False)
            offer = Offer(getattr(route, "media_types", ()), _parameters(route), streamed, route.path)
            if "{" in route.path:
                # every template of ours fixes its first segment
                templates.setdefault(_first_segment(route.path), []).append((route.path_regex, offer))
            else:
                fixed.setdefault(route.path, offer)

    def offer_of(path: str) -> Offer | None:
        candidates = templates.get(_first_segment(path), ())
        return fixed.get(path) or next((offer for pattern, offer in candidates if pattern.match(path)), None)

    return offer_of


def template_of(offer: Offer | None) -> str:
    """What a request is logged and counted by: no path of a client's making becomes a label."""
    return offer.template if offer else "unmatched"


def _first_segment(path: str) -> str:
    return path[1:].partition("/")[0]


def _parameters(route: Route) -> frozenset[str] | None:
    model = getattr(route, "query_model", None)
    return None if model is None else frozenset(model.model_fields)
