"""Amounts in foods: from authored panels to what is served, and the checks that no panel shows alone."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

from app.schemas import KINDS
from app.schemas.common import Citation, Ref
from app.schemas.food_source import (
    Amount,
    AmountStatus,
    FoodAmount,
    FoodSource,
    FoodSourceFile,
    MeasuredFood,
    Provision,
    ReferenceAmount,
    Serving,
    Standing,
)
from app.schemas.quantity import MICROGRAMS, Mass, Quantity, Unit
from seed.names import Names
from seed.problems import Problem, did_you_mean

DailyValues = Mapping[str, Quantity]
"""The FDA Daily Value of each nutrient that has one."""

CLAIMS = (Standing.high, Standing.good)
"""What the FDA lets a label say: "high" or "good source"."""

_VERDICT = re.compile(r"\b(?P<words>high in|good sources? of|gives? some|contains? little)\b", re.IGNORECASE)
_VERDICTS = {"high": Standing.high, "good": Standing.good, "give": Standing.some, "cont": Standing.low}
_VERDICT_END = re.compile(rf"{_VERDICT.pattern}|[.;]|\bbut\b".replace("?P<words>", ""), re.IGNORECASE)
_BRAND = re.compile(r"\b(?!USDA)[A-Z]{4,}\b")


def percent_of(amount: Mass, grams: Decimal, daily: Quantity | None) -> Decimal | None:
    """The amount in so many grams as a percentage of the Daily Value, not rounded: it is rounded once, when shown."""
    if daily is None or daily.value == 0:
        return None
    return amount.value * grams * MICROGRAMS[amount.unit] / (daily.value * MICROGRAMS[daily.unit])


def amounts_of(content: FoodSourceFile, names: Names, daily_values: DailyValues) -> list[Amount]:
    """What a food source contains, the greatest percentage of the Daily Value first."""
    poor = {item.nutrient.slug for item in content.nutrients if item.standing is Standing.poor}
    amounts = [
        _amount(food, names.refs[slug], amount, daily_values.get(slug), is_poor=slug in poor)
        for food in content.foods
        for slug, amount in food.per_100g.items()
    ]
    return sorted(amounts, key=_richest_first)


def with_provisions(content: FoodSourceFile, names: Names, daily_values: DailyValues) -> FoodSourceFile:
    """The same with what follows from its amounts: standings, their citations, and nutrients with a good amount."""
    amounts: dict[str, list[Amount]] = {}
    for amount in amounts_of(content, names, daily_values):
        amounts.setdefault(amount.nutrient.slug, []).append(amount)
    written = {item.nutrient.slug: item for item in content.nutrients}
    provisions = []
    for slug in [*written, *(slug for slug in amounts if slug not in written)]:
        own = amounts.get(slug, [])
        best = min((amount.standing for amount in own), key=list(Standing).index, default=Standing.unrated)
        cited = [citation for amount in own for citation in amount.citations]
        if slug not in written and best in CLAIMS:
            provisions.append(Provision(nutrient=names.refs[slug], standing=best, citations=cited))
        elif slug in written:
            item = written[slug]
            standing = item.standing if best is Standing.unrated else best
            provisions.append(item.model_copy(update={"standing": standing, "citations": [*item.citations, *cited]}))
    return content.model_copy(update={"nutrients": provisions})


def food_amounts(record: FoodSource) -> Iterator[FoodAmount]:
    remarks = {provision.nutrient.slug: provision.remark for provision in record.nutrients}
    for amount in record.amounts:
        yield FoodAmount(
            **{field: getattr(amount, field) for field in Amount.model_fields},
            food_source=KINDS["food_source"].ref(record.slug, record.name),
            group=record.group,
            from_article=record.from_article,
            remark=remarks.get(amount.nutrient.slug),
        )


def amount_problems(path: str, content: FoodSourceFile, names: Names, daily_values: DailyValues) -> Iterator[Problem]:
    """Panels with gaps, and verdicts that do not follow from the amounts."""
    nutrients = names.of_kind("nutrient")
    sound = True
    for i, food in enumerate(content.foods):
        if food.ndb_no in [other.ndb_no for other in content.foods[:i]]:
            yield Problem(path, f"foods[{i}].ndb_no", f"{food.ndb_no} is there twice; keep one")
        if food.brand is None and (found := _BRAND.search(food.description)):
            yield Problem(path, f"foods[{i}].brand", f'missing, though "{found[0]}" looks like a brand; add it')
        for slug, amount in food.per_100g.items():
            key = f"foods[{i}].per_100g.{slug}"
            if slug not in nutrients:
                sound = False
                hint = did_you_mean(slug, nutrients, "add its file, or correct the slug")
                yield Problem(path, key, f'unknown nutrient "{slug}"{hint}')
            daily = daily_values.get(slug)
            if daily is not None and amount is not None and amount.unit != daily.unit:
                message = f'"{amount.unit}" is not the unit of the Daily Value; write the amount in {daily.unit}'
                yield Problem(path, key, message)
        if missing := [slug for slug in nutrients if slug not in food.per_100g]:
            message = f'{", ".join(missing)} missing; write "not measured", or run python -m seed import-food'
            yield Problem(path, f"foods[{i}].per_100g", message)
    if not content.foods and not content.nutrients:
        yield Problem(path, "nutrients", "missing, and so is foods; name what it provides")
    if sound:
        yield from _verdict_problems(path, content, names, daily_values)


def _verdict_problems(path: str, content: FoodSourceFile, names: Names, daily_values: DailyValues) -> Iterator[Problem]:
    measured = {slug for food in content.foods for slug, amount in food.per_100g.items() if amount is not None}
    standings = {
        amount.nutrient.slug: amount
        for amount in sorted(
            amounts_of(content, names, daily_values),
            key=lambda amount: amount.reference_amount.percent_daily_value or 0,
        )
        if amount.nutrient.slug in measured
    }
    for i, item in enumerate(content.nutrients):
        key, best = f"nutrients[{i}]", standings.get(item.nutrient.slug)
        if item.standing is Standing.poor:
            if item.remark is None:
                yield Problem(path, f"{key}.remark", "missing; say why little of it is absorbed")
        elif (
            best is not None
            and Standing.unrated not in (item.standing, best.standing)
            and item.standing != best.standing
        ):
            message = f'"{item.standing}" does not fit {_reason(best)}; write "{best.standing}", or leave it out'
            yield Problem(path, f"{key}.standing", message)
        if best is None and not item.citations:
            yield Problem(path, f"{key}.citations", "required, but missing; add it")
    for standing, nutrient in _verdicts(content.summary, [names.refs[slug] for slug in standings]):
        best = standings[nutrient.slug]
        if best.standing not in (standing, Standing.poor, Standing.unrated):
            message = f'"{standing}" for {nutrient.name} does not fit {_reason(best)}, which is "{best.standing}"'
            yield Problem(path, "summary", f"{message}; correct the sentence")


def _reason(amount: Amount) -> str:
    reference = amount.reference_amount
    return f"{reference.percent_daily_value} % of the Daily Value in {reference.weight.value} g"


def _verdicts(text: str, nutrients: list[Ref]) -> Iterator[tuple[Standing, Ref]]:
    """What a text says of nutrients: "high in magnesium" and the like."""
    for verdict in _VERDICT.finditer(text):
        end = _VERDICT_END.search(text, verdict.end())
        said = text[verdict.end() : end.start() if end else len(text)]
        for nutrient in nutrients:
            if re.search(rf"\b{re.escape(nutrient.name)}\b", said, re.IGNORECASE):
                yield _VERDICTS[verdict["words"][:4].lower()], nutrient


def _richest_first(amount: Amount) -> tuple[bool, int, str, str]:
    percent = amount.percent_daily_value
    return amount.per_100g is None, -(percent or 0), amount.nutrient.slug, amount.ndb_no


def _amount(food: MeasuredFood, nutrient: Ref, amount: Mass | None, daily: Quantity | None, *, is_poor: bool) -> Amount:
    reference_g = food.reference_amount_g or food.serving_g
    in_serving = in_reference = None
    if amount is not None:
        in_serving = percent_of(amount, food.serving_g, daily)
        in_reference = _rounded(percent_of(amount, reference_g, daily), 1)
    standing = standing_of(in_reference)
    by_serving = standing_of(_rounded(in_serving, 1))
    percent = _rounded(in_serving, 0)
    what = nutrient.name.lower() if amount is None else f"{amount.value} {amount.unit} of {nutrient.name.lower()}"
    return Amount(
        nutrient=nutrient,
        description=food.description,
        ndb_no=food.ndb_no,
        brand=food.brand,
        status=AmountStatus.not_measured if amount is None else AmountStatus.measured,
        per_100g=amount and Quantity(value=amount.value, unit=amount.unit, per=Unit.hundred_grams),
        serving=Serving(description=food.serving, weight=Mass(value=food.serving_g, unit=Unit.gram)),
        per_serving=amount
        and Quantity(value=_in_grams(amount.value, food.serving_g), unit=amount.unit, per=Unit.serving),
        percent_daily_value=None if percent is None else int(percent),
        reference_amount=ReferenceAmount(
            weight=Mass(value=reference_g, unit=Unit.gram), percent_daily_value=in_reference
        ),
        standing=Standing.poor if is_poor and amount is not None else standing,
        portion_decides=standing is not by_serving and (standing in CLAIMS or by_serving in CLAIMS),
        citations=[
            Citation(
                source=food.source,
                locator=f"NDB {food.ndb_no}",
                finding=f"No value for {what}." if amount is None else f"{what} in 100 g.",
            )
        ],
    )


def standing_of(percent: Decimal | None) -> Standing:
    """The standing that a percentage of the Daily Value gives."""
    if percent is None:
        return Standing.unrated
    if percent >= 20:
        return Standing.high
    if percent >= 10:
        return Standing.good
    return Standing.some if percent > 5 else Standing.low


def _rounded(number: Decimal | None, places: int) -> Decimal | None:
    return None if number is None else number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _in_grams(per_100g: Decimal, grams: Decimal) -> Decimal:
    """The amount in so many grams, rounded half up to three digits, or to a whole number from 100."""
    exact = per_100g * grams / 100
    return exact.quantize(Decimal(1).scaleb(min(0, exact.adjusted() - 2)), ROUND_HALF_UP) if exact else Decimal(0)
