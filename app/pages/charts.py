"""Charts of the pages: inline SVG with a text alternative, made from the API's JSON.

The pages' policy forbids inline styles: looks come from classes (static/site/charts.css) and presentation attributes. A
chart is 320 units wide, which is what a page has on a phone of 360 pixels: text never gets smaller than it says here.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from math import floor, log10, sqrt
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from app.schemas.common import Grade
from app.schemas.intake import Authority, IntakeType
from app.schemas.quantity import MICROGRAMS

WIDTH = 320
SMALL, NORMAL = 12, 13
"""Sizes of text."""

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold."""

NARROW, WIDE = re.compile(r"[ijl.,:;'’|!()\[\]ftrI -]"), re.compile(r"[A-HJ-Zmw%@–—]|[^\x00-ſ]")

STATES = {
    "deficiency": "too little",
    "excess": "too much",
    "imbalance": "out of balance",
    "adequate": "enough",
    "supplement": "as a supplement",
    "reduction": "cutting down",
}
"""The state of a trigger or of a claim's subject, in plain words; exposure needs none."""

AUTHORITIES = {
    "NASEM": "United States and Canada (NASEM)",
    "EFSA": "European Union (EFSA)",
    "UK": "United Kingdom",
    "FDA": "Food labels in the United States (FDA)",
}
UNITS = {"ug": "µg", "[iU]": "IU", "d": "a day", "MJ": "per MJ of energy eaten", "kg.d": "a day per kg of body weight"}
END = 12 * 80
"""Months: where the axis ends; the tables' last group has no end."""
YEARS = (0, 1, 4, 9, 14, 19, 31, 51, 71)
"""Labels of the axis: where most tables change."""
CHILDBEARING = (12 * 14, 12 * 51)
"""Months: where amounts for pregnancy and breast-feeding stand that a table gives without an age."""
ADULT = 35
"""Years: whom the words above a lane are about."""
LEFT, PLOT = 40, 78
"""Room for the labels of amounts, and the height of a lane's plot."""


def _tag(tag: str, *children: str, **attributes: str | float) -> Markup:
    """An element; text and values are escaped, what is `Markup` stays. `class_` stands for `class`, `_` for `-`."""
    pairs = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    written = [
        Markup(' {}="{}"').format(name, _xml(f"{v:.5g}" if isinstance(v, float) else str(v))) for name, v in pairs
    ]
    return Markup("<{0}{1}>{2}</{0}>").format(tag, Markup().join(written), Markup().join(map(_xml, children)))


def _xml(text: str) -> Markup:
    return escape(NO_XML.sub("\ufffd", text)) if not isinstance(text, Markup) else text


def _svg(name: str, height: float, title: str, description: str, *children: Markup) -> Markup:
    alternative = (_tag("title", title), _tag("desc", description))
    size = {"viewBox": f"0 0 {WIDTH} {height:g}", "font-size": NORMAL, "fill": "currentColor"}
    return _tag("svg", *alternative, *children, class_=f"chart {name}", role="img", **size)


def _wrap(text: str, width: float, size: float) -> list[str]:
    """Lines that fit in the widest of the systems' fonts."""
    lines, left = [""], width
    for word in re.findall(r"\S{1,24}", text):
        wide = size * sum(0.38 if NARROW.match(char) else 0.86 if WIDE.match(char) else 0.63 for char in f" {word}")
        if wide > left and lines[-1]:
            lines, left = [*lines, ""], width
        lines[-1] += f" {word}" if lines[-1] else word
        left -= wide
    return lines


def _lines(lines: Iterable[str], x: float, y: float, size: float = SMALL, **attributes: str) -> Markup:
    """Lines of text, one below the other; `y` is the base of the first."""
    return Markup().join(
        _tag("text", line, x=x, y=y + 16 * n, font_size=size, **attributes) for n, line in enumerate(lines)
    )


def _mark(grade: str, x: float, y: float) -> Markup:
    """Five squares, as many filled as the grade is worth; a cross for what is contradicted."""
    worth = 5 - list(Grade).index(Grade(grade))
    if not worth:
        return _tag("path", d=f"M{x:g} {y:g}l8 8m0-8l-8 8", class_="line no")
    filled, hollow = (
        "".join(f"M{x + 9 * n:g} {y:g}h7v7h-7z" for n in part) for part in (range(worth), range(worth, 5))
    )
    return _tag("path", d=filled, class_="solid") + (_tag("path", d=hollow, class_="hollow") if hollow else Markup())


def bar(percent: float | None, label: str) -> Markup:
    """A bar of % Daily Value; what is more than 100 ends in an arrow. None is "not measured"."""
    value = "not measured" if percent is None else f"{percent:.3g} % of the Daily Value"
    parts = [
        _tag("rect", x=0.5, y=0.5, width=100, height=9, class_="hollow" if percent is not None else "hollow unknown")
    ]
    if percent is not None:
        parts.append(_tag("rect", x=0.5, y=0.5, width=float(min(max(percent, 0), 100)), height=9, class_="solid"))
    if percent is not None and percent > 100:
        parts.append(_tag("path", d="M103 0l6 5l-6 5z", class_="solid"))
    size = {"viewBox": "0 0 110 10", "width": 110, "height": 10}
    return _tag("svg", _tag("title", f"{label}: {value}"), *parts, class_="chart bar", role="img", **size)


class _Span(NamedTuple):
    """Amounts from one age up to another, in months, and what is counted."""

    start: int
    end: int
    low: float
    high: float
    what: str


def _spans(rows: list[dict[str, Any]], unit: str, sex: str, state: str = "neither") -> list[_Span]:
    """What holds at each age; where values of several types hold, the type that `IntakeType` names first."""
    ours = []
    for row in rows:
        people = row["population"]
        start, last = people["age_min_months"], people["age_max_months"]
        end = END if last is None else min(last + 1, END)
        if state != "neither":
            start, end = max(start, CHILDBEARING[0]), min(end, CHILDBEARING[1])
        if people["sex"] in ("any", sex) and state in people["states"] and start < end:
            ours.append((start, end, list(IntakeType).index(row["type"]), row))
    edges = sorted({edge for start, end, *_ in ours for edge in (start, end)})
    spans: list[_Span] = []
    for start, end in zip(edges, edges[1:], strict=False):
        here = [(rank, row) for first, last, rank, row in ours if first <= start and end <= last]
        if not here:
            continue
        best = [row for rank, row in here if rank == min(rank for rank, _ in here)]
        amounts = [amount for row in best for amount in _amounts(row["quantity"], unit)]
        span = _Span(start, end, min(amounts), max(amounts), best[0]["applies_to"] or "")
        if spans and spans[-1].end == start and spans[-1][2:] == span[2:]:
            span = spans.pop()._replace(end=end)
        spans.append(span)
    return spans


def _amounts(quantity: dict[str, Any], unit: str) -> tuple[float, float]:
    """The lowest and the highest number, in this unit."""
    factor = 1.0 if quantity["unit"] == unit else float(MICROGRAMS[quantity["unit"]] / MICROGRAMS[unit])  # type: ignore[index]
    return tuple(float(quantity.get(key, quantity.get("value"))) * factor for key in ("min", "max"))  # type: ignore[return-value]


def _range(low: float, high: float) -> str:
    return f"{low:,.5g}" if low == high else f"{low:,.5g}–{high:,.5g}"


class _Scale(NamedTuple):
    """The axis of amounts: from 0 to `top`, a line at each `step`."""

    step: float
    top: float

    def y(self, amount: float) -> float:
        """Distance from the plot's upper edge."""
        return round(PLOT - PLOT * amount / self.top, 1)


def _scale(needs: list[float], limits: list[float]) -> _Scale:
    """A limit far above every need would press the needs flat: it is left out, and the words say so."""
    highest = min(max(needs + limits), 4 * max(needs, default=0) or max(needs + limits)) or 1
    power = 10.0 ** floor(log10(highest / 3))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * 3 >= highest)
    return _Scale(step, step * (2 if step * 2 >= highest else 3))


def _x(month: float) -> float:
    """Childhood, where amounts change fast, gets more room: the axis is that of the square root."""
    return round(LEFT + (WIDTH - LEFT - 8) * sqrt(month / END), 1)


def intake_chart(rows: list[dict[str, Any]]) -> Markup:
    """What one nutrient's rows of `/intakes` say by age and sex, a lane for each authority; empty if none has a number."""
    daily = [row for row in rows if row["quantity"] and row["quantity"]["per"] == "d"]
    units = [row["quantity"]["unit"] for row in daily]
    unit = max(units, key=units.count, default="")
    if not unit:
        return Markup()
    drawn = [
        row for row in daily if row["quantity"]["unit"] == unit or {row["quantity"]["unit"], unit} <= {*MICROGRAMS}
    ]
    lanes = {str(a): _lane([row for row in drawn if row["authority"] == a], unit) for a in Authority}
    highs = {
        limit: [
            span.high
            for lane in lanes.values()
            for name in lane
            if name.startswith("limit") is limit
            for span in lane[name]
        ]
        for limit in (False, True)
    }
    scale, shown = _scale(highs[False], highs[True]), UNITS.get(unit, unit)
    present = {name for lane in lanes.values() for name, spans in lane.items() if spans}
    parts, said, y = [*_legend(present)], [f"Amounts in {shown} a day, by age in years."], 62
    for authority in [str(a) for a in Authority if any(row["authority"] == a for row in rows)]:
        others = [row for row in rows if row["authority"] == authority and row not in drawn]
        words = " ".join(_words(lanes[authority], others, shown, scale))
        said.append(f"{AUTHORITIES[authority]}: {words}")
        lines = _wrap(words, WIDTH, SMALL)
        parts += [_lines([AUTHORITIES[authority]], 0, y + 14, NORMAL, font_weight="bold"), _lines(lines, 0, y + 31)]
        y += 28 + 16 * len(lines)
        if any(lanes[authority].values()):
            parts.append(_tag("g", *_plot(lanes[authority], scale, shown), transform=f"translate(0 {y})"))
            y += PLOT + 34
    return _svg("intakes", y, f"{rows[0]['nutrient']['name']}: daily intakes by age and sex", " ".join(said), *parts)


def _lane(rows: list[dict[str, Any]], unit: str) -> dict[str, list[_Span]]:
    """The lines and marks of one authority, in the order in which they are drawn."""
    needs, limits = ([row for row in rows if (row["role"] == "limit") is limit] for limit in (False, True))
    expecting = [row for row in needs if "neither" not in row["population"]["states"]]
    return {
        "limit": _spans(limits, unit, "female"),
        "limit men": _spans(limits, unit, "male"),
        "female": _spans(needs, unit, "female"),
        "male": _spans(needs, unit, "male"),
        "pregnancy": _spans(expecting, unit, "female", "pregnancy"),
        "lactation": _spans(expecting, unit, "female", "lactation"),
    }


def _words(lane: dict[str, list[_Span]], others: list[dict[str, Any]], unit: str, scale: _Scale) -> Iterator[str]:
    """What holds for adults, and what the plot cannot show."""
    adults = {name: span for name, spans in lane.items() for span in spans if span.start <= 12 * ADULT < span.end}
    amounts = {
        who: _range(*adults[name][2:4]) for who, name in (("women", "female"), ("men", "male")) if name in adults
    }
    if len(set(amounts.values())) == 1 and len(amounts) == 2:
        yield f"Adults: {amounts['women']} {unit}."
    elif amounts:
        yield f"Adults: {', '.join(f'{who} {amount}' for who, amount in amounts.items())} {unit}."
    if limit := adults.get("limit", adults.get("limit men")):
        above = ", above this chart" if limit.low > scale.top else ""
        yield f"Limit: {_range(limit.low, limit.high)} {unit}{above}{f' ({limit.what})' if limit.what else ''}."
    for quantity in (row["quantity"] for row in others if row["quantity"]):
        amount = _range(*_amounts(quantity, quantity["unit"]))
        yield f"{amount} {UNITS.get(quantity['unit'], quantity['unit'])} {UNITS.get(quantity['per'], quantity['per'])}."
    if not lane["limit"] and any(row["role"] == "limit" for row in others):
        yield "No limit was set; this does not prove that any amount is safe."


def _plot(lane: dict[str, list[_Span]], scale: _Scale, unit: str) -> Iterator[Markup]:
    levels = [scale.step * n for n in range(round(scale.top / scale.step) + 1)]
    across = "".join(f"M{LEFT} {scale.y(level):g}H{WIDTH - 8}" for level in levels)
    yield _tag("path", d=across + "".join(f"M{_x(12 * year):g} 0V{PLOT}" for year in YEARS), class_="grid")
    for level in levels:
        yield _lines([f"{level:,.5g}" if level else unit], LEFT - 6, scale.y(level) + 4, text_anchor="end")
    years = [_tag("tspan", str(year), x=_x(12 * year)) for year in YEARS]
    yield _tag("text", *years, y=PLOT + 15, font_size=SMALL, text_anchor="middle")
    for name, spans in lane.items():
        if name in MARKS:
            centres = ((_x((span.start + span.end) / 2), scale.y(span.low)) for span in spans if span.low <= scale.top)
            yield from (_tag("path", d=f"M{x:g} {y:g}{MARKS[name]}", class_=name) for x, y in centres)
        elif name != "limit men" or spans != lane["limit"]:
            yield from _line(spans, scale, name.partition(" ")[0])


def _line(spans: list[_Span], scale: _Scale, name: str) -> Iterator[Markup]:
    """A line of steps, two where the amount is a range; an arrow where it is above the plot."""
    for key in ("low", "high") if any(span.low != span.high for span in spans) else ("low",):
        path, at = "", -1
        for span in spans:
            if (amount := getattr(span, key)) <= scale.top:
                path += f"V{scale.y(amount):g}" if at == span.start else f"M{_x(span.start):g} {scale.y(amount):g}"
                path += f"H{_x(span.end):g}"
                at = span.end
        if path:
            yield _tag("path", d=path, class_=f"line {name}")
    if any(span.low > scale.top for span in spans):
        yield _tag("path", d=f"M{WIDTH - 20} 0l5 8h-10z", class_=f"solid {name}")


MARKS = {"pregnancy": "m0-5l5 5l-5 5l-5-5z", "lactation": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"}
LEGEND = {
    "female": "Need of women, girls",
    "male": "Need of men, boys",
    "limit": "Limit",
    "pregnancy": "When pregnant",
    "lactation": "When breastfeeding",
}


def _legend(present: set[str]) -> Iterator[Markup]:
    for place, (name, text) in enumerate((name, text) for name, text in LEGEND.items() if name in present):
        x, y = 160 * (place % 2), 14 + 20 * (place // 2)
        sample = f"M{x + 11} {y - 4}{MARKS[name]}" if name in MARKS else f"M{x} {y - 4}h22"
        yield _tag("path", d=sample, class_=name if name in MARKS else f"line {name}")
        yield _lines([text], x + 28, y)


def mechanism_diagram(record: dict[str, Any]) -> Markup:
    """The chain of a mechanism from its trigger to its symptoms, with the grade of each step."""
    trigger, state = record["trigger"]["record"]["name"], STATES.get(record["trigger"]["state"], "")
    start = f"{trigger}: {state}" if state else trigger
    ends = [symptom["name"] for symptom in record["symptoms"]]
    boxes = [("ends", [start], "")]
    boxes += [("step", [f"{n}. {step['text']}"], step["grade"]) for n, step in enumerate(record["steps"], 1)]
    boxes += [("ends", ends, "")] if ends else []
    parts, y = [], 1
    for place, (name, texts, grade) in enumerate(boxes):
        if place:
            parts.append(_tag("path", d=f"M160 {y}v14m-5-5l5 5l5-5", class_="line"))
            y += 18
        lines = [line for text in texts for line in _wrap(text, WIDTH - 30, NORMAL)]
        height = 16 * len(lines) + (35 if grade else 16)
        parts.append(_tag("rect", x=1, y=y, width=WIDTH - 2, height=height, rx=8, class_=name))
        weight = {"font_weight": "bold"} if name == "ends" else {}
        parts.append(_lines(lines, 14, y + 20, NORMAL, **weight))
        if grade:
            parts += [_mark(grade, 14, y + height - 18), _lines([grade], 66, y + height - 10)]
        y += height
    steps = " ".join(
        f"Step {n}: {step['text']} Evidence: {step['grade']}." for n, step in enumerate(record["steps"], 1)
    )
    end = f" It can end in: {', '.join(ends)}." if ends else ""
    return _svg("mechanism", y + 1, f"{record['name']}: the chain", f"It starts with {start}. {steps}{end}", *parts)


HELPS = ("relieves", "prevents", "lowers", "opposes")


def claims_board(claims: list[dict[str, Any]]) -> Markup:
    """Cards of claims by subject and certainty: a dot for each claim, a ring where it is said to help; empty without claims."""
    if not claims:
        return Markup()
    rank = {str(grade): place for place, grade in enumerate(Grade)}
    subjects: dict[str, list[dict[str, Any]]] = {}
    for claim in sorted(claims, key=lambda claim: rank[claim["grade"]]):
        state = STATES.get(claim["state"] or "")
        subjects.setdefault(claim["subject"]["name"] + (f": {state}" if state else ""), []).append(claim)
    column = WIDTH / len(Grade)
    parts = []
    for place, grade in enumerate(Grade):
        x = (0, column * (place + 0.5), WIDTH)[(place > 0) + (place == len(Grade) - 1)]
        anchor = ("start", "middle", "end")[(place > 0) + (place == len(Grade) - 1)]
        parts.append(_lines([grade], x, 44 + 16 * (place % 2), text_anchor=anchor))
    parts.append(_tag("path", d="M1 14m0-4a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", class_="solid"))
    y, said = 68.0, []
    for subject, theirs in subjects.items():
        lines = _wrap(subject, WIDTH, SMALL)
        parts.append(_lines(lines, 0, y + 14))
        y += 6 + 16 * len(lines)
        tall = 0
        for grade, group in groupby(theirs, key=lambda claim: claim["grade"]):
            cell = list(group)
            for n, claim in enumerate(cell):
                x = column * rank[grade] + 8 + 12 * (n % 4)
                tall = max(tall, n // 4 + 1)
                parts.append(_dot(claim, x, y + 10 + 12 * (n // 4)))
            said.append(f"{subject}: {len(cell)} {grade}.")
        y += 8 + 12 * tall
    grid = "".join(f"M{column * n:.5g} 66V{y:g}" for n in range(1, len(Grade)))
    return _svg(
        "board", y, "Claims by subject and certainty", " ".join(said), _tag("path", d=grid, class_="grid"), *parts
    )


def _dot(claim: dict[str, Any], x: float, y: float) -> Markup:
    if claim["grade"] == Grade.contradicted:
        return _mark(Grade.contradicted, x - 4, y - 4)
    return _tag("circle", cx=x, cy=y, r=4, class_="hollow" if claim["relation"] in HELPS else "solid")
