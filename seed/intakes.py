"""Tables of intakes: checked as a whole, and spelt out into one record a value."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from app.schemas import KINDS
from app.schemas.common import MAX_SLUG, Citation, Note, Ref, is_slug
from app.schemas.intake import Intake, IntakeType, Role, Status
from app.schemas.population import LifeStage, Population, Sex, State
from app.schemas.quantity import MICROGRAMS, Quantity, Range
from seed.intake_files import IntakesFile, IntakeTable, LifeStageRow, PopulationRow
from seed.problems import Problem, did_you_mean, from_one

STAGES = "life-stages.toml"

LIMITS = (
    IntakeType.ul,
    IntakeType.adi,
    IntakeType.cdrr,
    IntakeType.safe_level,
    IntakeType.maximum,
    IntakeType.supplement_guidance,
    IntakeType.supplement_limit,
)
"""Types of values that answer how much is too much."""


@dataclass(frozen=True)
class Line:
    """One line of a table: where it stands, whom it is for, and the numbers (none where not determined)."""

    table: IntakeTable
    key: str
    stage: LifeStageRow | None
    population: Population
    numbers: tuple[Decimal, ...]

    @property
    def role(self) -> Role:
        if self.table.type is IntakeType.dv:
            return Role.label
        return Role.limit if self.table.type in LIMITS else Role.need

    @property
    def micrograms(self) -> tuple[Decimal, ...]:
        return tuple(number * MICROGRAMS[self.table.unit] for number in self.numbers)


def stage_problems(stages: Sequence[LifeStageRow]) -> Iterator[Problem]:
    """Codes are unique; the ages of a stage, and of stages that follow one another, rise."""
    seen: list[LifeStageRow] = []
    for i, stage in enumerate(stages):
        key, population = f"life_stages[{i}]", stage.population()
        if any(stage.code == other.code for other in seen):
            yield Problem(STAGES, f"{key}.code", f'"{stage.code}" is there twice; rename or remove one')
        if stage.age_max is not None and stage.age_min > stage.age_max:
            message = f"{stage.age_max} is less than age_min ({stage.age_min}); swap them"
            yield Problem(STAGES, f"{key}.age_max", message)
        like = [other for other in seen if other.sex == stage.sex and other.state == stage.state]
        if like and _overlap(like[-1].population(), population):
            yield Problem(
                STAGES, f"{key}.age_min", f"{like[-1].code} holds these ages as well; let ages rise, once each"
            )
        elif like and like[-1].population().age_min_months > population.age_min_months:
            yield Problem(STAGES, f"{key}.age_min", f"is younger than {like[-1].code} above it; put stages in order")
        seen.append(stage)


def lines(file: IntakesFile, stages: Sequence[LifeStageRow]) -> Iterator[Line]:
    """The lines of a file, in written order; lines with an unknown life stage are left out."""
    by_code = {stage.code: stage for stage in stages}
    for i, table in enumerate(file.tables):
        for code, value in table.life_stages.items():
            if code in by_code:
                stage = by_code[code]
                numbers = () if value is None else (value,)
                yield Line(table, f"tables[{i}].life_stages.{code}", stage, stage.population(), numbers)
        for j, row in enumerate(table.populations):
            yield Line(table, f"tables[{i}].populations[{j}]", None, row.population(), _numbers(row))


def table_problems(path: str, file: IntakesFile, stages: Sequence[LifeStageRow]) -> Iterator[Problem]:
    """What no line shows alone: order, overlaps, limits below needs, and notes that are missing."""
    found = list(lines(file, stages))
    for key, message in (
        *_unknown_stages(file, stages),
        *_disorder(file, stages),
        *_overlaps(found),
        *_low_limits(found),
        *_missing_notes(file, found),
        *_bad_slugs(path, found),
    ):
        yield Problem(path, key, message)


def expand(nutrient: Ref, file: IntakesFile, stages: Sequence[LifeStageRow]) -> Iterator[tuple[str, Intake]]:
    """The records of a file, each with the key of its line."""
    for line in lines(file, stages):
        table = line.table
        slug = _slug(nutrient.slug, line)
        stage = line.stage and LifeStage(code=line.stage.code, label=line.stage.label)
        yield (
            line.key,
            Intake(
                slug=slug,
                name=f"{nutrient.name}: {table.authority} {table.type.replace('-', ' ')}, {line.population.label}",
                url=KINDS["intake"].url(slug),
                nutrient=nutrient,
                authority=table.authority,
                type=table.type,
                role=line.role,
                life_stage=stage,
                population=line.population,
                status=Status.set if line.numbers else Status.not_determined,
                quantity=_quantity(line),
                conversions=[c for c in file.conversions if line.numbers],
                applies_to=table.applies_to,
                notes=_notes(line),
                source=table.source,
                citations=[Citation(source=table.source, locator=table.locator, finding=_finding(line))],
                last_reviewed=file.last_reviewed,
            ),
        )


def daily_values(intakes: Iterable[Intake]) -> Mapping[str, Quantity]:
    """The FDA Daily Value of each nutrient that has one: the one that counts for adults."""
    return {
        item.nutrient.slug: item.quantity
        for item in intakes
        if item.role is Role.label and isinstance(item.quantity, Quantity)
        if item.population.age_max_months is None and State.neither in item.population.states
    }


def _numbers(row: PopulationRow) -> tuple[Decimal, ...]:
    if row.min is not None and row.max is not None:
        return (row.min, row.max)
    return () if row.value is None else (row.value,)


def _quantity(line: Line) -> Quantity | Range | None:
    unit, per = line.table.unit, line.table.per
    match line.numbers:
        case (value,):
            return Quantity(value=value, unit=unit, per=per)
        case (least, most):
            return Range(min=least, max=most, unit=unit, per=per)
        case _:
            return None


def _finding(line: Line) -> str:
    numbers = " to ".join(f"{number:f}" for number in line.numbers)
    value = f"{numbers} {line.table.unit} per {line.table.per}" if numbers else "no value was determined"
    return f"{line.population.label}: {value}."


def _notes(line: Line) -> list[Note]:
    table = line.table
    cited = [Citation(source=table.source, locator=table.locator, finding=_finding(line))]
    notes = [] if line.numbers or table.not_determined is None else [Note(text=table.not_determined, citations=cited)]
    return notes + ([table.below_need] if table.below_need and line.numbers else []) + table.notes


def _slug(nutrient: str, line: Line) -> str:
    text = line.stage.code if line.stage else line.population.label
    whom = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{nutrient}-{line.table.authority.lower()}-{line.table.type.lower()}-{whom}"


def _bad_slugs(path: str, found: Sequence[Line]) -> Iterator[tuple[str, str]]:
    for line in found:
        slug = _slug(PurePath(path).stem, line)
        if not is_slug(slug):
            message = f'its slug would be "{slug}"; shorten the label ({MAX_SLUG} in all), in letters a to z'
            yield line.key, message


def _unknown_stages(file: IntakesFile, stages: Sequence[LifeStageRow]) -> Iterator[tuple[str, str]]:
    known = [stage.code for stage in stages]
    for i, table in enumerate(file.tables):
        if not table.life_stages and not table.populations:
            yield f"tables[{i}]", "holds no value; add life_stages or populations"
        for code in table.life_stages:
            if code not in known:
                hint = did_you_mean(code, known, "add it to life-stages.toml")
                yield f"tables[{i}].life_stages.{code}", f'unknown life stage "{code}"{hint}'


def _disorder(file: IntakesFile, stages: Sequence[LifeStageRow]) -> Iterator[tuple[str, str]]:
    places = {stage.code: place for place, stage in enumerate(stages)}
    for i, table in enumerate(file.tables):
        codes = [code for code in table.life_stages if code in places]
        for before, code in itertools.pairwise(codes):
            if places[before] > places[code]:
                message = f"comes before {before} in life-stages.toml; keep that order here"
                yield f"tables[{i}].life_stages.{code}", message


def _overlaps(found: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Two values of one authority and kind for one person would leave open which holds."""
    for i, line in enumerate(found):
        for other in found[:i]:
            same = (line.table.authority, line.table.type) == (other.table.authority, other.table.type)
            if same and _overlap(line.population, other.population):
                message = f"covers people whom {from_one(other.key)} covers as well; part their ages, sexes or states"
                yield line.key, message


def _overlap(one: Population, other: Population) -> bool:
    """Whether somebody can belong to both."""
    return (
        (one.sex == other.sex or Sex.any in (one.sex, other.sex))
        and not set(one.states).isdisjoint(other.states)
        and (one.age_max_months is None or one.age_max_months >= other.age_min_months)
        and (other.age_max_months is None or other.age_max_months >= one.age_min_months)
    )


def _low_limits(found: Sequence[Line]) -> Iterator[tuple[str, str]]:
    needs = [line for line in found if line.role is Role.need and line.numbers]
    for line in found:
        table = line.table
        if line.role is not Role.limit or not line.numbers or table.below_need is not None:
            continue
        for need in needs:
            alike = need.table.authority == table.authority and need.table.per == table.per
            if alike and _overlap(line.population, need.population) and min(line.micrograms) < max(need.micrograms):
                message = (
                    f"lies below the {need.table.type} ({from_one(need.key)}); correct it, or say why in below_need"
                )
                yield line.key, message
                break


def _missing_notes(file: IntakesFile, found: Sequence[Line]) -> Iterator[tuple[str, str]]:
    for i, table in enumerate(file.tables):
        if table.not_determined is None and any(line.table is table and not line.numbers for line in found):
            yield f"tables[{i}].not_determined", "missing, though a line is not-determined; say what that means"
