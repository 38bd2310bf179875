"""The columns of a record's rows whose value is not simply the field of that name."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.schemas import KINDS
from app.schemas.food_source import FoodSource
from app.schemas.identifier import Match
from app.schemas.intake import Intake
from app.schemas.population import State
from app.schemas.quantity import Unit
from seed.amounts import food_amounts
from seed.build import links, sort_name
from seed.intake_files import LifeStageRow


def _of_quantity(field: str) -> Callable[[Intake], Any]:
    return lambda intake: getattr(intake.quantity, field, None)


COMPUTED: dict[str, Callable[[Any], Any]] = {
    "comparison_position": lambda nutrient: nutrient.comparison and nutrient.comparison.position,
    "food_group": lambda food_source: food_source.group,
    "grade_rank": lambda record: record.grade.rank,
    "trigger_state": lambda mechanism: mechanism.trigger.state,
}
"""Columns that are alike in every table."""

INTAKE: dict[str, Callable[[Intake], Any]] = {
    "nutrient": lambda intake: intake.nutrient.slug,
    "role_rank": lambda intake: intake.role.rank,
    "life_stage": lambda intake: intake.life_stage and intake.life_stage.code,
    "source": lambda intake: intake.source.slug,
    "sex": lambda intake: intake.population.sex,
    "age_min_months": lambda intake: intake.population.age_min_months,
    "age_max_months": lambda intake: intake.population.age_max_months,
    "for_neither": lambda intake: State.neither in intake.population.states,
    "for_pregnancy": lambda intake: State.pregnancy in intake.population.states,
    "for_lactation": lambda intake: State.lactation in intake.population.states,
    "value": _of_quantity("value"),
    "value_min": _of_quantity("min"),
    "value_max": _of_quantity("max"),
    "unit": _of_quantity("unit"),
    "per": _of_quantity("per"),
    "iu_factor": lambda intake: next((c.factor for c in intake.conversions if c.unit is Unit.international_unit), None),
}
"""Columns of the table of intakes."""


def column_value(record: Any, column: str) -> Any:
    if isinstance(record, Intake) and column in INTAKE:
        return INTAKE[column](record)
    return COMPUTED[column](record) if column in COMPUTED else getattr(record, column)


def link_rows(record: Any) -> Iterator[dict[str, Any]]:
    """The rows of the references that a record holds; `position` keeps the written order."""
    for position, (field, target) in enumerate(links(record, KINDS[record.kind].file.model_fields)):
        yield {"origin": record.slug, "field": field, "target": target, "position": position}


def amount_rows(record: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(record, FoodSource):
        return
    for amount in food_amounts(record):
        yield {
            "slug": f"{record.slug}-{amount.ndb_no}-{amount.nutrient.slug}",
            "sort_name": sort_name(record.name),
            "from_article": record.from_article,
            "food_source": record.slug,
            "nutrient": amount.nutrient.slug,
            "source": amount.citations[0].source.slug,
            "food_group": record.group,
            "ndb_no": amount.ndb_no,
            "standing": amount.standing,
            "per_100g": amount.per_100g and amount.per_100g.value,
            "unit": amount.per_100g and amount.per_100g.unit,
            "serving": amount.serving.description,
            "serving_g": amount.serving.weight.value,
            "per_serving": amount.per_serving and amount.per_serving.value,
            "percent_daily_value": amount.percent_daily_value,
            "card": amount.model_dump_json(),
        }


def provision_rows(record: Any) -> Iterator[dict[str, Any]]:
    """The rows of the nutrients that a food source provides, as its card shows them."""
    if not isinstance(record, FoodSource):
        return
    for item in record.provided:
        yield {
            "food_source": record.slug,
            "nutrient": item.nutrient.slug,
            "standing": item.standing,
            "per_100g": item.per_100g and item.per_100g.value,
            "per_serving": item.per_serving and item.per_serving.value,
            "percent_daily_value": item.percent_daily_value,
        }


def stage_rows(stages: Sequence[LifeStageRow]) -> Iterator[dict[str, Any]]:
    for position, stage in enumerate(stages):
        population = stage.population()
        yield {
            "code": stage.code,
            "position": position,
            "label": stage.label,
            "sex": str(stage.sex),
            "state": str(stage.state),
            "age_min_months": population.age_min_months,
            "age_max_months": population.age_max_months,
        }


def identifier_rows(record: Any) -> Iterator[dict[str, Any]]:
    """The rows of a record's codes in the database; a code of a blood test is only close to the nutrient."""
    tests = {item.code: item for test in getattr(record, "assessment", ()) for item in test.same_as}
    near = [item.model_copy(update={"match": Match.close}) for item in tests.values()]
    for item in (*getattr(record, "same_as", ()), *near):
        yield {"code": item.code, "record": record.slug, "match": item.match, "url": item.url}
