"""python -m tests.snapshot: record the API description anew, so that a change of the contract shows in review."""

import json
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings

SNAPSHOT = Path(__file__).parent.parent / "docs" / "openapi.json"


def description() -> dict[str, Any]:
    """The API description as it is served."""
    return create_app(Settings(database_url="sqlite:///none.db")).openapi()


def contract() -> str:
    """The description as a file."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(contract(), encoding="utf-8")
