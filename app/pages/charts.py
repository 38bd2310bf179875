"""Charts of the pages, made from the API's JSON."""

from collections.abc import Iterator
from textwrap import wrap

from markupsafe import Markup

from app.pages.svg import CIRCLE, COLUMNS, LEADING, WIDTH, element, mark, path, picture, text
from app.pages.words import WORDS
from app.schemas.common import Grade, Json

HELPS = ("relieves", "prevents", "lowers", "opposes")


def bar(percent: float | None, label: str) -> Markup:
    """A bar of % Daily Value; what is more than 100 ends in an arrow. None is "not measured"."""
    value = "not measured" if percent is None else f"{percent:.3g} % of the Daily Value"
    parts = [path("hollow" if percent is not None else "hollow unknown", "M.5.5h100v9h-100z")]
    if percent:
        filled = f"{round(min(percent, 100), 1):g}"
        parts.append(path("solid", f"M.5.5h{filled}v9h-{filled}z" + ("m103 0l6 4.5l-6 4.5z" if percent > 100 else "")))
    return picture("bar", f"{label}: {value}", "", 10, parts, width=110)


def mechanism_diagram(record: Json) -> Markup:
    """The chain of a mechanism from its trigger to its symptoms, with the grade of each step."""
    state = WORDS["states"].get(record["trigger"]["state"])
    start = record["trigger"]["record"]["name"] + (f": {state}" if state else "")
    ends = [symptom["name"] for symptom in record["symptoms"]]
    steps = [(f"{number}. {step['text']}", step["grade"]) for number, step in enumerate(record["steps"], 1)]
    said = [f"It starts with {start}.", *(f"{step} Evidence: {grade}." for step, grade in steps)]
    said += [f"It can end in: {', '.join(ends)}."] if ends else []
    boxes = [([start], ""), *(([step], grade) for step, grade in steps)]
    boxes += [(["This can lead to:", *(f"• {end}" for end in ends)], "")] if ends else []
    parts, y = list[Markup](), 1
    for texts, grade in boxes:
        if y > 1:
            parts.append(path("line", f"M{WIDTH / 2:g} {y}v15m-5-5l5 5l5-5"))
            y += 18
        lines = [line for words in texts for line in wrap(words, COLUMNS - 7)]
        height = LEADING * len(lines) + (36 if grade else 14)
        parts.append(element("rect", x=1, y=y, width=WIDTH - 2, height=height, rx=8, class_="step" if grade else "end"))
        parts.append(text(14, y + 19, *lines, size=13))
        y += height
        parts += [mark(grade, 14, y - 19), text(66, y - 11, f"Evidence: {grade}")] if grade else []
    return picture("mechanism", f"{record['name']}: step by step", " ".join(said), y + 1, parts)


def claims_board(claims: list[Json]) -> Markup:
    """Cards of claims, a row for each subject and a column for each grade; empty without claims."""
    if not claims:
        return Markup()
    grades, column, rows = list(Grade), WIDTH / len(Grade), dict[str, dict[Grade, list[Json]]]()
    for claim in sorted(claims, key=lambda claim: grades.index(claim["grade"])):
        state = WORDS["states"].get(claim["state"] or "")
        row = rows.setdefault(claim["subject"]["name"] + (f": {state}" if state else ""), {})
        row.setdefault(Grade(claim["grade"]), []).append(claim)
    parts, said, y = [path("solid", f"M5 10{CIRCLE}")], list[str](), 94
    parts.append(text(14, 14, "each dot: one graded statement about it"))
    parts += [path("hollow", f"M5 30{CIRCLE}"), text(14, 34, "one that says it helps")]
    parts += [mark(Grade.contradicted, 208, 26), text(224, 34, "not supported")]
    parts += _scale(62)
    for subject, cells in rows.items():
        lines = wrap(subject, COLUMNS)
        parts.append(text(0, y, *lines))
        y += LEADING * len(lines) - 4
        ticks = "".join(f"M{column * n:.4g} {y - 5}v10" for n in range(len(grades) + 1))
        parts.append(path("grid", f"M0 {y}H{WIDTH}{ticks}"))
        for grade, cell in cells.items():
            left = column * (grades.index(grade) + 0.5) - 6 * (min(len(cell), 4) - 1)
            for n, claim in enumerate(cell):
                x, below = left + 12 * (n % 4), y + 12 * (n // 4)
                kind = "hollow" if claim["relation"] in HELPS else "solid"
                dot = path(kind, f"M{x:.4g} {below}{CIRCLE}")
                parts.append(mark(grade, x - 4, below - 3) if grade == Grade.contradicted else dot)
        y += 12 * max(-(-len(cell) // 4) for cell in cells.values()) + 14
        said.append(f"{subject}: {', '.join(f'{len(cell)} {grade}' for grade, cell in cells.items())}.")
    parts += _scale(y + 4)
    return picture("board", "Statements by subject and grade", " ".join(said), y + 14 + LEADING, parts)


def _scale(y: float) -> Iterator[Markup]:
    """The grades, each over its column; the words are wider than their columns, so they take turns on two lines."""
    last = len(Grade) - 1
    for place, grade in enumerate(Grade):
        anchor = "start" if place == 0 else "end" if place == last else "middle"
        x = WIDTH / len(Grade) * (place + {"start": 0, "middle": 0.5, "end": 1}[anchor])
        yield text(x, y + LEADING * (place % 2), grade, text_anchor=anchor)
