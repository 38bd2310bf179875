"""Panels of foods out of the table of a food database, written into content files that keep the rest of their text."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.command_line import Refused
from app.schemas.food_source import NOT_MEASURED

COLUMNS = {
    "magnesium": "magnesium_mg",
    "calcium": "calcium_mg",
    "potassium": "potassium_mg",
    "sodium": "sodium_mg",
    "phosphorus": "phosphorus_mg",
    "iron": "iron_mg",
    "zinc": "zinc_mg",
    "copper": "copper_mg",
    "vitamin-d": "vitamin_d_ug",
    "vitamin-b12": "vitamin_b12_ug",
    "vitamin-b1": "thiamin_mg",
    "vitamin-b6": "vitamin_b6_mg",
    "folate": "folate_dfe_ug",
    "vitamin-e": "vitamin_e_mg",
}
"""The column of each nutrient, with its unit behind the last underscore; what the table lacks is not measured."""

Row = Mapping[str, str]

_HEADER = re.compile(r'(["\d\]])(\r?\n)+\[\[foods\]\]')
"""The header of a food behind a value: one blank line belongs between them."""


def import_foods(content: Path, table: Path, weights: Path | None, numbers: Sequence[str]) -> list[Path]:
    """Write the panels of these foods, or of every food in the content; returns the files that changed."""
    rows = _table(table, ["ndb_no", "description", *COLUMNS.values()])
    measures = _table(weights, ["ndb_no", "sequence", "amount", "measure", "grams"]) if weights else {}
    for number in numbers:
        if not re.fullmatch(r"[0-9]{5}", number):
            raise Refused(f'"{number}" is not an NDB number; write its five digits.')
    nutrients = sorted(path.stem for path in (content / "nutrients").glob("*.toml"))
    ordered = [slug for slug in COLUMNS if slug in nutrients] + [slug for slug in nutrients if slug not in COLUMNS]
    missing, changed = set(numbers), {}
    for path in sorted((content / "food-sources").glob("*.toml")):
        text = _read(path)
        document = _parse(path, text)
        for food in document.get("foods", ()):
            number = str(food.get("ndb_no"))
            if numbers and number not in numbers:
                continue
            missing.discard(number)
            if number not in rows:
                raise Refused(f"{table} has no food with NDB number {number}, which {path} names.")
            _write(food, rows[number][0], measures.get(number, ()), ordered, path)
        if (new := _HEADER.sub(r"\1\2\2[[foods]]", document.as_string())) != text:
            changed[path] = new
    if missing:
        where = content / "food-sources"
        raise Refused(
            f"No file in {where} has NDB {min(missing)}; write [[foods]] with ndb_no into the food's file first."
        )
    # nothing is written before every food was found
    for path, new in changed.items():
        _replace(path, new)
    return list(changed)


def _write(food: Any, row: Row, measures: Sequence[Row], nutrients: Iterable[str], path: Path) -> None:
    if "serving" not in food:
        if not measures:
            raise Refused(
                f"{path}: NDB {row['ndb_no']} has no serving; write serving and serving_g, or give --weights."
            )
        first = measures[0]
        food["serving"] = f"{first['amount']} {first['measure']}"
        food["serving_g"] = _number(first["grams"], first)
    if food.get("description") != row["description"]:
        food["description"] = row["description"]
    panel = food.setdefault("per_100g", {})
    for slug in nutrients:
        column = COLUMNS.get(slug)
        number = row[column].strip() if column else ""
        value = NOT_MEASURED
        if column and number:
            value = f"{_digits(number, row)} {column.rpartition('_')[2]}"
        if panel.get(slug) != value:
            panel[slug] = value


def _digits(text: str, row: Row) -> str:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise Refused(f'The table has "{text[:20]}" for NDB {row["ndb_no"]}, which is not an amount.')
    return text


def _number(text: str, row: Row) -> Any:
    import tomlkit  # noqa: PLC0415 - only authors need it

    return tomlkit.value(_digits(text, row))


def _parse(path: Path, text: str) -> Any:
    try:
        import tomlkit  # noqa: PLC0415 - only authors need it
        from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415
    except ModuleNotFoundError:
        raise Refused("import-food needs the package tomlkit; run `pip install tomlkit`.") from None
    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise Refused(f"{path} is not valid TOML ({error}); `python -m seed check` shows where.") from None
    foods = document.get("foods", [])
    if not isinstance(foods, list) or not all(isinstance(food, dict) for food in foods):
        raise Refused(f"{path}: foods is not written as [[foods]]; correct that first.")
    if not all(isinstance(food.get("per_100g", {}), dict) for food in foods):
        raise Refused(f"{path}: per_100g is not written as [foods.per_100g]; correct that first.")
    return document


def _table(path: Path, columns: Sequence[str]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True, restval="")
            if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise Refused(f"{path} is not the table that is meant: it has no column {lacking[0]}.")
            for row in reader:
                rows.setdefault(row["ndb_no"], []).append(row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} is not a CSV table in UTF-8 ({error}).") from None
    return rows


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8; save it as UTF-8.") from None


def _replace(path: Path, text: str) -> None:
    # whole or not at all, whatever stops the command
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(text.encode())
    temporary.replace(path)
