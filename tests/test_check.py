"""`seed check`: every kind of mistake is reported, with its place and its correction."""

import os
import re
import signal
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seed.__main__ import main
from tests.support import REAL, ROOT, TINY, run

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


def both(*breaks: Break) -> Break:
    def change(content: Path) -> None:
        for make in breaks:
            make(content)

    return change


def hard(content: Path) -> None:
    """Gives every record a summary that only a specialist reads."""
    for path in content.glob("*/*.toml"):
        text = path.read_text(encoding="utf-8")
        difficult = "Electrophysiological neurotransmission necessitates extracellular magnesium availability."
        text = re.sub(r'^summary = ".*"$', f'summary = "{difficult}"', text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")


ASSESSMENT = """
[[assessment]]
analyte = "Ferritin"
specimen = "serum"
comparator = "<"
value = 30
upper = 40
unit = "ug/L"
meaning = "deficient"
authority = "Handbook"
citations = [{ source = "handbook", locator = "Page 1", finding = "It says so." }]
"""
PROSE = """
only_about_the_article = ["the article"]
banned = { "bear* on" = "is not plain; write: affects" }
american = { "*alized" = "-alise" }
"""
CITED = 'citations = [{ source = "handbook", locator = "Page 1", finding = "It says so." }]'
IRON, LIVER, CLAIM = "nutrients/iron.toml", "food-sources/liver.toml", "claims/iron-is-essential.toml"

MISTAKES: dict[str, tuple[Break, str, str]] = {
    "broken TOML": (append(IRON, "\nname ="), IRON, "not valid TOML: Invalid value (at end of document)"),
    "broken TOML in the middle": (
        replace(IRON, 'name = "Iron"', "name = Iron"),
        IRON,
        "not valid TOML: Invalid value (column 8); correct the syntax",
    ),
    "not UTF-8": (write(IRON, b'name = "\xff"'), IRON, "not UTF-8 (byte 9); save it as UTF-8"),
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
        "input should be a valid boolean; found 'perhaps'",
    ),
    "empty text": (
        replace(IRON, '"Iron"', '"  "'),
        f"{IRON}: name",
        "string should have at least 1 character; found '  '",
    ),
    "more of an element than there is": (
        replace(IRON, "elemental_percent = 20.5", "elemental_percent = 120"),
        f"{IRON}: forms[1].elemental_percent",
        "input should be less than or equal to 100; found 120",
    ),
    "a code that its vocabulary does not have": (
        replace(IRON, '"D007501"', '"D07501"'),
        f"{IRON}: same_as[1].id",
        '"D07501" is not a code of MeSH; write it like "D008274"',
    ),
    "an address that is not the code's": (
        replace(IRON, 'match = "exact"', 'match = "exact", url = "https://example.org"'),
        f"{IRON}: same_as[1].url",
        '"https://example.org" is not the address of the code; leave it out',
    ),
    "a code that stands twice": (
        replace(IRON, "same_as = [", 'same_as = [\n  { vocabulary = "MeSH", id = "D007501", match = "close" },'),
        f"{IRON}: same_as[2].id",
        "MeSH D007501 stands here twice; remove one",
    ),
    "a meaning that two records claim": (
        replace("symptoms/tiredness.toml", 'id = "D005221", match = "close"', 'id = "D007501", match = "exact"'),
        "symptoms/tiredness.toml: same_as[1].id",
        f"MeSH D007501 is exactly {IRON} already; only one record has this meaning, so say how it differs",
    ),
    "a grade that does not follow": (
        replace(IRON, 'grade = "moderate"', 'grade = "limited"'),
        f"{IRON}: grade",
        '"limited" does not follow from the citations, which give "moderate"; write that, or add grade_reason and',
    ),
    "an unproven claim that is stated": (
        replace("claims/running-causes-scurvy.toml", "Does running cause scurvy?", "Running causes scurvy."),
        "claims/running-causes-scurvy.toml: name",
        "a claim with the grade contradicted is named by a question, because names are shown without grades",
    ),
    "a supported claim that is asked": (
        replace(CLAIM, "Iron is essential.", "Is iron essential?"),
        f"{CLAIM}: name",
        "a claim with the grade strong is named by a statement, because names are shown without grades",
    ),
    "a grade without a signature": (
        replace(IRON, 'graded_by = "Test editors, 2026-01-01"\n', ""),
        f"{IRON}: roles[1]",
        "grade_reason and graded_by belong together; write both, or neither",
    ),
    "a signature without a need": (
        replace(IRON, 'grade = "strong"', 'grade = "moderate"'),
        f"{IRON}: roles[1].graded_by",
        "the citations give this grade already; remove graded_by and grade_reason",
    ),
    "a retraction that nobody checked": (
        append("sources/handbook.toml", "retracted = false\n"),
        "sources/handbook.toml: retracted",
        "retracted and retraction_checked belong together; write both, or neither",
    ),
    "an upper end without a range": (
        append(IRON, ASSESSMENT),
        f"{IRON}: assessment[1]",
        'upper belongs to comparator "range"; write both, or neither',
    ),
    "a banned phrase": (
        both(append("prose.toml", PROSE), replace(IRON, "Carries oxygen.", "Bears on oxygen.")),
        f"{IRON}: roles[1].text",
        '"Bears on" is not plain; write: affects',
    ),
    "an American spelling in a note on intakes": (
        both(append("prose.toml", PROSE), replace("intakes/iron.toml", "Rounded.", "Realized.")),
        "intakes/iron.toml: tables[3].notes[1].text",
        '"Realized" is American spelling; write "-alise"',
    ),
    "the article in a statement": (
        both(append("prose.toml", PROSE), replace(IRON, "Carries oxygen.", "The article names oxygen.")),
        f"{IRON}: roles[1].text",
        '"The article" belongs in the article\'s record and in findings of claims; write about the subject',
    ),
    "an emergency that waits": (
        replace("symptoms/tiredness.toml", 'urgency = "routine"', 'urgency = "emergency"'),
        "symptoms/tiredness.toml: red_flags[1].action",
        'its urgency, which is emergency; say "Call 999" or "straight away"',
    ),
    "haste where there is time": (
        replace("symptoms/tiredness.toml", "See a doctor", "See a doctor straight away"),
        "symptoms/tiredness.toml: red_flags[1].action",
        "its urgency, which is routine; leave out 999, 111 and haste",
    ),
    "texts that are too hard": (
        hard,
        "prose.toml",
        "summaries and answers have a median reading grade of",
    ),
    "no place in the source": (
        replace(IRON, 'locator = "Page 1"', 'locator = "Whole document"'),
        f"{IRON}: citations[1].locator",
        "names no place in the source; name a section, table or page, or set one_page in the source",
    ),
    "no finding": (
        replace(IRON, ', finding = "It says so."', ""),
        f"{IRON}: citations[1].finding",
        "required, but missing; add it",
    ),
    "a red flag without an authority": (
        replace("symptoms/tiredness.toml", 'source = "leaflet"', 'source = "handbook"'),
        "symptoms/tiredness.toml: red_flags[1].citations",
        "no authority supports this red flag; cite a source of type",
    ),
    "a source of no type, which grades rest on": (
        replace("sources/handbook.toml", 'type = "review"\n', ""),
        "sources/handbook.toml: type",
        "required, but missing; add it",
    ),
    "a source of an unknown type, which grades rest on": (
        replace("sources/handbook.toml", 'type = "review"', 'type = "reviw"'),
        "sources/handbook.toml: type",
        'did you mean "review"?',
    ),
    "study without a year": (
        replace("sources/handbook.toml", "year = 2020\n", ""),
        "sources/handbook.toml: year",
        "missing; only a web page of type fact-sheet, reference-work, guideline, regulator may state no date",
    ),
    "source without authors": (
        replace("sources/leaflet.toml", 'authors = ["A health service"]\n', ""),
        "sources/leaflet.toml: authors",
        "missing; name who wrote it or publishes it, or say in notes why that is not known",
    ),
    "a web page without a day": (
        replace("sources/leaflet.toml", "accessed = 2026-01-01", ""),
        "sources/leaflet.toml: accessed",
        "missing; a web page may change, so write on which day it was read",
    ),
    "a sentence that is too long": (
        replace(IRON, "A mineral that carries oxygen.", "A mineral that carries " + "much " * 30 + "oxygen."),
        f"{IRON}: summary",
        "a sentence of 35 words; 30 is the most, so make it two",
    ),
    "no citation": (
        replace(IRON, CITED, "citations = []"),
        f"{IRON}: citations",
        "list should have at least 1 item after validation, not 0; found []",
    ),
    "unknown reference": (
        replace(IRON, '"liver"', '"livr"'),
        f"{IRON}: comparison.dietary_sources[1]",
        'unknown food source "livr"; did you mean "liver"?',
    ),
    "unknown reference like no other": (
        replace(IRON, '"liver"', '"qqq"'),
        f"{IRON}: comparison.dietary_sources[1]",
        'unknown food source "qqq"; add its file, or correct the slug',
    ),
    "wrong kind of reference": (
        replace(IRON, '"liver"', '"running"'),
        f"{IRON}: comparison.dietary_sources[1]",
        '"running" is a lifestyle factor, not a food source',
    ),
    "unknown source": (
        replace(CLAIM, '"handbook"', '"handbok"'),
        f"{CLAIM}: citations[1].source",
        'unknown source "handbok"; did you mean "handbook"?',
    ),
    "number as text": (
        replace(LIVER, "serving_g = 85", 'serving_g = "85"'),
        f"{LIVER}: foods[1].serving_g",
        "is not a number; write it without quotation marks; found '85'",
    ),
    "amount without a unit": (
        replace(LIVER, '"6.5 mg"', '"6.5"'),
        f"{LIVER}: foods[1].per_100g.iron",
        'is not an amount; write it as "87 mg", or "not measured"; found \'6.5\'',
    ),
    "whole number as text": (
        replace(IRON, "position = 1", 'position = "1"'),
        f"{IRON}: comparison.position",
        "input should be a valid integer; found '1'",
    ),
    "blanks round a name": (
        replace(IRON, '"Iron"', '" Iron"'),
        f"{IRON}: name",
        'has blanks to spare; write "Iron"',
    ),
    "two blanks in an alias": (
        replace(IRON, '"ferrum"', '"ferrum  metal"'),
        f"{IRON}: aliases[2]",
        'has blanks to spare; write "ferrum metal"',
    ),
    "decomposed letters": (
        replace(IRON, '"Carries oxygen."', '"Carries oxyge\u0301n."'),
        f"{IRON}: roles[1].text",
        'is not in composed form (Unicode NFC); write "Carries oxyg\u00e9n."',
    ),
    "duplicate slug over kinds": (
        copy("symptoms/scurvy.toml", "symptoms/iron.toml"),
        "symptoms/iron.toml",
        f'slug "iron" is taken by {IRON}; slugs are unique over all kinds: rename one',
    ),
    "duplicate alias": (
        replace("nutrients/sodium.toml", '"Na"]', '"FERRUM"]'),
        "nutrients/sodium.toml: aliases[1]",
        f'"FERRUM" is already a name or alias of {IRON}; keep it in one place',
    ),
    "an alias that differs by its marks alone": (
        replace("nutrients/sodium.toml", '"Na"]', '"Férrum."]'),
        "nutrients/sodium.toml: aliases[1]",
        f'"Férrum." is already a name or alias of {IRON}; keep it in one place',
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
        '"Scurvy_2" is not a slug; use lower-case letters, digits and single hyphens, 80 at most',
    ),
    "long slug": (
        copy("symptoms/scurvy.toml", f"symptoms/{'s' * 81}.toml"),
        f"symptoms/{'s' * 81}.toml",
        "is not a slug; use lower-case letters, digits and single hyphens, 80 at most",
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
    "part of itself through another": (
        replace("lifestyle-factors/sports.toml", "name =", 'part_of = "swimming"\nname ='),
        "lifestyle-factors/sports.toml: part_of",
        "a record is not part of itself (through swimming); name the wider one",
    ),
    "coverage of no record": (
        replace("coverage.toml", "/nutrients/iron#", "/nutrients/irn#"),
        "coverage.toml: fact[1].targets[1]",
        'no record at "/nutrients/irn"; did you mean "/nutrients/iron"?',
    ),
    "coverage of no value": (
        replace("coverage.toml", "#/roles/0/text", "#/roles/7/text"),
        "coverage.toml: fact[1].targets[1]",
        '"/roles/7/text" names nothing in /nutrients/iron; correct the JSON Pointer',
    ),
    "coverage that is no pointer": (
        replace("coverage.toml", "#/roles/0/text", "#roles"),
        "coverage.toml: fact[1].targets[1]",
        "string should match pattern",
    ),
    "fact mapped twice": (
        append("coverage.toml", '\n[[fact]]\nnumber = "F001"\ntext = "Again."\ntargets = ["/nutrients/iron#"]\n'),
        "coverage.toml: fact[2].number",
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
    "long version": (
        replace("dataset.toml", "0.1.0", f"1.0.{'9' * 48}"),
        "dataset.toml: version",
        "string should have at most 50 characters",
    ),
    "language with a line end": (
        replace("dataset.toml", '"en"', r'"en\r\nSet-Cookie: a=b"'),
        "dataset.toml: language",
        "holds the control character U+000D; remove it",
    ),
    "language in other letters": (
        replace("dataset.toml", '"en"', '"русский"'),
        "dataset.toml: language",
        "string should match pattern",
    ),
    "language by name": (replace("dataset.toml", '"en"', '"english"'), "dataset.toml: language", "match pattern"),
    "licence in words": (
        replace("dataset.toml", '"CC0-1.0"', '"öffentlich"'),
        "dataset.toml: licence",
        "string should match pattern",
    ),
    "day as text": (
        replace("dataset.toml", "2026-01-01", '"2026-01-01"'),
        "dataset.toml: released",
        "input should be a valid date; found '2026-01-01'",
    ),
    "NUL in a text": (
        replace(IRON, "Carries oxygen.", r"Carries\u0000oxygen."),
        f"{IRON}: roles[1].text",
        "holds the control character U+0000; remove it",
    ),
    "control character in a name": (
        replace(IRON, '"ferrum"', r'"fer\u001brum"'),
        f"{IRON}: aliases[2]",
        "holds the control character U+001B; remove it",
    ),
    "text that changes direction": (
        replace(IRON, "Carries oxygen.", r"Carries \u202Eoxygen."),
        f"{IRON}: roles[1].text",
        "holds the control character U+202E; remove it",
    ),
    "control character in a key": (
        append(IRON, '\n"a\\nb" = 1\n'),
        IRON,
        "a key holds the control character U+000A; remove it",
    ),
    "long text": (
        replace(IRON, "Carries oxygen.", "long " * 1001),
        IRON,
        "is longer than 5000 characters; shorten it",
    ),
    "long name": (replace(IRON, '"ferrum"', f'"{"f" * 201}"'), f"{IRON}: aliases[2]", "is longer than 200 characters"),
    "text like a path": (
        replace(IRON, "Carries oxygen.", "/nutrients/iron"),
        f"{IRON}: roles[1].text",
        'begins with "/", as only a path of the API does; write it otherwise',
    ),
    "no dataset file": (remove("dataset.toml"), "dataset.toml", "missing; add it with at least a version"),
}


def link(file: str, to: Path) -> Break:
    def change(content: Path) -> None:
        (content / file).unlink(missing_ok=True)
        (content / file).symlink_to(to)

    return change


def folder(file: str) -> Break:
    def change(content: Path) -> None:
        (content / file).unlink(missing_ok=True)
        (content / file).mkdir()

    return change


ZINC = "nutrients/zinc.toml"
DEEP, LONG = "nested more than 20 levels deep; make it flat", "holds a number that is too long; write at most 15 digits"
OUTSIDE = "a symbolic link out of the content folder; put the file itself here"

HOSTILE: dict[str, tuple[Break, str, str]] = {
    "nested arrays": (write(ZINC, b"a = " + b"[" * 200_000), ZINC, DEEP),
    "nested tables": (write(ZINC, b"a = " + b"{a=" * 200_000), ZINC, DEEP),
    "nested arrays that are closed": (write(ZINC, b"a = " + b"[" * 30 + b"]" * 30), ZINC, DEEP),
    "dotted key": (write(ZINC, b"a." * 400_000 + b"a = 1"), ZINC, DEEP),
    "dotted key in quotes": (write(ZINC, b'"a" . ' * 100_000 + b"a = 1"), ZINC, DEEP),
    "dotted header": (write(ZINC, b"[" + b"a." * 400_000 + b"a]"), ZINC, DEEP),
    "tables in tables": (write(ZINC, b"".join(b"[%s]\n" % b".".join([b"a"] * n) for n in range(1, 30))), ZINC, DEEP),
    "huge integer": (append(IRON, "\nhuge = " + "9" * 100_000), IRON, LONG),
    "huge hexadecimal integer": (append(IRON, "\nhuge = 0x" + "f" * 100_000), IRON, LONG),
    "integer that no column holds": (replace(IRON, "position = 1", "position = 99999999999999"), IRON, LONG),
    "huge decimal number": (replace(LIVER, "serving_g = 85", "serving_g = 1e999999999"), LIVER, LONG),
    "huge exponent": (replace(LIVER, "serving_g = 85", f"serving_g = 1e{'9' * 100}"), LIVER, LONG),
    "infinite number": (
        replace(LIVER, "serving_g = 85", "serving_g = inf"),
        f"{LIVER}: foods[1].serving_g",
        "input should be a finite number; found Decimal('Infinity')",
    ),
    "large file": (write(ZINC, b"#" * 2_000_000), ZINC, "larger than 1048576 bytes; split it"),
    "many values": (write(ZINC, b"a = [" + b"1," * 100_000 + b"]"), ZINC, "holds more than 20000 values; split it"),
    "many unknown keys": (
        append("symptoms/scurvy.toml", "".join(f"k{i} = 1\n" for i in range(5000))),
        "symptoms/scurvy.toml",
        "more problems; correct these first",
    ),
    "pipe": (lambda content: os.mkfifo(content / ZINC), ZINC, "not a regular file; put a file in its place"),
    "link to a device": (link(ZINC, Path("/dev/zero")), ZINC, OUTSIDE),
    "link out of the folder": (link(ZINC, REAL / "nutrients" / "calcium.toml"), ZINC, OUTSIDE),
    "link of a single file": (link("vocabulary.toml", Path("/etc/passwd")), "vocabulary.toml", OUTSIDE),
    "link of a folder": (link("nutriments", REAL / "nutrients"), "nutriments", OUTSIDE),
    "link in a circle": (link(ZINC, Path("zinc.toml")), ZINC, OUTSIDE),
    "link to nothing": (link(ZINC, Path("nothing.toml")), ZINC, OUTSIDE),
    "folder named like a file": (folder(ZINC), ZINC, "not a regular file; put a file in its place"),
    "folder in the place of dataset.toml": (
        folder("dataset.toml"),
        "dataset.toml",
        "not a regular file; put a file in its place",
    ),
    "line end in a file's name": (
        write("nutrients/a\nb.toml", b""),
        r"nutrients/a\nb.toml",
        "is not a slug; use lower-case letters",
    ),
    "pointer of digits": (
        replace("coverage.toml", "#/roles/0/text", f"#/roles/{'9' * 4900}"),
        "coverage.toml: fact[1].targets[1]",
        "names nothing in /nutrients/iron",
    ),
}


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail rather than read a pipe or a device for ever."""

    def fail(*_: object) -> None:
        pytest.fail("it did not end in time")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_a_line(content: Path, case: str) -> None:
    make, place, message = HOSTILE[case]
    make(content)
    with time_limit(60):
        done = run("seed", "check", "--content", str(content))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(without_line(line).startswith(f"{content}/{place}: ") and message in line for line in lines), lines
    assert lines[-1] == f"{len(lines) - 1} problem{'s' if len(lines) > 2 else ''}; the content is not usable."
    assert "calcium" not in done.stderr


def test_a_link_within_the_folder_is_followed(content: Path) -> None:
    (content / IRON).rename(content / ".iron.toml")
    (content / IRON).symlink_to(content / ".iron.toml")
    assert main(["check", "--content", str(content)]) == 0


def without_line(line: str) -> str:
    return re.sub(r"(\.toml):\d+:", r"\1:", line, count=1)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_reported(content: Path, capsys: pytest.CaptureFixture[str], mistake: str) -> None:
    make, place, message = MISTAKES[mistake]
    make(content)
    assert main(["check", "--content", str(content)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(without_line(line).startswith(f"{content}/{place}: ") and message in line for line in lines), lines
    assert lines[-1].endswith("; the content is not usable.")


def test_a_problem_names_the_line(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the key, of the value that holds it, or of the table that lacks it."""
    text = (content / LIVER).read_text(encoding="utf-8")
    lines = {
        part: next(i for i, line in enumerate(text.split("\n"), 1) if part in line) for part in ("group =", "00002")
    }
    replace(LIVER, "group =", "grop =")(content)
    replace(LIVER, '"00002"', "2")(content)
    replace(IRON, '"liver", "spinach-leaf"', '\n  "liver",\n  "spinach",\n')(content)
    replace("nutrients/sodium.toml", "[[roles]]", '[[roles]]\ntext = """\nOf\nmany lines."""\n[[roles]]')(content)
    assert main(["check", "--content", str(content)]) == 1
    reported = capsys.readouterr().err.splitlines()
    sodium = (content / "nutrients/sodium.toml").read_text(encoding="utf-8").split("\n").index("[[roles]]") + 1
    iron = (content / IRON).read_text(encoding="utf-8").split("\n").index("dietary_sources = [") + 1
    for place in (
        f"{LIVER}:{lines['group =']}: grop: ",
        f"{LIVER}:{lines['00002']}: foods[2].ndb_no: ",
        f"{IRON}:{iron}: comparison.dietary_sources[2]: ",
        f"nutrients/sodium.toml:{sodium}: roles[1].grade: required",
    ):
        assert any(line.startswith(f"{content}/{place}") for line in reported), (place, reported)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(content: Path) -> None:
    plain = (content / IRON).read_bytes()
    (content / IRON).write_bytes(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"))
    assert main(["check", "--content", str(content)]) == 0


def test_editors_find_the_schema_of_every_content_file() -> None:
    """With the settings of `taplo`, the TOML language server."""
    rules = tomllib.loads((ROOT / ".taplo.toml").read_text(encoding="utf-8"))["rule"]
    for path in REAL.rglob("*.toml"):
        [schema] = [
            rule["schema"]["path"]
            for rule in rules
            if any(path.relative_to(ROOT).match(pattern) for pattern in rule["include"])
        ]
        assert (ROOT / schema).is_file(), schema


def test_the_article_may_be_named_in_its_record_and_in_findings_of_claims(
    content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append("prose.toml", PROSE)(content)
    (content / "sources/leaflet.toml").rename(content / "sources/muscle-twitching-article.toml")
    for path in content.glob("*/*.toml"):
        text = path.read_text(encoding="utf-8").replace('"leaflet"', '"muscle-twitching-article"')
        path.write_text(text, encoding="utf-8")
    replace("sources/muscle-twitching-article.toml", "Says little.", "The article says little.")(content)
    replace(CLAIM, "It says so.", "The article says so.")(content)
    assert main(["check", "--content", str(content)]) == 0, capsys.readouterr().err


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
        assert any(without_line(line).startswith(f"{content}/{place}: ") and message in line for line in lines), mistake
    for place in (
        "food-sources/greens.toml: group: ",
        "food-sources/greens.toml: nutrients[2].nutrient: ",
        "symptoms/scurvy.toml: not valid TOML",
        "symptoms/tiredness.toml: not UTF-8",
    ):
        assert any(without_line(line).startswith(f"{content}/{place}") for line in lines), place
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


# every test of the real content loads it, which checks it too
@pytest.mark.parametrize("folder", [TINY, pytest.param(REAL, marks=pytest.mark.all)], ids=["tiny", "real"])
def test_sound_content_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--content", str(folder)]) == 0
    assert capsys.readouterr().err.endswith(" records, no problem.\n")


def test_committed_schemas_are_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--out", str(tmp_path)]) == 0
    committed = Path(__file__).parent.parent / "seed" / "schemas"
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert capsys.readouterr().out == f"Wrote {len(written)} schemas to {tmp_path}.\n"
    assert written == {path.name: path.read_text(encoding="utf-8") for path in committed.iterdir()}
