"""The chart of one nutrient's reference intakes: need and limit by age and sex, a lane for each authority."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import floor, log10, sqrt
from textwrap import wrap
from typing import NamedTuple

from markupsafe import Markup

from app.pages.svg import CIRCLE, COLUMNS, DIAMOND, LEADING, LINE, element, path, picture, text
from app.pages.words import WORDS
from app.schemas.common import Json
from app.schemas.intake import Authority, IntakeType
from app.schemas.quantity import MICROGRAMS, Unit

LEFT, RIGHT, PLOT = 42, 312, 78
"""Edges of a lane's plot, and its height."""
END, ADULT, CHILDBEARING = 12 * 80, 12 * 19, (12 * 14, 12 * 51)
"""Months: the end of the axis of ages, where the words on adults begin, and where pregnancy is shown if a table has no
age."""
YEARS = (0, 1, 4, 9, 14, 19, 31, 51, 71)
"""Labels of that axis: where most tables change."""
SHOWN = {
    "female": ("Need: women, girls", LINE, "any female", "neither"),
    "male": ("Need: men, boys", LINE, "any male", "neither"),
    "limit": ("Limit", LINE, "any female male", "neither"),
    "pregnancy": ("When pregnant", DIAMOND, "any female", "pregnancy"),
    "lactation": ("When breastfeeding", CIRCLE, "any female", "lactation"),
}
"""What a lane shows: in words, how, for which sexes and which state."""


class _Span(NamedTuple):
    """Amounts from one age up to another, in months, and what is counted."""

    start: int
    end: int
    low: float
    high: float
    counted: str = ""


def _spans(rows: list[Json], unit: str, name: str) -> list[_Span]:
    """What holds at each age; where values of several types hold, the type that `IntakeType` names first."""
    _, _, sexes, state = SHOWN[name]
    ours = []
    for row in rows:
        people, last = row["population"], row["population"]["age_max_months"]
        start, end = people["age_min_months"], END if last is None else min(last + 1, END)
        if state != "neither":
            start, end = max(start, CHILDBEARING[0]), min(end, CHILDBEARING[1])
        # a mark stands where pregnancy has an amount of its own
        states = ["neither"] if "neither" in people["states"] else people["states"]
        fits = people["sex"] in sexes.split() and state in states and start < end
        if fits and (row["role"] == "limit") == (name == "limit"):
            ours.append((start, end, list(IntakeType).index(row["type"]), row))
    if state != "neither":
        # a mark is for the whole span: advice on supplements, say, would stand beside it
        ours = [each for each in ours if each[2] == min(rank for _, _, rank, _ in ours)]
    spans: list[_Span] = []
    for start, end in pairwise(sorted({edge for first, last, *_ in ours for edge in (first, last)})):
        here = [(rank, row) for first, last, rank, row in ours if first <= start and end <= last]
        best = [row for rank, row in here if rank == min(rank for rank, _ in here)]
        if best:
            amounts = [amount for row in best for amount in _amounts(row["quantity"], unit)]
            span = _Span(start, end, min(amounts), max(amounts), best[0]["applies_to"] or "")
            if spans and spans[-1].end == start and spans[-1][2:] == span[2:]:
                span = span._replace(start=spans.pop().start)
            spans.append(span)
    return spans


def _amounts(quantity: Json, unit: str) -> tuple[float, float]:
    """The lowest and the highest number, in this unit."""
    factor = 1.0 if quantity["unit"] == unit else float(MICROGRAMS[Unit(quantity["unit"])] / MICROGRAMS[Unit(unit)])
    low, high = (float(quantity[key] if key in quantity else quantity["value"]) for key in ("min", "max"))
    return low * factor, high * factor


def _step(lanes: Iterable[dict[str, list[_Span]]]) -> float:
    """A third of the axis of amounts. A limit far above every need is left out: it would press them flat."""
    highs = [(name, max(span.high for span in spans)) for lane in lanes for name, spans in lane.items() if spans]
    need = max([high for name, high in highs if name != "limit"] or [high for _, high in highs], default=0)
    highest = max((high for _, high in highs if high <= 5 * need), default=0) or 1
    power = 10.0 ** floor(log10(highest / 3))
    return next(power * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power * factor * 3 >= highest)


def _x(month: float) -> float:
    """Childhood, where amounts change fast, gets more room: the axis is that of the square root."""
    return LEFT + (RIGHT - LEFT) * sqrt(month / END)


def _range(low: float, high: float) -> str:
    return f"{low:,.5g}" if low == high else f"{low:,.5g} to {high:,.5g}"


def _all_ages(spans: list[_Span], unit: str) -> str:
    amounts = f"{_range(min(span.low for span in spans), max(span.high for span in spans))} {unit}"
    # one number would be wrong for those of another age
    return f"{amounts} by age" if len({span[2:4] for span in spans}) > 1 else amounts


def _words(lane: dict[str, list[_Span]], others: list[Json], unit: str, step: float) -> Iterator[str]:
    """What holds for adults, and what the plot cannot show."""
    adults = {name: [span for span in spans if span.end > ADULT] for name, spans in lane.items()}
    needs = {who: _all_ages(adults[name], unit) for who, name in (("women", "female"), ("men", "male")) if adults[name]}
    if len(needs) == 2 and needs["women"] == needs["men"]:
        yield f"Adults: {needs['men']}."
    elif needs:
        yield f"Adults: {', '.join(f'{who} {amount}' for who, amount in needs.items())}."
    if limits := adults["limit"]:
        above = ", off the chart" if any(span.high > 3 * step for span in lane["limit"]) else ""
        counted = f" ({limits[0].counted})" if limits[0].counted else ""
        yield f"Limit: {_all_ages(limits, unit)}{above}{counted}."
    for quantity in (row["quantity"] for row in others if row["quantity"]):
        words = (WORDS["units"].get(word, word) for word in (quantity["unit"], quantity["per"]))
        yield f"{_range(*_amounts(quantity, quantity['unit']))} {' '.join(words)}."
    if not lane["limit"] and any(row["role"] == "limit" and not row["quantity"] for row in others):
        yield "No limit was set; that does not prove any amount safe."


def _plot(lane: dict[str, list[_Span]], unit: str, step: float) -> Iterator[Markup]:
    rules = [f"M{LEFT} {n * PLOT // 3}H{RIGHT}" for n in range(4)] + [
        f"M{_x(12 * year):.4g} 0v{PLOT}" for year in YEARS
    ]
    yield path("grid", "".join(rules))
    for n in range(4):
        yield text(LEFT - 6, n * PLOT // 3 + 4, f"{step * (3 - n):,.5g}" if n < 3 else unit, text_anchor="end")
    years = (element("tspan", str(year), x=_x(12 * year)) for year in YEARS)
    yield element("text", *years, y=PLOT + 15, font_size=12, text_anchor="middle")
    for name, spans in lane.items():
        if any(span.high > 3 * step for span in spans):
            continue
        # where an amount is a range, there is a line for each end of it
        for bound in range(2 if any(span.low != span.high for span in spans) else 1):
            line, at = "", -1
            for span in spans:
                y, left, right = PLOT - PLOT * span[2:4][bound] / step / 3, _x(span.start), _x(span.end)
                if SHOWN[name][1] != LINE:
                    line += f"M{(left + right) / 2 + (-5 if name == 'pregnancy' else 5):.4g} {y:.4g}{SHOWN[name][1]}"
                else:
                    line += ("V" if at == span.start else f"M{left:.4g} ") + f"{y:.4g}H{right:.4g}"
                    at = span.end
            if line:
                yield path(f"line {name}", line)


def intake_chart(rows: list[Json]) -> Markup:
    """One nutrient's rows of `/intakes` by age and sex, a lane for each authority; empty where none is by the day."""
    daily = [row for row in rows if row["quantity"] and row["quantity"]["per"] == "d"]
    units = [row["quantity"]["unit"] for row in daily]
    if not units:
        return Markup()
    unit = max(units, key=units.count)
    drawn = [
        row for row in daily if unit == row["quantity"]["unit"] or {unit, row["quantity"]["unit"]} <= {*MICROGRAMS}
    ]
    lanes = {
        str(authority): {
            name: _spans([row for row in drawn if row["authority"] == authority], unit, name) for name in SHOWN
        }
        for authority in Authority
        if any(row["authority"] == authority for row in rows)
    }
    shown, step = WORDS["units"].get(unit, unit), _step(lanes.values())
    parts, said, y = list[Markup](), [f"Amounts in {shown} a day, by age in years."], 0
    for place, (name, (words, drawing, *_)) in enumerate(SHOWN.items()):
        x, y = 160 * (place % 2), 12 + 20 * (place // 2)
        parts += [path(f"line {name}", f"M{x + 11} {y - 4}{drawing}"), text(x + 28, y, words)]
    parts.append(text(188, y, "Across: age in years"))
    for authority, lane in lanes.items():
        others = [row for row in rows if row["authority"] == authority and row not in drawn]
        words = " ".join(_words(lane, others, shown, step))
        heading = WORDS["authorities"][authority]
        said.append(f"{heading}: {words}")
        lines = wrap(words, COLUMNS)
        parts += [text(0, y + 28, heading, size=13, font_weight="bold"), text(0, y + 45, *lines)]
        y += 42 + LEADING * len(lines)
        if any(lane.values()):
            parts.append(element("g", *_plot(lane, shown, step), transform=f"translate(0 {y})"))
            y += PLOT + 18
    title = f"{rows[0]['nutrient']['name']}: daily intakes by age and sex"
    return picture("intakes", title, " ".join(said), y + 4, parts)
