"""`seed check`: every kind of mistake is reported, with its place and its mend."""

from collections.abc import Callable
from pathlib import Path

import pytest

from seed.__main__ import main
from tests.support import REAL, TINY

Break = Callable[[Path], None]


def replace(file: str, old: str, new: str) -> Break:
    """Replaces a piece of a content file."""

    def change(content: Path) -> None:
        text = (content / file).read_text(encoding="utf-8")
        assert old in text
        (content / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def append(file: str, text: str) -> Break:
    def change(content: Path) -> None:
        with (content / file).open("a", encoding="utf-8") as opened:
            opened.write(text)

    return change


def write(file: str, text: bytes) -> Break:
    def change(content: Path) -> None:
        (content / file).parent.mkdir(exist_ok=True)
        (content / file).write_bytes(text)

    return change


def copy(file: str, to: str) -> Break:
    return lambda content: write(to, (content / file).read_bytes())(content)


def remove(file: str) -> Break:
    return lambda content: (content / file).unlink()


IRON, LIVER, CLAIM = "nutrients/iron.toml", "food-sources/liver.toml", "claims/iron-is-essential.toml"

MISTAKES: dict[str, tuple[Break, str, str]] = {
    "broken TOML": (append(IRON, "\nname ="), IRON, "not valid TOML: Invalid value (at"),
    "not UTF-8": (write(IRON, b'name = "\xff"'), IRON, "not UTF-8 (byte 8); save it as UTF-8"),
    "unknown key": (
        replace(IRON, "symbol =", "simbol ="),
        f"{IRON}: simbol",
        'unknown key; did you mean "symbol"?',
    ),
    "unknown key like no other": (replace(IRON, "symbol =", "zzz ="), f"{IRON}: zzz", "unknown key; remove it"),
    "unknown key inside": (
        replace(IRON, "dietary_sources", "dietery_sources"),
        f"{IRON}: comparison.dietery_sources",
        'unknown key; did you mean "dietary_sources"?',
    ),
    "wrong enum": (
        replace(IRON, '"mineral"', '"minerl"'),
        f"{IRON}: type",
        '"minerl" is not one of vitamin, mineral; did you mean "mineral"?',
    ),
    "missing key": (
        replace(IRON, 'summary = "A mineral that carries oxygen."\n', ""),
        f"{IRON}: summary",
        "required, but missing; add it",
    ),
    "wrong type": (
        replace(IRON, "electrolyte = false", 'electrolyte = "perhaps"'),
        f"{IRON}: electrolyte",
        "input should be a valid boolean, unable to interpret input; found 'perhaps'",
    ),
    "empty text": (
        replace(IRON, '"Iron"', '"  "'),
        f"{IRON}: name",
        "string should have at least 1 character; found '  '",
    ),
    "no citation": (
        replace(IRON, 'citations = [{ source = "handbook", locator = "Page 1" }]', "citations = []"),
        f"{IRON}: citations",
        "list should have at least 1 item after validation, not 0; found []",
    ),
    "unknown reference": (
        replace(IRON, '"liver"', '"livr"'),
        f"{IRON}: comparison.dietary_sources[0]",
        'unknown food source "livr"; did you mean "liver"?',
    ),
    "unknown reference like no other": (
        replace(IRON, '"liver"', '"qqq"'),
        f"{IRON}: comparison.dietary_sources[0]",
        'unknown food source "qqq"; add its file, or mend the slug',
    ),
    "wrong kind of reference": (
        replace(IRON, '"liver"', '"running"'),
        f"{IRON}: comparison.dietary_sources[0]",
        '"running" is a lifestyle factor, not a food source',
    ),
    "unknown source": (
        replace(CLAIM, '"handbook"', '"handbok"'),
        f"{CLAIM}: citations[0].source",
        'unknown source "handbok"; did you mean "handbook"?',
    ),
    "duplicate slug over kinds": (
        copy("symptoms/scurvy.toml", "symptoms/iron.toml"),
        "symptoms/iron.toml",
        f'slug "iron" is taken by {IRON}; slugs are unique over all kinds: rename one',
    ),
    "duplicate alias": (
        replace("nutrients/sodium.toml", '"Na"]', '"FERRUM"]'),
        "nutrients/sodium.toml: aliases[0]",
        f'"FERRUM" is already a name or alias of {IRON}; keep it in one place',
    ),
    "duplicate name": (
        replace("nutrients/sodium.toml", 'name = "sodium"', 'name = "vitamin  c"'),
        "nutrients/vitamin-c.toml: name",
        '"Vitamin C" is already a name or alias of nutrients/sodium.toml; keep it in one place',
    ),
    "stray file": (
        write("nutrients/notes.txt", b"milk, eggs"),
        "nutrients/notes.txt",
        "not a content file; put <slug>.toml into one of claims, faq, food-sources",
    ),
    "stray folder": (
        copy(IRON, "nutriments/zinc.toml"),
        "nutriments/zinc.toml",
        "not a content file; put <slug>.toml into one of claims, faq, food-sources",
    ),
    "bad slug": (
        copy("symptoms/scurvy.toml", "symptoms/Scurvy_2.toml"),
        "symptoms/Scurvy_2.toml",
        '"Scurvy_2" is no slug; use lower-case letters, digits and single hyphens, 80 at most',
    ),
    "long slug": (
        copy("symptoms/scurvy.toml", f"symptoms/{'s' * 81}.toml"),
        f"symptoms/{'s' * 81}.toml",
        "is no slug; use lower-case letters, digits and single hyphens, 80 at most",
    ),
    "claim without object": (
        replace(CLAIM, 'target = "essential nutrient"\n', ""),
        f"{CLAIM}: object",
        "give either object (a record) or target (words), not both",
    ),
    "claim with both": (
        replace(CLAIM, "target =", 'object = "tiredness"\ntarget ='),
        f"{CLAIM}: object",
        "give either object (a record) or target (words), not both",
    ),
    "part of itself": (
        replace(LIVER, "group =", 'part_of = "liver"\ngroup ='),
        f"{LIVER}: part_of",
        "a record is not part of itself; name the wider one",
    ),
    "coverage of no record": (
        replace("coverage.toml", "/nutrients/iron#", "/nutrients/irn#"),
        "coverage.toml: fact[0].targets[0]",
        'no record at "/nutrients/irn"; did you mean "/nutrients/iron"?',
    ),
    "coverage of no value": (
        replace("coverage.toml", "#/roles/0/text", "#/roles/7/text"),
        "coverage.toml: fact[0].targets[0]",
        '"/roles/7/text" names nothing in /nutrients/iron; mend the JSON Pointer',
    ),
    "coverage that is no pointer": (
        replace("coverage.toml", "#/roles/0/text", "#roles"),
        "coverage.toml: fact[0].targets[0]",
        "string should match pattern",
    ),
    "fact mapped twice": (
        append("coverage.toml", '\n[[fact]]\nnumber = "F001"\ntext = "Again."\ntargets = ["/nutrients/iron#"]\n'),
        "coverage.toml: fact[1].number",
        "F001 is mapped twice; join the two entries",
    ),
    "redirect to nothing": (
        replace("dataset.toml", '"iron"', '"irn"'),
        "dataset.toml: redirects.iron-mineral",
        'unknown record "irn"; did you mean "iron"?',
    ),
    "redirect of a record": (
        replace("dataset.toml", "iron-mineral =", "sodium ="),
        "dataset.toml: redirects.sodium",
        '"sodium" is a record again; a slug is never reused, so drop the redirect or rename the record',
    ),
    "no version": (
        replace("dataset.toml", "0.1.0", "1.0"),
        "dataset.toml: version",
        "string should match pattern",
    ),
    "no dataset file": (remove("dataset.toml"), "dataset.toml", "missing; add it with at least a version"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported(content: Path, capsys: pytest.CaptureFixture[str], mistake: str) -> None:
    make, place, message = MISTAKES[mistake]
    make(content)
    assert main(["check", "--content", str(content)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith(f"{content}/{place}: ") and message in line for line in lines), "\n".join(lines)
    assert lines[-1].endswith("; the content is not usable.")


def test_one_mistake_is_one_problem(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(IRON, '"mineral"', '"minerl"')(content)
    assert main(["check", "--content", str(content)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "1 problem; the content is not usable."


def test_every_mistake_is_reported_in_one_run(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    together = [
        "duplicate alias",
        "stray file",
        "bad slug",
        "claim with both",
        "part of itself",
        "redirect to nothing",
        "no version",
        "coverage of no record",
        "fact mapped twice",
    ]
    for mistake in together:
        MISTAKES[mistake][0](content)
    append("symptoms/scurvy.toml", "\nname =")(content)
    write("symptoms/tiredness.toml", b"\xff")(content)
    replace("food-sources/greens.toml", '"leafy-greens"', '"leafy"')(content)
    replace("food-sources/greens.toml", '"vitamin-c"', '"vitamin-b"')(content)
    assert main(["check", "--content", str(content)]) == 1
    lines = capsys.readouterr().err.splitlines()
    for mistake in together:
        _, place, message = MISTAKES[mistake]
        assert any(line.startswith(f"{content}/{place}: ") and message in line for line in lines), mistake
    for place in (
        "food-sources/greens.toml: group: ",
        "food-sources/greens.toml: nutrients[1].nutrient: ",
        "symptoms/scurvy.toml: not valid TOML",
        "symptoms/tiredness.toml: not UTF-8",
    ):
        assert any(line.startswith(f"{content}/{place}") for line in lines), place
    assert lines[-1] == f"{len(lines) - 1} problems; the content is not usable."
    files = [line.removeprefix(f"{content}/").split(":")[0] for line in lines[:-1]]
    assert files == sorted(files)


def test_what_is_wrong_inside_a_file_with_a_bad_slug_is_reported_too(
    content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for slug in ("Bad_Slug", "iron"):
        copy("symptoms/scurvy.toml", f"symptoms/{slug}.toml")(content)
        replace(f"symptoms/{slug}.toml", '"condition"', '"conditoin"')(content)
    assert main(["check", "--content", str(content)]) == 1
    reported = capsys.readouterr().err
    assert reported.count('did you mean "condition"?') == 2


def test_a_broken_file_still_counts_as_a_record_for_others(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(LIVER, "\nname =")(content)
    assert main(["check", "--content", str(content)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("1 problem;")


def test_a_missing_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--content", str(tmp_path / "nowhere")]) == 1
    assert "no such folder; name the content folder" in capsys.readouterr().err


@pytest.mark.parametrize("folder", [TINY, REAL], ids=["tiny", "real"])
def test_sound_content_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--content", str(folder)]) == 0
    assert capsys.readouterr().err.endswith(" records, no problem.\n")


def test_committed_schemas_are_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--out", str(tmp_path)]) == 0
    committed = Path(__file__).parent.parent / "seed" / "schemas"
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert capsys.readouterr().out == f"Wrote {len(written)} schemas to {tmp_path}.\n"
    assert written == {path.name: path.read_text(encoding="utf-8") for path in committed.iterdir()}
