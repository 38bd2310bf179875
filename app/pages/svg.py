"""Inline SVG: escaped elements, with looks by classes (static/site/charts.css), as the policy forbids inline styles."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from app.schemas.common import Grade

WIDTH, LEADING, COLUMNS = 320, 16, 46
"""`WIDTH` of a chart: what a page has on a phone of 360 pixels, so that text never gets smaller. `LEADING`: from one
line of text down to the next. `COLUMNS`: characters that a line holds in the widest of the systems' fonts."""
CIRCLE, DIAMOND, LINE = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "m0-5l5 5l-5 5l-5-5z", "m-11 0h22"
"""Shapes around a point of a path."""
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold."""


def element(tag: str, *children: str, **attributes: str | float) -> Markup:
    """An element; text and values are escaped, what is `Markup` stays. `class_` stands for `class`, `_` for `-`."""
    texts = {name: value if isinstance(value, str) else f"{value:.5g}" for name, value in attributes.items()}
    pairs = (Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), text) for name, text in texts.items())
    inner = (child if isinstance(child, Markup) else escape(NO_XML.sub("\ufffd", child)) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(tag, Markup().join(pairs), Markup().join(inner))


def path(class_: str, d: str) -> Markup:
    return element("path", class_=class_, d=d)


def text(x: float, y: float, *lines: str, size: int = 12, **attributes: str) -> Markup:
    """Lines of text; `y` is the base of the first."""
    spans = (
        element("text", line, x=x, y=y + LEADING * n, font_size=size, **attributes) for n, line in enumerate(lines)
    )
    return Markup().join(spans)


def mark(grade: str, x: float, y: float) -> Markup:
    """Five squares, as many filled as the grade is worth; a cross for what is contradicted."""
    worth = 5 - Grade(grade).rank
    squares = [f"M{x + 9 * n:g} {y:g}h7v7h-7z" for n in range(5)]
    if not worth:
        return path("line", f"M{x:g} {y - 1:g}l9 9m0-9l-9 9")
    return path("solid", "".join(squares[:worth])) + path("hollow", "".join(squares[worth:]))


def picture(
    class_: str, title: str, description: str, height: float, parts: Iterable[Markup], width: float = WIDTH
) -> Markup:
    """The whole, with its text alternative."""
    alternative = [element("title", title)] + ([element("desc", description)] if description else [])
    size: dict[str, str | float] = {"viewBox": f"0 0 {width:g} {height:g}", "width": width, "height": height}
    return element("svg", *alternative, *parts, class_=f"chart {class_}", role="img", fill="currentColor", **size)
