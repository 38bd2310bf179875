"""The templates of the pages: their environment, and what is done to a page that they made."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app import __version__
from app.pages.assets import site
from app.pages.charts import bar, claims_board, mechanism_diagram
from app.pages.intake_chart import intake_chart
from app.pages.linked_data import USUAL_NAMES
from app.pages.words import WORDS, day, linked, number, people, quantity, quoted, relation, words
from app.schemas import KINDS

DOCTOR = "when-to-see-a-doctor"
"""The question that the start page answers before all else, where the content has it among the first."""

_BLANKS = re.compile(r"\s*\n\s*")
EXPLAINED = '<small><a href="/#grades">What the grades mean</a></small>'
_GRADE = re.compile(r'<span class="grade .*?</span>', re.DOTALL)
_HEADING = re.compile(r'<h2 id="([a-z-]+)">(.*?)</h2>')
CONTENTS = "<!--contents-->"
FEWEST = 4
"""Headings from which on a page has a table of contents."""


def numbered(page: dict[str, Any]) -> list[tuple[int, str]]:
    """Numbers of a list's first page, this one with its neighbours, and the last; each with its address, save this."""
    here, last = page["offset"] // page["limit"] + 1, -(-page["total"] // page["limit"])
    address = page["next"] or page["previous"]
    return [
        (number, "" if number == here else re.sub(r"\boffset=\d+", f"offset={(number - 1) * page['limit']}", address))
        for number in sorted({1, here - 1, here, here + 1, last})
        if 1 <= number <= last
    ]


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.filters |= {
    each.__name__: each for each in (words, number, quantity, day, quoted, linked, numbered, relation, people)
}
_environment.globals |= {each.__name__: each for each in (bar, claims_board, mechanism_diagram, intake_chart)}
_environment.globals |= {
    "site": site,
    "api_version": __version__,
    "kinds": KINDS,
    "DOCTOR": DOCTOR,
    "USUAL_NAMES": USUAL_NAMES,
    "WORDS": WORDS,
}


def render(template: str, **context: Any) -> bytes:
    html = _BLANKS.sub("\n", _environment.get_template(template).render(context))
    # who meets a grade for the first time can ask what it means
    if 'id="grades"' not in html:
        html = _GRADE.sub(rf"\g<0> {EXPLAINED}", html, 1)
    if CONTENTS in html:
        headings = _HEADING.findall(html)
        items = "".join(f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in headings)
        contents = f'<nav class="contents" aria-label="On this page"><p>On this page</p><ol>{items}</ol></nav>'
        html = html.replace(CONTENTS, contents if len(headings) >= FEWEST else "")
    return html.encode()
