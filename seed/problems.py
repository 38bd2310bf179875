"""Problems of content: what `seed check` reports."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One mistake in a content file: where it is, what is wrong and how to correct it. Without a key it concerns all of
    the file.
    """

    file: str
    key: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        # one line for each problem, whatever the file holds
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """How a message on an unknown word goes on: with the one that was probably meant, else with other advice."""
    near = get_close_matches(word, known, n=1)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; {otherwise}" if otherwise else ""


def from_one(key: str) -> str:
    """A key such as `foods[0].unit` with positions as people count them: `foods[1].unit`."""
    return re.sub(r"\[(\d+)\]", lambda position: f"[{int(position[1]) + 1}]", key)
