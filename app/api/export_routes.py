"""/{collection}.{format}: everything of a filtered list, whole.

These are plain routes: which parameters they take depends on the collection, so they parse the query themselves.
"""

from collections.abc import Mapping

from fastapi import Request, Response
from starlette.routing import Route

from app.api.exports import MEDIA_TYPES
from app.api.resource import EXPORT_FORMATS, Listing, Resource, export_response
from app.api.resources.nutrient_foods import export_listing
from app.api.responses import read


class ExportRoute(Route):
    """An export in one format."""

    streamed = True

    def __init__(self, listing: Listing, format: str) -> None:
        async def export(request: Request) -> Response:
            return await export_response(request, listing, format)

        super().__init__(f"{listing.path}.{format}", export, methods=["GET"], include_in_schema=False)
        self.media_types = (MEDIA_TYPES[format].partition(";")[0],)


class AmountExportRoute(Route):
    """The amounts of one nutrient in foods, in one format."""

    streamed = True

    def __init__(self, format: str) -> None:
        async def export(request: Request) -> Response:
            slug = request.path_params["slug"]
            listing = await read(request, lambda connection: export_listing(connection, request, slug, format))
            return listing if isinstance(listing, Response) else await export_response(request, listing, format)

        super().__init__(f"/nutrients/{{slug}}/food-sources.{format}", export, methods=["GET"], include_in_schema=False)
        self.media_types = (MEDIA_TYPES[format].partition(";")[0],)


def export_routes(collections: Mapping[str, Resource]) -> list[Route]:
    """A route for each collection and format."""
    routes: list[Route] = [
        ExportRoute(resource.listing, name) for resource in collections.values() for name in resource.listing.formats
    ]
    return routes + [AmountExportRoute(name) for name in EXPORT_FORMATS]
