"""/docs (Swagger UI) and /redoc, with every asset from this host: they work without internet, under a strict policy."""

from fastapi import Response

from app.api.routing import HTML, Router
from app.pages.assets import package, site
from app.pages.index import html

POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self'; "
    "worker-src {workers}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

CONTENT_SECURITY_POLICIES = {
    "/docs": POLICY.format(styles="'self'", workers="'none'"),
    # Redoc writes its styles while it renders, and makes the worker that searches from its own text
    "/redoc": POLICY.format(styles="'self' 'unsafe-inline'", workers="blob:"),
}
"""The policy that each page needs."""

BODY = '<main id="reference"><noscript>This page needs JavaScript; /openapi.json says the same.</noscript></main>'

router = Router(include_in_schema=False)


@router.get("/docs")
async def get_docs() -> Response:
    """Swagger UI: read the API description and try it out."""
    folder = package("swagger-ui")
    return html(
        "API reference",
        BODY,
        CONTENT_SECURITY_POLICIES["/docs"],
        styles=(f"{folder}/swagger-ui.css", site("/docs.css")),
        scripts=(f"{folder}/swagger-ui-bundle.js", site("/swagger.js")),
    )


@router.get("/redoc")
async def get_redoc() -> Response:
    """Redoc: read the API description."""
    return html(
        "API reference, to read",
        BODY,
        CONTENT_SECURITY_POLICIES["/redoc"],
        styles=(site("/docs.css"),),
        scripts=(f"{package('redoc')}/redoc.standalone.js", site("/redoc.js")),
    )


router.offer("/docs", HTML)
router.offer("/redoc", HTML)
