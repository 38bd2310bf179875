"""Amounts in foods: from authored lines to what is served, and the checks that no line shows alone."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

from app.schemas import KINDS
from app.schemas.common import Citation, Problem
from app.schemas.food_source import (
    Amount,
    AmountLine,
    FoodAmount,
    FoodSource,
    FoodSourceFile,
    MeasuredFood,
    Serving,
    Standing,
)
from app.schemas.quantity import MICROGRAMS, Mass, Quantity, Unit

DailyValues = Mapping[str, Quantity]
"""The FDA Daily Value of each nutrient that has one."""


def percent_daily_value(line: AmountLine, daily: Quantity | None) -> int | None:
    """Amount in the serving as a percentage of the Daily Value, a whole number.

    The amount is computed from 100 g and the serving's weight, and only the percentage is rounded (half up): a
    percentage of the already rounded amount per serving would be rounded twice.
    """
    if daily is None or daily.value == 0:
        return None
    amount = line.per_100g * line.serving_g / 100 * MICROGRAMS[line.unit]
    percent = 100 * amount / (daily.value * MICROGRAMS[daily.unit])
    return int(percent.quantize(Decimal(1), ROUND_HALF_UP))


def amounts_of(content: FoodSourceFile, daily_values: DailyValues) -> list[Amount]:
    """What a food source holds, the greatest percentage of the Daily Value first."""
    amounts = [_amount(food, line, daily_values) for food in content.foods for line in food.amounts]
    return sorted(amounts, key=lambda a: (-(a.percent_daily_value or 0), a.nutrient.slug, a.ndb_no))


def food_amounts(record: FoodSource) -> Iterator[FoodAmount]:
    """Each amount of a food source together with the food source."""
    provisions = {provision.nutrient.slug: provision for provision in record.nutrients}
    for amount in record.amounts:
        provision = provisions[amount.nutrient.slug]
        yield FoodAmount(
            **{field: getattr(amount, field) for field in Amount.model_fields},
            food_source=KINDS["food_source"].ref(record.slug, record.name),
            group=record.group,
            from_article=record.from_article,
            standing=provision.standing,
            remark=provision.remark,
        )


def amount_problems(path: str, content: FoodSourceFile, daily_values: DailyValues) -> Iterator[Problem]:
    """Amounts that contradict one another, or what the file says of the source."""
    provisions = {provision.nutrient.slug: i for i, provision in enumerate(content.nutrients)}
    best: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    for i, food in enumerate(content.foods):
        for j, line in enumerate(food.amounts):
            key, slug = f"foods[{i}].amounts[{j}]", line.nutrient.slug
            if (food.ndb_no, slug) in seen:
                message = f"{slug} of NDB {food.ndb_no} is there twice; keep one"
                yield Problem(file=path, key=key, message=message)
            seen.add((food.ndb_no, slug))
            if slug not in provisions:
                message = f"{slug} is not among [[nutrients]]; add it there with a standing"
                yield Problem(file=path, key=f"{key}.nutrient", message=message)
            daily = daily_values.get(slug)
            if daily is not None and line.unit != daily.unit:
                message = f'"{line.unit}" is not the unit of the Daily Value; write the amounts in {daily.unit}'
                yield Problem(file=path, key=f"{key}.unit", message=message)
            if abs(line.per_100g * line.serving_g / 100 - line.per_serving) > _last_place(line.per_serving):
                computed = line.per_100g * line.serving_g / 100
                message = f"{line.per_serving} is not {line.per_100g} per 100 g in {line.serving_g} g ({computed:f})"
                yield Problem(file=path, key=f"{key}.per_serving", message=f"{message}; correct the wrong one")
            percent = percent_daily_value(line, daily)
            if percent is not None:
                best[slug] = max(percent, best.get(slug, 0))
    for slug, percent in best.items():
        if slug in provisions:
            yield from _standing_problems(path, content, provisions[slug], percent)


def _standing_problems(path: str, content: FoodSourceFile, place: int, percent: int) -> Iterator[Problem]:
    provision, key = content.nutrients[place], f"nutrients[{place}]"
    if provision.standing is Standing.poor:
        if provision.remark is None:
            yield Problem(file=path, key=f"{key}.remark", message="missing; say why little of it is absorbed")
    elif provision.standing is not Standing.of(percent):
        message = f'"{provision.standing}" does not fit {percent} % of the Daily Value; write "{Standing.of(percent)}"'
        yield Problem(file=path, key=f"{key}.standing", message=message)


def _amount(food: MeasuredFood, line: AmountLine, daily_values: DailyValues) -> Amount:
    weight = Mass(value=line.serving_g, unit=Unit.gram)
    return Amount(
        nutrient=line.nutrient,
        description=food.description,
        ndb_no=food.ndb_no,
        per_100g=Quantity(value=line.per_100g, unit=line.unit, per=Unit.hundred_grams),
        serving=Serving(description=line.serving, weight=weight),
        per_serving=Quantity(value=line.per_serving, unit=line.unit, per=Unit.serving),
        percent_daily_value=percent_daily_value(line, daily_values.get(line.nutrient.slug)),
        citations=[
            Citation(
                source=food.source,
                locator=f"NDB {food.ndb_no}",
                finding=f"{line.per_100g} {line.unit} of {line.nutrient.name.lower()} in 100 g.",
            )
        ],
    )


def _last_place(number: Decimal) -> Decimal:
    """One unit in the last written place: how far a rounded number may be off, whichever way it was rounded."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent)
