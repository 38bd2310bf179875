"""What the commands of `python -m app` and `python -m seed` share: exit statuses, refusals, errors as sentences."""

from collections.abc import Iterator

from pydantic import ValidationError

NOT_SYNCED = 3
"""Exit status of a change that took effect, but which a power cut could undo."""

_SECRET = ("RATE_LIMIT_STORAGE",)
"""Settings whose value may hold a password."""


class Refused(Exception):
    """The command cannot do what was asked; the message says why, and what to do."""


def wrong_settings(error: ValidationError) -> Iterator[str]:
    """A sentence for each setting that is wrong."""
    for item in error.errors():
        name, reason = str(item["loc"][0]).upper(), item["msg"].removeprefix("Value error, ")
        if name in _SECRET:
            yield f"{name} cannot be used: {reason}."
        else:
            yield f"{name}={item['input']}: {reason[0].lower()}{reason[1:]}."


def first_line(error: object) -> str:
    """The first line of an error's text, without a full stop."""
    return " ".join(str(error).split("\n")[0].split()).rstrip(".")
