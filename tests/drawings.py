"""python -m tests.drawings: draw made-up records anew, so that each change of a picture shows in review.

A picture has hundreds of coordinates, of which a test can say little; whether it is right, a person sees. Open
tests/drawings/*.svg in a browser before you commit them.
"""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.pages.charts import bar, claims_board, mechanism_diagram
from app.pages.intake_chart import intake_chart
from app.schemas.common import Grade

FOLDER = Path(__file__).parent / "drawings"


def _intake(
    type: str,
    role: str,
    quantity: dict[str, Any] | None,
    authority: str = "NASEM",
    applies_to: str | None = None,
    **changed: Any,
) -> dict[str, Any]:
    """A row of `/intakes`: for adults of any sex, by NASEM and by the day, unless something else is said."""
    population = {"label": "Adults", "sex": "any", "age_min_months": 228, "age_max_months": None, "states": ["neither"]}
    return {
        "nutrient": {"name": "Iron"},
        "authority": authority,
        "type": type,
        "role": role,
        "quantity": quantity and {"unit": "mg", "per": "d", **quantity},
        "applies_to": applies_to,
        "population": population | changed,
    }


INTAKES = [
    _intake("AI", "need", {"value": 2}, age_min_months=0, age_max_months=11),
    _intake("RDA", "need", {"value": 10}, age_min_months=12, age_max_months=227),
    _intake("RDA", "need", {"value": 18}, sex="female", age_max_months=611),
    _intake("RDA", "need", {"value": 8}, sex="female", age_min_months=612),
    _intake("RDA", "need", {"value": 8}, sex="male"),
    _intake("RDA", "need", {"value": 27}, sex="female", age_min_months=168, age_max_months=611, states=["pregnancy"]),
    _intake("AI", "need", {"value": 9}, sex="female", states=["lactation"]),
    _intake("UL", "limit", {"value": 45}, applies_to="supplements"),
    _intake("PRI", "need", {"min": 7000, "max": 11000, "unit": "ug"}, authority="EFSA", sex="female"),
    _intake("PRI", "need", {"value": 0.1, "per": "MJ"}, authority="EFSA", sex="male"),
    _intake("safe-level", "limit", None, authority="EFSA"),
    _intake("DV", "label", {"value": 18}, authority="FDA", age_min_months=48),
    _intake("RNI", "need", {"value": 9}, authority="UK"),
    _intake("UL", "limit", {"value": 900}, authority="UK"),
]

MECHANISM = {
    "name": "Iron and muscle",
    "trigger": {"record": {"name": "Iron"}, "state": "deficiency"},
    "steps": [
        {
            "text": "A step whose text is long enough to be broken into two lines of the picture.",
            "grade": "established",
        },
        {"text": "A short step.", "grade": "limited"},
    ],
    "symptoms": [{"name": "Fatigue"}, {"name": "Restless legs"}],
}

CLAIMS = [
    {"subject": {"name": subject}, "state": state, "relation": relation, "grade": str(grade)}
    for subject, state, relations in (
        ("Iron", "deficiency", ("causes",) * 5),
        ("Coffee", None, ("worsens", "relieves")),
    )
    for relation in relations
    for grade in Grade
]


def by_itself(svg: Markup) -> str:
    """A picture as a document of its own, which needs the name space."""
    return str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def drawings() -> dict[str, str]:
    """The pictures by the name of their file: a tag a line, so that a change shows."""
    made = {
        "bar-none": bar(None, "Iron"),
        "bar-some": bar(37.5, "Iron"),
        "bar-beyond": bar(250, "Iron"),
        "intakes": intake_chart(INTAKES),
        "mechanism": mechanism_diagram(MECHANISM),
        "claims": claims_board(CLAIMS),
    }
    return {f"{name}.svg": by_itself(svg).replace("><", ">\n<") + "\n" for name, svg in made.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        (FOLDER / name).write_text(drawing, encoding="utf-8")
