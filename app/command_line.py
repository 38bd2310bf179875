"""What the commands of `python -m app` and `python -m seed` share: exit statuses, refusals, errors as sentences."""

import sys
from collections.abc import Iterator
from contextlib import suppress

from pydantic import ValidationError

NOT_SYNCED = 3
"""Exit status of a change that took effect, but which a power cut could undo."""

_SECRET = ("RATE_LIMIT_STORAGE",)
"""Settings whose value may hold a password."""


class Refused(Exception):
    """The command cannot do what was asked; the message says why, and what to do."""


def say(*lines: object) -> None:
    """Write lines to the error stream; where that fails, the exit status alone tells what happened."""
    with suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr)


def wrong_settings(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        name, reason = str(item["loc"][0]).upper(), item["msg"].removeprefix("Value error, ")
        if name in _SECRET:
            yield f"{name} cannot be used: {reason}."
        else:
            yield f"{name}={item['input']}: {reason[0].lower()}{reason[1:]}."


def first_line(error: object) -> str:
    """The first line of an error's text, without a full stop."""
    return " ".join(str(error).split("\n")[0].split()).rstrip(".")
