"""/docs (Swagger UI), with every asset from this host: it works without internet, under a strict policy."""

from fastapi import Response

from app.api.routing import HTML, Router
from app.pages.assets import package
from app.pages.templates import render

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = Router(include_in_schema=False)


@router.get("/docs")
async def get_docs() -> Response:
    page = render("docs.html", swagger_ui=package("swagger-ui"))
    return Response(page, headers={"Content-Security-Policy": POLICY}, media_type=HTML)


@router.get("/redoc")
async def get_redoc() -> Response:
    """The address of a second reference, which is gone: leads to the one that is left."""
    return Response(status_code=308, headers={"Location": "/docs"})


router.offer("/docs", HTML)
router.offer("/redoc", HTML)
