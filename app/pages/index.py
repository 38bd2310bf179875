"""HTML pages for browsers: the frame of a page, and the index of everything."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from fastapi import Response

from app.pages.assets import site

if TYPE_CHECKING:
    from app.api.resources.dataset import Index, IndexEntry

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of a page without scripts."""

QUESTIONS = {
    "All minerals, by name": "/nutrients?type=mineral",
    "Magnesium with its mechanisms, foods and claims": "/nutrients/magnesium?include=mechanisms,food_sources,claims",
    "What affects muscle twitching, best supported first": "/symptoms/fasciculation?include=claims,mechanisms",
    "What the evidence contradicts": "/claims?grade=contradicted",
    "Questions and answers about magnesium": "/faq?nutrient=magnesium",
}


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


def index_page(index: "Index") -> Response:
    """The index of everything, to read and to click."""
    body = f"""<a class="skip" href="#collections">Skip to the collections</a>
<header>
<p class="eyebrow">Open, read-only REST API, no key</p>
<h1>{escape(index.title)}</h1>
<p class="lead">{escape(index.description)}</p>
<p class="actions"><a class="button" href="/docs">API reference</a></p>
</header>
<main>
<section aria-labelledby="collections">
<h2 id="collections">Collections</h2>
<ul class="cards">
{"".join(_card(entry) for entry in index.collections)}</ul>
</section>
<section aria-labelledby="questions">
<h2 id="questions">One request answers</h2>
<ul class="rows">
{"".join(_row(text, path) for text, path in QUESTIONS.items())}</ul>
</section>
<section aria-labelledby="resources">
<h2 id="resources">Everything else</h2>
<ul class="rows">
{"".join(_row(entry.name, entry.url) for entry in index.resources)}</ul>
</section>
</main>
<footer>
<p class="disclaimer"><strong>Please note.</strong> {escape(index.disclaimer)}</p>
<p>Dataset {escape(index.dataset)}, licence {escape(index.licence)}. Programs get this page as JSON.</p>
</footer>"""
    return html(index.title, body, CONTENT_SECURITY_POLICY, styles=(site("/page.css"),))


def _card(entry: "IndexEntry") -> str:
    records = f"{entry.total} record{'' if entry.total == 1 else 's'}"
    return f'<li><a href="{escape(entry.url)}"><b>{escape(entry.name)}</b> <span>{records}</span></a></li>\n'


def _row(text: str, path: str) -> str:
    return f'<li><a href="{escape(path)}">{escape(text)}</a> <code>{escape(path)}</code></li>\n'
