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
from app.pages.linked_data import USUAL_NAMES
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

URGENCY = {"emergency": "Emergency", "same-day": "Urgent advice", "routine": "Non-urgent advice"}
"""The headings by which the NHS tells how fast to act."""

LABELS = {
    "faq_entry": "FAQ",
    "is_food": "Is a food",
    "lactating": "Breastfeeding",
    "standing": "As a source",
    "status": "Value known",
    "role": "Purpose",
    "need": "How much is enough",
    "label": "What food labels count by",
    "limit": "How much is too much",
}
"""What people call a code whose own words say little to them."""

DOCTOR = "when-to-see-a-doctor"
"""The question that the start page answers before all else, where the content has it among the first."""

ABBREVIATIONS = {
    "RDA": "Recommended Dietary Allowance: enough for nearly all healthy people",
    "AI": "Adequate Intake: thought to be enough, where too little is known to be sure",
    "PRI": "Population Reference Intake: enough for nearly all healthy people",
    "AR": "Average Requirement: enough for half of all healthy people",
    "RNI": "Reference Nutrient Intake: enough for nearly all healthy people",
    "DV": "Daily Value: what percentages on food labels in the United States count by",
    "UL": "Tolerable Upper Intake Level: the most that is unlikely to harm",
    "ADI": "Acceptable Daily Intake: the most that is unlikely to harm",
    "CDRR": "Chronic Disease Risk Reduction Intake: more than this raises the risk of disease",
    "NASEM": "National Academies of Sciences, Engineering, and Medicine (United States and Canada)",
    "EFSA": "European Food Safety Authority",
    "UK": "United Kingdom: Department of Health, NHS and Food Standards Scotland",
    "FDA": "Food and Drug Administration (United States)",
}
"""What the types of intakes and the names of authorities are short for."""

INFINITIVES = {
    "causes": "cause",
    "contributes-to": "contribute to",
    "worsens": "worsen",
    "relieves": "relieve",
    "prevents": "prevent",
    "lowers": "lower",
    "raises": "raise",
    "needed-for": "be needed for",
    "opposes": "oppose",
    "provides": "provide",
    "associated-with": "be associated with",
    "may-indicate": "indicate",
    "is-a": "be",
}
"""What a claim's relation says, after "may" or "not shown to"."""

EFFECTS = {
    "lowers": "lowers",
    "raises": "raises",
    "unbalances": "upsets the balance of",
    "impairs-absorption": "hinders the absorption of",
}
"""What a factor does to a nutrient."""

_BLANKS = re.compile(r"\s*\n\s*")
EXPLAINED = '<small><a href="/#grades">What the grades mean</a></small>'
_GRADE = re.compile(r'<span class="grade .*?</span>', re.DOTALL)
_HEADING = re.compile(r'<h2 id="([a-z-]+)">(.*?)</h2>')
CONTENTS = "<!--contents-->"
FEWEST = 4
"""Headings from which on a page has a table of contents."""


def words(code: str) -> str:
    """A code of ours as people write it: `leafy-greens` is "Leafy greens"."""
    text = LABELS.get(code, code).replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    return f"{value:,}"


def quantity(value: dict[str, Any] | None) -> str:
    """A quantity, range or mass in words: "320 mg a day"; no line ends before its unit."""
    if value is None:
        return "not determined"
    amount = number(value["value"]) if "value" in value else f"{number(value['min'])} to {number(value['max'])}"
    return f"{amount}\N{NO-BREAK SPACE}{UNITS.get(value['unit'], value['unit'])}{PER.get(value.get('per', ''), '')}"


def relation(claim: dict[str, Any]) -> str:
    """How a claim's subject affects its object, as far as the evidence goes: "Not shown to relieve"."""
    infinitive = INFINITIVES[claim["relation"]]
    beginning = {"limited": "May", "mechanistic": "May", "contradicted": "Not shown to"}.get(claim["grade"])
    return f"{beginning} {infinitive}" if beginning else words(claim["relation"])


def people(label: str) -> str:
    """Whom an intake is for, without signs: `men >=18` is "Men from 18"."""
    for sign, word in ((">=", "from "), ("-<", " to under "), ("incl.", "including")):
        label = label.replace(sign, word)
    label = re.sub(r"(?<=\d)-(?=\d)", "\N{EN DASH}", label)
    return label[:1].upper() + label[1:]


def day(text: str) -> str:
    """An ISO date as people write it: "25 November 2026"."""
    moment = date.fromisoformat(text)
    return f"{moment.day} {moment:%B %Y}"


def quoted(text: str) -> str:
    """A text with the quotation marks of print."""
    return re.sub(r"(?<!\w)'(.+?)'(?!\w)", r"“\1”", text)


def linked(text: str) -> Markup:
    """A text in which the paths of this API are links; what was probably meant is named in words."""

    def link(found: re.Match[str]) -> str:
        path = found[2]
        return f'{found[1]}<a href="{path}">{words(path.rpartition("/")[2]) if found[1] else path}</a>'

    # escaped before the links are put in
    return Markup(re.sub(r"(Did you mean )?(?<=\s)(/(?:[\w./-]*[\w/])?)", link, str(escape(text))))  # noqa: S704


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
_environment.globals |= {
    "site": site,
    "api_version": __version__,
    "charts": charts,
    "kinds": KINDS,
    "GRADES": GRADES,
    "STANCES": STANCES,
    "URGENCY": URGENCY,
    "DOCTOR": DOCTOR,
    "USUAL_NAMES": USUAL_NAMES,
    "ABBREVIATIONS": ABBREVIATIONS,
    "EFFECTS": EFFECTS,
    "COMPARATORS": COMPARATORS,
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
