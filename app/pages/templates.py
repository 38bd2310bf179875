"""The templates of the pages: their environment, and the words in which they show values."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app import __version__
from app.pages import charts
from app.pages.assets import site
from app.pages.intake_chart import UNITS
from app.schemas import KINDS

PER = {
    "d": " a day",
    "MJ": " per MJ of energy",
    "kg.d": " per kg of body weight a day",
    "100.g": " per 100 g",
    "{serving}": "",
}
COMPARATORS = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", "range": "from"}

GRADES = {
    "established": ("■■■■■", "Undisputed physiology, or a textbook consequence of a measured deficiency."),
    "strong": ("■■■■□", "A systematic review, a guideline or several studies that agree."),
    "moderate": ("■■■□□", "A study, a review or a health authority's fact sheet."),
    "limited": ("■■□□□", "Cases, or indirect or conflicting evidence."),
    "mechanistic": ("■□□□□", "A plausible mechanism; no independent source shows the outcome."),
    "contradicted": ("✕", "The evidence found contradicts the statement as worded."),
}
"""The mark of each grade, which can be told from the others without colour, and what the grade means."""

STANCES = {"supports": "✓", "qualifies": "~", "refutes": "✕"}

URGENCY = {"emergency": "Emergency", "same-day": "Same day", "routine": "Make an appointment"}

_BLANKS = re.compile(r"\s*\n\s*")
_HEADING = re.compile(r'<h2 id="([a-z-]+)">(.*?)</h2>')
CONTENTS = "<!--contents-->"
FEWEST = 4
"""Headings from which on a page has a table of contents."""


def words(code: str) -> str:
    """A code of ours as people write it: `leafy-greens` is "Leafy greens"."""
    text = code.replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    """A number with its thousands set apart."""
    return f"{value:,}"


def quantity(value: dict[str, Any] | None) -> str:
    """A quantity, range or mass in words: "320 mg a day"."""
    if value is None:
        return "not determined"
    amount = number(value["value"]) if "value" in value else f"{number(value['min'])} to {number(value['max'])}"
    return f"{amount} {UNITS.get(value['unit'], value['unit'])}{PER.get(value.get('per', ''), '')}"


def day(text: str) -> str:
    """An ISO date as people write it: "25 November 2026"."""
    moment = date.fromisoformat(text)
    return f"{moment.day} {moment:%B %Y}"


def linked(text: str) -> Markup:
    """A text in which the paths of this API are links: errors name what was probably meant."""
    # escaped before the links are put in
    return Markup(re.sub(r"(?<=\s)(/(?:[\w./-]*[\w/])?)", r'<a href="\1">\1</a>', str(escape(text))))  # noqa: S704


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.filters |= {"words": words, "number": number, "quantity": quantity, "day": day, "linked": linked}
_environment.globals |= {
    "site": site,
    "api_version": __version__,
    "charts": charts,
    "kinds": KINDS,
    "GRADES": GRADES,
    "STANCES": STANCES,
    "URGENCY": URGENCY,
    "COMPARATORS": COMPARATORS,
}


def render(template: str, **context: Any) -> bytes:
    """A whole page."""
    html = _BLANKS.sub("\n", _environment.get_template(template).render(context))
    if CONTENTS in html:
        headings = _HEADING.findall(html)
        items = "".join(f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in headings)
        contents = f'<nav class="contents" aria-label="On this page"><p>On this page</p><ol>{items}</ol></nav>'
        html = html.replace(CONTENTS, contents if len(headings) >= FEWEST else "")
    return html.encode()
