"""What the documents name is there, and what is there they name."""

import re

from app.settings import Settings
from tests.support import ROOT


def test_the_deployment_guide_names_every_setting() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    # read by uvicorn itself
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_tests_that_the_threat_list_names_exist() -> None:
    listed = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for cell in re.findall(r"\|([^|]*`test_[^|]*)\|\n", listed):
        file = ""
        for named, test in re.findall(r"`(test_\w+\.py)?(?:::(\w+))?`", cell):
            file = named or file
            assert f"def {test}" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (file, test)
