"""/{collection}.{format}: everything of a filtered list, whole.

These are plain routes: which parameters they take depends on the collection, so they parse the query themselves.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.routing import Route

from app.api.exports import MEDIA_TYPES
from app.api.resource import EXPORT_FORMATS, Listing, Resource, export_response
from app.api.resources.nutrient_foods import export_listing
from app.api.responses import read


class ExportRoute(Route):
    """An export in one format."""

    streamed = True

    def __init__(self, path: str, format: str, export: Callable[[Request], Awaitable[Response]]) -> None:
        super().__init__(f"{path}.{format}", export, methods=["GET"], include_in_schema=False)
        self.media_types = (MEDIA_TYPES[format].partition(";")[0],)


def export_routes(collections: Mapping[str, Resource]) -> list[ExportRoute]:
    """A route for each collection and format, and for the amounts of a nutrient in foods."""
    listings = [resource.listing for resource in collections.values()]
    routes = [_of_listing(listing, name) for listing in listings for name in listing.formats]
    return routes + [_of_amounts(name) for name in EXPORT_FORMATS]


def _of_listing(listing: Listing, format: str) -> ExportRoute:
    async def export(request: Request) -> Response:
        return await export_response(request, listing, format)

    return ExportRoute(listing.path, format, export)


def _of_amounts(format: str) -> ExportRoute:
    async def export(request: Request) -> Response:
        slug = request.path_params["slug"]
        listing = await read(request, lambda connection: export_listing(connection, request, slug, format))
        return listing if isinstance(listing, Response) else await export_response(request, listing, format)

    return ExportRoute("/nutrients/{slug}/food-sources", format, export)
