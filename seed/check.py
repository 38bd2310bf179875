"""Check content: slugs, keys, values, references, citations, coverage. Every problem is reported at once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.schemas import KINDS
from app.schemas.claim import ClaimFile
from app.schemas.common import MAX_SLUG, is_slug
from app.schemas.food_source import FoodSourceFile
from app.schemas.identifier import Match
from app.schemas.intake import Intake
from app.schemas.source import SourceType
from app.schemas.vocabulary import Vocabulary
from seed.amounts import amount_problems
from seed.build import Authored, build
from seed.evidence import evidence_problems
from seed.files import CoverageFile, DatasetFile, Files, Raw, read
from seed.intake_files import IntakesFile, LifeStageRow, LifeStagesFile
from seed.intakes import daily_values, expand, stage_problems, table_problems
from seed.names import Names
from seed.problems import Problem, did_you_mean, from_one
from seed.prose import ProseFile, prose_problems
from seed.redirects import slug_of
from seed.toml_file import Key, line_of, lines_of

M = TypeVar("M", bound=BaseModel)

MAX_PROBLEMS = 50
"""Problems that are reported of one file: each costs a search for what was probably meant."""


@dataclass(frozen=True)
class Checked:
    """A dataset that passed: what it says of itself, and its records as they will be served."""

    dataset: DatasetFile
    coverage: CoverageFile
    life_stages: list[LifeStageRow]
    vocabulary: Vocabulary
    records: list[Any]


def check(folder: Path) -> tuple[Checked | None, list[Problem]]:
    """Check the content below `folder`: the dataset if it is sound, and the problems, ordered by file and line."""
    files = read(folder)
    checked, problems = _check(files)
    return checked, sorted(_located(problems, files.texts), key=lambda p: (p.file, p.line or 0, p.key))


def _located(problems: Iterable[Problem], texts: Mapping[str, str]) -> Iterator[Problem]:
    """The problems with their lines, and positions counted from 1, as people count."""
    lines: dict[str, dict[Key, int]] = {}
    for problem in problems:
        line = problem.line
        if problem.key and texts.get(problem.file):
            if problem.file not in lines:
                lines[problem.file] = lines_of(texts[problem.file])
            line = line_of(lines[problem.file], problem.key)
        yield replace(problem, line=line, key=from_one(problem.key))


def _check(files: Files) -> tuple[Checked | None, list[Problem]]:
    problems = files.problems
    names = _names(files)
    single = files.single
    dataset = _validate(DatasetFile, single["dataset"], "dataset.toml", names, problems)
    coverage = _validate(CoverageFile, single["coverage"] or {"fact": []}, "coverage.toml", names, problems)
    vocabulary = _validate(Vocabulary, single["vocabulary"], "vocabulary.toml", names, problems)
    authored = []
    for raw in files.raws:
        content = _validate(raw.kind.file, raw.data, raw.path, names, problems)
        if content is not None:
            authored.append(Authored(raw.kind, raw.slug, raw.path, content))
    # after validation, which passes over a file that has a problem as a whole
    problems += [*_slug_problems(files), *_name_problems(files)]
    problems += [*_claim_problems(authored), *_part_problems(authored), *_identifier_problems(authored)]
    problems += evidence_problems(authored, names)
    prose = _validate(ProseFile, single["prose"], "prose.toml", names, problems)
    problems += prose_problems(files, prose) if prose is not None else []
    stages = _validate(LifeStagesFile, single["life-stages"], "life-stages.toml", names, problems) or LifeStagesFile()
    problems += stage_problems(stages.life_stages)
    intakes = _intakes(files.tables, stages.life_stages, names, problems)
    daily = daily_values(intakes)
    for item in authored:
        if isinstance(item.content, FoodSourceFile):
            problems += amount_problems(item.path, item.content, names, daily)
    every = Names(
        {**names.refs, **{item.slug: KINDS["intake"].ref(item.slug, item.name) for item in intakes}}, names.source_types
    )
    problems += _redirect_problems(single["dataset"].get("redirects"), every)
    problems += _coverage_problems(coverage, every) if coverage is not None else []
    if problems or dataset is None or coverage is None or vocabulary is None:
        return None, problems
    records = [*build(authored, names, daily), *intakes]
    problems = list(_pointer_problems(coverage, records))
    return (None, problems) if problems else (Checked(dataset, coverage, stages.life_stages, vocabulary, records), [])


def resolve_pointer(document: Any, pointer: str) -> Any:
    """The value that a JSON Pointer (RFC 6901) names; `LookupError` where there is none."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            if not re.fullmatch(r"0|[1-9][0-9]{0,8}", key):
                raise LookupError(pointer)
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document[key]
        else:
            raise LookupError(pointer)  # noqa: TRY004 - what the caller sees is a pointer that leads nowhere
    return document


def _names(files: Files) -> Names:
    refs, types = {}, {}
    for raw in files.raws:
        if is_slug(raw.slug):
            name = raw.data.get("name")
            shown = name.strip() if isinstance(name, str) and name.strip() else raw.slug
            refs[raw.slug] = raw.kind.ref(raw.slug, shown)
        # one that is missing or misspelt is a problem of the source alone
        if raw.kind.name == "source" and raw.data.get("type") in list(SourceType):
            types[raw.slug] = raw.data["type"]
    return Names(refs, types)


def _slug_problems(files: Files) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for raw in files.raws:
        if not is_slug(raw.slug):
            advice = f"use lower-case letters, digits and single hyphens, {MAX_SLUG} at most"
            yield Problem(raw.path, "", f'"{raw.slug}" is not a slug; {advice}')
        if (owner := owners.setdefault(raw.slug, raw.path)) != raw.path:
            message = f'slug "{raw.slug}" is taken by {owner}; slugs are unique over all kinds: rename one'
            yield Problem(raw.path, "", message)


def _name_problems(files: Files) -> Iterator[Problem]:
    """A name or alias that two records of one kind share would make a search hit ambiguous.

    Between records, case, accents, hyphens and other marks make no difference.
    """
    owners: dict[tuple[str, str], str] = {}
    written = set()
    for raw in files.raws:
        aliases = raw.data.get("aliases", [])
        keyed = [("name", raw.data.get("name"))]
        keyed += [(f"aliases[{i}]", alias) for i, alias in enumerate(aliases if isinstance(aliases, list) else [])]
        for key, text in keyed:
            if not isinstance(text, str):
                continue
            plain = " ".join(text.casefold().split())
            owner = owners.setdefault((raw.kind.name, slug_of(text) or plain), raw.path)
            if owner != raw.path or (owner, plain) in written:
                yield Problem(raw.path, key, f'"{text}" is already a name or alias of {owner}; keep it in one place')
            written.add((raw.path, plain))


def _claim_problems(authored: list[Authored]) -> Iterator[Problem]:
    for item in authored:
        if isinstance(item.content, ClaimFile) and (item.content.object is None) == (item.content.target is None):
            yield Problem(item.path, "object", "give either object (a record) or target (words), not both")


def _part_problems(authored: list[Authored]) -> Iterator[Problem]:
    """Records that are part of themselves, directly or through others."""
    wider = {item.slug: part.slug for item in authored if (part := getattr(item.content, "part_of", None)) is not None}
    for item in authored:
        chain = [item.slug]
        while (slug := wider.get(chain[-1])) is not None and slug not in chain:
            chain.append(slug)
        if slug == item.slug:
            through = f" (through {', '.join(chain[1:])})" if len(chain) > 1 else ""
            yield Problem(item.path, "part_of", f"a record is not part of itself{through}; name the wider one")


def _identifier_problems(authored: list[Authored]) -> Iterator[Problem]:
    """Codes that a record has twice, and codes that two records claim to mean exactly."""
    owners: dict[str, Authored] = {}
    for item in authored:
        seen = set()
        for place, identifier in enumerate(getattr(item.content, "same_as", ())):
            key, shown = f"same_as[{place}].id", f"{identifier.vocabulary} {identifier.id}"
            if identifier.code in seen:
                yield Problem(item.path, key, f"{shown} stands here twice; remove one")
            seen.add(identifier.code)
            if identifier.match is Match.exact and owners.setdefault(identifier.code, item) is not item:
                owner = owners[identifier.code].path
                message = f"{shown} is exactly {owner} already; only one record has this meaning, so say how it differs"
                yield Problem(item.path, key, message)


def _intakes(raws: list[Raw], stages: list[LifeStageRow], names: Names, problems: list[Problem]) -> list[Intake]:
    intakes: dict[str, Intake] = {}
    nutrients = names.of_kind("nutrient")
    for raw in raws:
        file = _validate(IntakesFile, raw.data, raw.path, names, problems)
        if raw.slug not in nutrients:
            near = get_close_matches(raw.slug, nutrients, n=1)
            hint = f"name the file {near[0]}.toml" if near else "add the nutrient's file"
            problems.append(Problem(raw.path, "", f'"{raw.slug}" is no nutrient; {hint}'))
        elif file is not None:
            found = list(table_problems(raw.path, file, stages))
            problems += found
            if found:
                continue
            for key, intake in expand(names.refs[raw.slug], file, stages):
                if intake.slug in intakes or intake.slug in names.refs:
                    message = f'its slug "{intake.slug}" is taken; change the label, or part the two lines'
                    problems.append(Problem(raw.path, key, message))
                intakes.setdefault(intake.slug, intake)
    return list(intakes.values())


def _redirect_problems(redirects: object, names: Names) -> Iterator[Problem]:
    for old, new in redirects.items() if isinstance(redirects, dict) else ():
        key = f"redirects.{old}"
        if old in names.refs:
            message = f'"{old}" is a record again; a slug is never reused, so drop the redirect or rename the record'
            yield Problem("dataset.toml", key, message)
        if isinstance(new, str) and new not in names.refs:
            hint = did_you_mean(new, names.refs, "name the record that took its place")
            yield Problem("dataset.toml", key, f'unknown record "{new}"{hint}')


def _coverage_problems(coverage: CoverageFile, names: Names) -> Iterator[Problem]:
    urls = {ref.url for ref in names.refs.values()}
    seen = set()
    for i, fact in enumerate(coverage.fact):
        if fact.number in seen:
            yield Problem("coverage.toml", f"fact[{i}].number", f"{fact.number} is mapped twice; join the two entries")
        seen.add(fact.number)
        for j, target in enumerate(fact.targets):
            url = target.partition("#")[0]
            # a path without a record, such as /comparison, is proved against the running API
            if url.count("/") > 1 and url not in urls:
                hint = did_you_mean(url, urls, "name the path of a record")
                yield Problem("coverage.toml", f"fact[{i}].targets[{j}]", f'no record at "{url}"{hint}')


def _pointer_problems(coverage: CoverageFile, records: list[Any]) -> Iterator[Problem]:
    """What only the finished records can tell: pointers that lead nowhere."""
    documents = {record.url: record.model_dump(mode="json") for record in records}
    for i, fact in enumerate(coverage.fact):
        for j, target in enumerate(fact.targets):
            url, _, pointer = target.partition("#")
            if url not in documents:
                continue
            try:
                resolve_pointer(documents[url], pointer)
            except LookupError:
                message = f'"{pointer}" names nothing in {url}; correct the JSON Pointer'
                yield Problem("coverage.toml", f"fact[{i}].targets[{j}]", message)


def _validate(model: type[M], data: dict[str, Any], path: str, names: Names, problems: list[Problem]) -> M | None:
    if any(problem.file == path and not problem.key for problem in problems):
        return None  # could not even be read
    try:
        return model.model_validate(data, context=names)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems += [_problem(path, details, model) for details in found[:MAX_PROBLEMS]]
        if len(found) > MAX_PROBLEMS:
            message = f"{len(found) - MAX_PROBLEMS} more problems; correct these first"
            problems.append(Problem(path, "", message))
        return None


def _problem(path: str, details: ErrorDetails, model: type[BaseModel]) -> Problem:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in details["loc"]).lstrip(".")
    value, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case "missing":
            message = "required, but missing; add it"
        case "extra_forbidden":
            message = "unknown key" + did_you_mean(str(details["loc"][-1]), sorted(_keys(model)), "remove it")
        case "enum":
            allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            message = f'"{value}" is not one of {", ".join(allowed)}' + did_you_mean(str(value), allowed, "")
        case "code":
            message = f'"{value}" {details["msg"]}'
        case "reference_unknown" | "reference_kind" | "grade_signature" | "upper_end":
            message = details["msg"]
        case _:
            message = f"{details['msg'][0].lower()}{details['msg'][1:]}; found {_shorten(value)}"
    return Problem(path, key, message)


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


@cache
def _keys(model: type[BaseModel]) -> frozenset[str]:
    """Every key that may stand in a file of this model, at any depth: candidates for a misspelt one."""
    schema = model.model_json_schema(mode="validation")
    return frozenset(key for part in (schema, *schema.get("$defs", {}).values()) for key in part.get("properties", {}))
