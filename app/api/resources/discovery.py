"""What programs look for at known addresses: /llms.txt, /robots.txt, /sitemap.xml and two files below /.well-known."""

import json
from datetime import UTC, datetime, timedelta
from html import escape

from fastapi import Request, Response
from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.errors import NotFound
from app.api.records import ReleaseInfo
from app.api.responses import from_dataset
from app.api.routing import Router
from app.database.models import Record
from app.schemas import KINDS

QUESTIONS = {
    "All minerals, by name": "/nutrients?type=mineral",
    "Magnesium with its mechanisms, foods and claims": "/nutrients/magnesium?include=mechanisms,food_sources,claims",
    "What affects muscle twitching, best supported first": "/symptoms/fasciculation?include=claims,mechanisms",
    "What the evidence contradicts": "/claims?grade=contradicted",
    "Questions and answers about magnesium": "/faq?nutrient=magnesium",
}
"""What one request answers: examples for who reads llms.txt."""

router = Router()

PLAIN = "text/plain"

MAX_SITEMAP = 50_000
"""Addresses that a sitemap may hold (sitemaps.org); those of more records are left out."""

SECURITY_DAYS = 180
"""Days for which security.txt may be believed: RFC 9116 advises less than a year."""

LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'

OUTLETS = {
    "/openapi.json": "every address and parameter (OpenAPI 3.1)",
    "/search?q=leg+cramps+at+night": "search, in the words that people use",
    "/nutrients.ndjson": "a whole collection, one record a line; each collection has it, and `.csv`",
    "/comparison": "the nutrients side by side",
    "/changes": "what changed since the last release; [/changes.atom](/changes.atom) is a feed",
    "/dataset": "version, licence and counts",
}
"""What /llms.txt names next to the collections."""


async def get_llms(request: Request) -> Response:
    """What this is and where to begin, for language models (llmstxt.org)."""

    def text(_connection: Connection, release: ReleaseInfo) -> str:
        collections = "".join(f"- [{kind.title}](/{kind.collection}): {kind.description}\n" for kind in KINDS.values())
        questions = "".join(f"- [{question}]({path})\n" for question, path in QUESTIONS.items())
        outlets = "".join(f"- [{path}]({path}): {what}\n" for path, what in OUTLETS.items())
        return f"""# {release["title"]}

> {release["description"]} {release["disclaimer"]}

A read-only HTTP API without a key; dataset {release["version"]}, licence {release["licence"]}. Every statement has a
grade (established, strong, moderate, limited, mechanistic, contradicted) and citations: give both when you pass it on.
Addresses answer JSON; one record, such as [/nutrients/magnesium](/nutrients/magnesium), is Markdown for
`Accept: text/markdown`. Lists take `limit`, `offset`, `sort` and filters; an error names what is allowed.

## Collections

{collections}
## Questions

{questions}
## More

{outlets}"""

    return await from_dataset(request, text, PLAIN)


async def get_robots(request: Request) -> Response:
    """Everything may be read; where the sitemap is (RFC 9309)."""
    base = request.app.state.settings.public_url
    sitemap = f"\nSitemap: {base}/sitemap.xml\n" if base else ""
    return Response(f"User-agent: *\nAllow: /\n{sitemap}", media_type=PLAIN)


async def get_sitemap(request: Request) -> Response:
    """The address of every collection and record (sitemaps.org)."""
    base = escape(request.app.state.settings.public_url)
    if not base:
        raise NotFound("A sitemap needs whole addresses: there is one where PUBLIC_URL is set.")

    def xml(connection: Connection, _release: ReleaseInfo) -> str:
        paths = ["/", *(f"/{kind.collection}" for kind in KINDS.values())]
        selected = select(col(Record.kind), col(Record.slug)).order_by(col(Record.slug))
        rows = connection.execute(selected.limit(MAX_SITEMAP - len(paths)))
        paths += [KINDS[row.kind].url(row.slug) for row in rows]
        urls = "".join(f"<url><loc>{base}{path}</loc></url>\n" for path in paths)
        return f"""<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}</urlset>
"""

    return await from_dataset(request, xml, "application/xml")


async def get_api_catalog(request: Request) -> Response:
    """Where this API, its description and its documentation are (RFC 9727), as a linkset (RFC 9264)."""
    base = request.app.state.settings.public_url

    def linkset(_connection: Connection, release: ReleaseInfo) -> str:
        def links(path: str, media_type: str) -> list[dict[str, str]]:
            return [{"href": base + path, "type": media_type}]

        api = {
            "anchor": f"{base}/",
            "service-desc": links("/openapi.json", "application/json"),
            "service-doc": [*links("/docs", "text/html"), *links("/llms.txt", PLAIN)],
            "service-meta": links("/dataset", "application/json"),
            "status": links("/readyz", "application/json"),
            "license": [{"href": release["licence_url"]}],
        }
        return json.dumps({"linkset": [api]})

    # RFC 9727 asks for it in the answer to HEAD
    return await from_dataset(request, linkset, LINKSET, {"api-catalog": "/.well-known/api-catalog"})


async def get_security(request: Request) -> Response:
    """Whom to tell of a weakness (RFC 9116)."""
    contact = request.app.state.settings.security_contact
    if not contact:
        raise NotFound("No contact is named: there is one where SECURITY_CONTACT is set.")
    expires = (datetime.now(UTC) + timedelta(days=SECURITY_DAYS)).strftime("%Y-%m-%dT00:00:00Z")
    base = request.app.state.settings.public_url
    canonical = f"Canonical: {base}/.well-known/security.txt\n" if base else ""
    text = f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n{canonical}"
    # not with the answers of a release, which stay for as long as it does
    return Response(text, headers={"Cache-Control": "max-age=86400"}, media_type=PLAIN)


# plain routes: each is one file, whatever `Accept` and the query say
router.add_route("/llms.txt", get_llms)
router.add_route("/robots.txt", get_robots)
router.add_route("/sitemap.xml", get_sitemap)
router.add_route("/.well-known/api-catalog", get_api_catalog)
router.add_route("/.well-known/security.txt", get_security)
