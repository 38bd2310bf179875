"""`seed check` on intakes, life stages and amounts: each mistake with its file, its key and its correction."""

import re
from pathlib import Path

import pytest

from seed.check import check


def problems(content: Path) -> list[str]:
    return [str(problem) for problem in check(content)[1]]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "intakes/iron.toml",
            "woman = 18",
            "womn = 18",
            'tables[1].life_stages.womn: unknown life stage "womn"; did you mean "woman"?',
        ),
        (
            "intakes/iron.toml",
            "child = 10\nman = 8",
            "man = 8\nchild = 10",
            "tables[1].life_stages.child: comes before man in life-stages.toml; keep that order here",
        ),
        (
            "intakes/iron.toml",
            "woman = 45",
            "woman = 17.9",
            "tables[3].life_stages.woman: lies below the RDA (tables[1].life_stages.woman); correct it, or say",
        ),
        (
            "intakes/iron.toml",
            'to = "11mo"',
            'to = "1y"',
            "tables[4].populations[2]: covers people whom tables[4].populations[1] covers as well; part",
        ),
        (
            "intakes/iron.toml",
            'not_determined = "No limit is no proof."\n',
            "",
            "tables[3].not_determined: missing, though a line is not-determined; say what that means",
        ),
        (
            "intakes/iron.toml",
            'unit = "mg"',
            'unit = "mcg"',
            'tables[1].unit: "mcg" is not one of g, mg, ug, [iU], d, MJ, kg.d, 100.g, {serving}, mo, a; did you',
        ),
        (
            "intakes/iron.toml",
            'unit = "mg"',
            'unit = "MJ"',
            "tables[1].unit: is no unit of mass; write g, mg or ug; found 'MJ'",
        ),
        (
            "intakes/iron.toml",
            'source = "handbook"',
            'source = "handbok"',
            'tables[1].source: unknown source "handbok"; did you mean "handbook"?',
        ),
        (
            "intakes/iron.toml",
            "woman = 18",
            'woman = "eighteen"',
            "tables[1].life_stages.woman: is neither a number nor \"not-determined\"; found 'eighteen'",
        ),
        (
            "intakes/iron.toml",
            'from = "6mo"',
            'from = "6 months"',
            'tables[4].populations[1].from: is no age; write years as "18y" and months as "7mo"; found \'6',
        ),
        (
            "intakes/iron.toml",
            "min = 2.2, max = 2.5",
            "min = 2.5, max = 2.2",
            "has a min that is greater than max; swap them",
        ),
        ("intakes/iron.toml", ", max = 2.5", "", "needs either value, or min and max"),
        (
            "life-stages.toml",
            "age_min = 1, age_max = 17",
            "age_min = 17, age_max = 1",
            "life_stages[2].age_max: 1 is less than age_min (17); swap them",
        ),
        (
            "life-stages.toml",
            'age_min = 1, age_max = 17, age_unit = "a"',
            'age_min = 6, age_max = 17, age_unit = "mo"',
            "life_stages[2].age_min: infant holds these ages as well; let ages rise, once each",
        ),
        (
            "life-stages.toml",
            'code = "man"',
            'code = "child"',
            'life_stages[3].code: "child" is there twice; rename or remove one',
        ),
        (
            "food-sources/liver.toml",
            'standing = "high"',
            'standing = "good"',
            'nutrients[1].standing: "good" does not fit 30.7 % of the Daily Value in 85 g; write "high"',
        ),
        (
            "food-sources/liver.toml",
            "Holds much iron.",
            "It is a good source of copper, iron and more. It holds iron.",
            'summary: "good" for Iron does not fit 30.7 % of the Daily Value in 85 g, which is "high"; correct',
        ),
        (
            "food-sources/liver.toml",
            'iron = "6.5 mg"',
            'iron = "6.5 ug"',
            'foods[1].per_100g.iron: "ug" is not the unit of the Daily Value; write the amount in mg',
        ),
        (
            "food-sources/liver.toml",
            'iron = "6.5 mg"',
            'irn = "6.5 mg"',
            'foods[1].per_100g.irn: unknown nutrient "irn"; did you mean "iron"?',
        ),
        (
            "food-sources/liver.toml",
            'sodium = "not measured"\n',
            "",
            'foods[1].per_100g: sodium missing; write "not measured", or run python -m seed import-food',
        ),
        (
            "food-sources/liver.toml",
            "Liver, fried",
            "Liver, KELLOGG, fried",
            'foods[1].brand: missing, though "KELLOGG" looks like a brand; add it',
        ),
        (
            "food-sources/liver.toml",
            'ndb_no = "00002"',
            'ndb_no = "00001"',
            "foods[2].ndb_no: 00001 is there twice; keep one",
        ),
        (
            "food-sources/spinach-leaf.toml",
            'remark = "Oxalate binds it."\n',
            "",
            "nutrients[1].remark: missing; say why little of it is absorbed",
        ),
    ],
)
def test_a_mistake_is_told_with_place_and_correction(
    content: Path, file: str, old: str, new: str, expected: str
) -> None:
    replace(content / file, old, new)
    found = problems(content)
    assert any(re.match(rf"{file}:\d+: ", problem) and expected in problem for problem in found), found


def test_a_limit_below_the_need_passes_with_a_reason(content: Path) -> None:
    replace(content / "intakes/iron.toml", "woman = 45", "woman = 17")
    cite = '{ source = "leaflet", locator = "Page 1", finding = "It says so." }'
    note = f'below_need = {{ text = "Supplements only.", citations = [{cite}] }}\n'
    replace(content / "intakes/iron.toml", 'applies_to = "supplements"\n', f'applies_to = "supplements"\n{note}')
    checked, found = check(content)
    assert not found
    assert checked is not None
    woman = next(record for record in checked.records if record.slug == "iron-nasem-ul-woman")
    assert [entry.text for entry in woman.notes] == ["Supplements only.", "Rounded."]


def test_intakes_of_no_nutrient(content: Path) -> None:
    (content / "intakes/iron.toml").rename(content / "intakes/irn.toml")
    assert 'intakes/irn.toml: "irn" is no nutrient; name the file iron.toml' in problems(content)


def test_two_lines_with_one_slug(content: Path) -> None:
    replace(content / "intakes/iron.toml", '"everybody from 1 year", from = "1y"', '"6 - 11 months", from = "1y"')
    assert any('its slug "iron-efsa-ul-6-11-months" is taken' in problem for problem in problems(content))


def test_an_intake_without_a_daily_value_gives_no_percentage(content: Path) -> None:
    replace(content / "intakes/iron.toml", 'authority = "FDA"', 'authority = "UK"')
    replace(content / "intakes/iron.toml", 'type = "DV"', 'type = "recommended-intake"')
    checked, found = check(content)
    assert not found
    assert checked is not None
    liver = next(record for record in checked.records if record.slug == "liver")
    assert [amount.percent_daily_value for amount in liver.amounts] == [None] * 6


@pytest.mark.parametrize("label", ["взрослые", "a label " * 10])
def test_a_label_that_makes_no_slug(content: Path, label: str) -> None:
    replace(content / "intakes/iron.toml", '"everybody from 1 year"', f'"{label}"')
    assert any("tables[4].populations[2]: its slug would be" in problem for problem in problems(content))
