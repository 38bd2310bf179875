"""`python -m seed import-food`: panels out of a table, everything else in the files kept, errors in one sentence."""

import shutil
from pathlib import Path

import pytest

from seed.__main__ import main
from seed.import_foods import COLUMNS
from tests.support import REAL, ROOT

LIVER = "food-sources/liver.toml"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table in which liver has its iron and no sodium, and the other foods have nothing."""
    empty = "," * (len(COLUMNS) - 1)
    cells = ["2.5" if slug == "iron" else "" for slug in COLUMNS]
    rows = [f"ndb_no,description,{','.join(COLUMNS.values())}", f'00001,"Liver, fried",{",".join(cells)}']
    rows += [f"{number},Food {number},{empty}" for number in ("00002", "00003", "00004")]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def import_food(content: Path, table: Path, *more: str) -> int:
    return main(["import-food", "--content", str(content), "--table", str(table), *more])


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_panel_is_written_and_the_rest_kept(content: Path, table: Path) -> None:
    path = content / LIVER
    change(path, 'iron = "6.5 mg"', 'iron = "6.5 mg" # measured twice')
    change(path, 'ndb_no = "00001"', '# fried in butter\nndb_no = "00001"')
    before = path.read_text(encoding="utf-8")
    assert import_food(content, table, "00001") == 0
    assert path.read_text(encoding="utf-8") == before.replace("6.5 mg", "2.5 mg")


def test_a_second_run_changes_nothing(content: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_food(content, table) == 0
    files = {path: path.read_bytes() for path in content.rglob("*.toml")}
    capsys.readouterr()
    assert import_food(content, table) == 0
    assert capsys.readouterr().out == "0 files changed; run `python -m seed check` next.\n"
    assert {path: path.read_bytes() for path in content.rglob("*") if path.is_file()} == files


def test_a_new_nutrient_adds_its_line_to_every_food(content: Path, table: Path) -> None:
    shutil.copy(content / "nutrients/sodium.toml", content / "nutrients/zinc.toml")
    shutil.copy(content / "nutrients/sodium.toml", content / "nutrients/boron.toml")
    assert import_food(content, table) == 0
    for path in (content / "food-sources").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert text.count('\nzinc = "not measured"\nboron = "not measured"\n') == text.count("[[foods]]")
    assert '"not measured"\n\n[[foods]]\n' in (content / LIVER).read_text(encoding="utf-8")


def test_a_new_food_needs_a_number_and_gets_the_first_household_measure(content: Path, table: Path) -> None:
    weights = table.with_name("weights.csv")
    weights.write_text("ndb_no,sequence,amount,measure,grams\n00001,1,1,slice,81\n", encoding="utf-8")
    text = (content / LIVER).read_text(encoding="utf-8")
    start, end = text.index("description = "), text.index("\n[[foods]]", text.index("00001"))
    (content / LIVER).write_text(f'{text[:start]}source = "handbook"\n{text[end:]}', encoding="utf-8")
    assert import_food(content, table, "00001", "--weights", str(weights)) == 0
    written = (content / LIVER).read_text(encoding="utf-8")
    assert all(line in written for line in ('serving = "1 slice"', "serving_g = 81", 'iron = "2.5 mg"'))


@pytest.mark.parametrize(
    ("numbers", "spoil", "said"),
    [
        (["1"], None, '"1" is not an NDB number; write its five digits.'),
        (["99999"], None, "has NDB 99999; write [[foods]] with ndb_no into the food's file first."),
        ([], lambda content, table: table.unlink(), "table.csv: No such file or directory."),
        ([], lambda content, table: table.write_text("a,b\n"), "it has no column ndb_no."),
        ([], lambda content, table: table.write_text(""), "it has no column ndb_no."),
        ([], lambda content, table: table.write_bytes(b"\xff\xfe\x00"), "is not a CSV table in UTF-8"),
        ([], lambda content, table: change(table, "2.5", "x"), 'has "x" for NDB 00001, which is not an amount.'),
        ([], lambda content, table: change(table, "00001", "00009"), "has no food with NDB number 00001, which"),
        ([], lambda content, table: change(content / LIVER, "[[foods]]", "[[foods"), "is not valid TOML"),
        ([], lambda content, table: change(content / LIVER, 'name = "', 'foods = 1\nname = "'), "is not valid TOML"),
        ([], lambda content, table: (content / LIVER).write_bytes(b"\xff"), "is not UTF-8; save it as UTF-8."),
        ([], lambda content, table: change(content / LIVER, 'serving = "3 oz"\n', ""), "has no serving; write serving"),
        ([], lambda content, table: (content / LIVER).write_text("foods = 1\n"), "is not written as [[foods]]"),
        (
            [],
            lambda content, table: (content / LIVER).write_text("[[foods]]\nper_100g = 1\n"),
            "per_100g is not written",
        ),
    ],
)
def test_what_cannot_be_imported_is_said_in_a_sentence(
    content: Path, table: Path, numbers: list[str], spoil: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if callable(spoil):
        spoil(content, table)
    before = {path: path.read_bytes() for path in content.rglob("*.toml")}
    assert import_food(content, table, *numbers) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert said in err
    assert {path: path.read_bytes() for path in content.rglob("*.toml")} == before


def test_the_table_is_asked_for(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["import-food", "--content", str(content)])
    assert stopped.value.code == 2
    assert "--table" in capsys.readouterr().err


def test_the_content_is_what_the_command_writes(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(REAL, tmp_path / "content"))
    assert import_food(copy, ROOT / "tests" / "reference" / "sr28_foods.csv") == 0
    for path in (REAL / "food-sources").glob("*.toml"):
        assert (copy / "food-sources" / path.name).read_bytes() == path.read_bytes()
