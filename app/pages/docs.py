"""/docs (Swagger UI), with every asset from this host: it works without internet, under a strict policy."""

from fastapi import Response

from app.api.routing import HTML, Router
from app.pages.assets import package, site
from app.pages.index import html

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of the page."""

BODY = '<div id="reference"><noscript>This page needs JavaScript; /openapi.json says the same.</noscript></div>'

router = Router(include_in_schema=False)


@router.get("/docs")
async def get_docs() -> Response:
    """Swagger UI: read the API description and try it out."""
    folder = package("swagger-ui")
    return html(
        "API reference",
        BODY,
        CONTENT_SECURITY_POLICY,
        styles=(f"{folder}/swagger-ui.css", site("/docs.css")),
        scripts=(f"{folder}/swagger-ui-bundle.js", site("/swagger.js")),
    )


@router.get("/redoc")
async def get_redoc() -> Response:
    """Where a second reference was: there is one."""
    return Response(status_code=308, headers={"Location": "/docs"})


router.offer("/docs", HTML)
router.offer("/redoc", HTML)
