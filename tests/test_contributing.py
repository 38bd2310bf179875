"""The contributor's path of docs/contributing.md: add a source and a claim, raise the version,
`make generate`, test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE, ROOT

NEEDED = ("app", "seed", "tests", "migrations", "docs", "README.md", "SECURITY.md", "pyproject.toml", "alembic.ini")
COMMANDS = ("Makefile", "requirements.txt", "requirements-dev.txt")

# a record like another: whatever the format asks for is there
LIKE_SOURCE = ("sources/garrison-2020-cochrane.toml", "sources/example-2026-review.toml")
LIKE_CLAIM = ("claims/eyelid-twitching-goes-with-low-potassium.toml", "claims/an-added-statement.toml")


@pytest.mark.all
def test_the_path_of_a_contributor_ends_in_green_tests(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("node_modules", "static")
    for name in (*NEEDED, *COMMANDS):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "app" / "pages" / "static").symlink_to(ROOT / "app" / "pages" / "static")
    content = tmp_path / "seed" / "content"
    _write_like(content, LIKE_SOURCE, name="Example 2026 (review)", doi="10.1234/example.2026", website=None, pmid=None)
    _write_like(content, LIKE_CLAIM, name="Does potassium matter here?", source="example-2026-review")
    dataset = content / "dataset.toml"
    text = dataset.read_text(encoding="utf-8")
    raised = re.sub(
        r'^version = "(\d+)\.(\d+)\.\d+"', lambda m: f'version = "{m[1]}.{int(m[2]) + 1}.0"', text, flags=re.MULTILINE
    )
    assert raised != text
    dataset.write_text(raised, encoding="utf-8")

    for target in ("check-content", "generate"):
        _make(tmp_path, target)
    # what the content takes part in: the rest is the same here as elsewhere
    tests = (
        "test_openapi.py::test_the_contract_changes_only_on_purpose",
        "test_openapi.py::test_examples_of_answers_fit_the_schema",
        "test_openapi.py::test_try_it_out_works_with_the_examples",
        "test_openapi.py::test_each_operation_has_one_recorded_request",
        "test_openapi.py::test_examples_are_what_the_app_answers",
        "test_readme.py",
        "test_content.py",
        "test_releases.py::test_every_real_record_can_be_brought_back",
    )
    chosen = ["-m", "not slow and not all", "-k", "not postgresql"]
    paths = [f"tests/{test}" for test in tests]
    _run(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *paths, *chosen)


def _write_like(content: Path, files: tuple[str, str], **changed: str | None) -> None:
    text = (content / files[0]).read_text(encoding="utf-8")
    for key, value in changed.items():
        line = rf"(?m)^{key} = .*\n" if value is None else rf'\b{key} = "[^"]*"'
        text = re.sub(line, "" if value is None else f'{key} = "{value}"', text, count=1)
    (content / files[1]).write_text(text, encoding="utf-8")


def _make(folder: Path, target: str) -> None:
    """As in a clone whose environment, this one, is up to date."""
    up_to_date = [f"--assume-old=none/.{name}" for name in ("serving", "developing")]
    _run(folder, "make", target, "VENV=none", f"RUN={sys.executable}", *up_to_date)


def _run(folder: Path, *command: str) -> None:
    names = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ARGS", "COV", "MAKE", "MFLAGS", "PYTEST"))
    }
    done = subprocess.run(command, cwd=folder, env=names, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-4000:]}{done.stderr[-2000:]}"
