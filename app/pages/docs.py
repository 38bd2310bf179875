"""/docs (Swagger UI), with every asset from this host: it works without internet, under a strict policy."""

from collections.abc import Sequence
from html import escape

from fastapi import Response

from app.api.routing import HTML, Router
from app.pages.assets import package, site

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of the page."""

BODY = """<nav class="back"><a href="/">← Nutrient Knowledge</a></nav>
<div id="reference"><noscript>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> says the same,
<a href="/llms.txt">/llms.txt</a> in short.</noscript></div>"""

router = Router(include_in_schema=False)


def html(title: str, body: str, policy: str, styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> Response:
    """A page that scripts fill; `body` is HTML already, `policy` its Content-Security-Policy."""
    links = "".join(f'<link rel="stylesheet" href="{escape(path)}">\n' for path in styles)
    loads = "".join(f'<script src="{escape(path)}" defer></script>\n' for path in scripts)
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} - Nutrient Knowledge API</title>
<link rel="icon" type="image/svg+xml" href="{site("/icon.svg")}">
{links}{loads}</head>
<body>
{body}
</body>
</html>
"""
    return Response(text, headers={"Content-Security-Policy": policy}, media_type="text/html")


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
