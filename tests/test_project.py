"""What holds the repository together: versions, lock files, indexes and commands agree with each other."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from app import __version__
from tests.support import ROOT

DECISIONS = ROOT / "docs" / "decisions"
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PROSE = [
    *(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob(".github/**/*"),
]
SOURCES = [*ROOT.glob("app/**/*.py"), *ROOT.glob("seed/*.py")]


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def test_there_is_one_version() -> None:
    assert f"\nversion: {__version__}\n" in read("CITATION.cff")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", read("CHANGELOG.md"), re.MULTILINE)
    assert json.loads(read("docs", "openapi.json"))["info"]["version"] == __version__


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_locked_requirements_have_hashes_and_no_address(name: str) -> None:
    lines = [line for line in read(name).splitlines() if line and not line.startswith("#")]
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [line for line in lines if not line.startswith(" ")]
    assert all("==" in line and line.endswith("\\") for line in pinned)
    direct = tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]
    names = {re.split(r"[=\[]", line)[0].lower() for line in pinned}
    assert {re.split(r"[>\[]", requirement)[0].lower() for requirement in direct} <= names


@pytest.mark.parametrize("folder", ["tests/clients", "examples/frontend"])
def test_locked_npm_packages_have_hashes_and_no_address(folder: str) -> None:
    packages = json.loads(read(folder, "package-lock.json"))["packages"]
    assert all("integrity" in package and "resolved" not in package for path, package in packages.items() if path)


def test_every_decision_is_in_the_index_with_its_title_and_status() -> None:
    rows = re.findall(
        r"^\| \[(\d+)\]\((.+?)\) \| (.+?) \| (.+?) \| (\d{4}-\d\d-\d\d) \|$",
        read("docs", "decisions", "README.md"),
        re.MULTILINE,
    )
    assert {row[1] for row in rows} == {path.name for path in DECISIONS.glob("0*.md")}
    for number, name, title, status, date in rows:
        head = (DECISIONS / name).read_text(encoding="utf-8").splitlines()
        assert head[0] == f"# {number}. {title}"
        assert head[2].startswith(f"Status: {re.split('[,;]', status)[0]}"), name
        assert date in head[2], name


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    if path.is_file():
        assert set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))) <= TARGETS
