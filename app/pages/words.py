"""The words in which pages show values."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

WORDS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def words(code: str) -> str:
    """A code of ours as people write it: `leafy-greens` is "Leafy greens"."""
    text = WORDS["labels"].get(code, code).replace("-", " ").replace("_", " ")
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    return f"{value:,}"


def quantity(value: dict[str, Any] | None) -> str:
    """A quantity, range or mass in words: "320 mg a day"; no line ends before its unit."""
    if value is None:
        return "not determined"
    amount = number(value["value"]) if "value" in value else f"{number(value['min'])} to {number(value['max'])}"
    unit = WORDS["units"].get(value["unit"], value["unit"])
    return f"{amount}\N{NO-BREAK SPACE}{unit}{WORDS['per'].get(value.get('per', ''), '')}"


def relation(claim: dict[str, Any]) -> str:
    """How a claim's subject affects its object, as far as the evidence goes: "Not shown to relieve"."""
    beginning = {"limited": "May", "mechanistic": "May", "contradicted": "Not shown to"}.get(claim["grade"])
    return f"{beginning} {WORDS['infinitives'][claim['relation']]}" if beginning else words(claim["relation"])


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
