"""The frame of the docs pages, which scripts of others fill."""

from collections.abc import Sequence
from html import escape

from fastapi import Response

from app.pages.assets import site


def html(title: str, body: str, policy: str, styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> Response:
    """A whole page; `body` is HTML already, `policy` its Content-Security-Policy."""
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
