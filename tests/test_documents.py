"""What the documents name is there, and what is there they name."""

import re

import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.support import ROOT

GUIDE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in GUIDE.splitlines() if re.match(r"\| `[A-Z]", line)]


def documented(column: int, separator: str) -> dict[str, str]:
    """What the table of settings says in one column, by setting; two settings in a row have a part each."""
    found: dict[str, str] = {}
    for row in ROWS:
        names = re.findall(r"`([A-Z_]+)`", row[0])
        parts = row[column].split(separator)
        found |= dict(zip(names, parts if len(parts) == len(names) else parts * len(names), strict=True))
    return found


def test_the_deployment_guide_names_every_setting() -> None:
    assert documented(0, ",").keys() == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(("name", "default"), [*documented(1, ", ").items()])
def test_a_setting_has_the_default_that_the_guide_names(name: str, default: str) -> None:
    actual = Settings.model_fields[name.lower()].default
    written = {"none": "", "32 MiB": str(32 * 2**20), "in the temporary folder": ""}.get(default, default.strip("`"))
    assert written.lower() == (
        "" if actual is None else f"{actual:g}" if isinstance(actual, float) else str(actual).lower()
    )


LIMITS = [
    (name.lower(), value, allowed.startswith("above"))
    for name, allowed in documented(2, "; ").items()
    for value in re.findall(r"\d+", allowed)
]


@pytest.mark.parametrize(("name", "limit", "is_outside"), LIMITS)
def test_a_setting_takes_what_the_guide_allows_and_no_more(name: str, limit: str, is_outside: bool) -> None:
    lowest = next(value for setting, value, _ in LIMITS if setting == name)
    if not (is_outside and limit == lowest):
        assert getattr(Settings.model_validate({name: limit}), name) == float(limit)
        limit = str(int(limit) + (-1 if limit == lowest else 1))
    with pytest.raises(ValidationError):
        Settings.model_validate({name: limit})


def test_the_tests_that_the_threat_list_names_exist() -> None:
    listed = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for cell in re.findall(r"\|([^|]*`test_[^|]*)\|\n", listed):
        file = ""
        for named, test in re.findall(r"`(test_\w+\.py)?(?:::(\w+))?`", cell):
            file = named or file
            assert f"def {test}" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (file, test)
