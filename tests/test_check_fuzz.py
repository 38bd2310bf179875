"""Whatever a content file holds, `seed check` says what is wrong with it, in bounded time and without a traceback."""

import re
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import TINY, examples, run

FILES = sorted(path.relative_to(TINY) for path in TINY.rglob("*.toml"))
LITERALS = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.booleans().map(lambda value: str(value).lower()),
    st.dates().map(str),
    st.datetimes().map(str),
    st.lists(st.integers(), max_size=3).map(repr),
    st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: f"'{text}'"),
    st.sampled_from(['""', "[]", "{}", "[[]]", "[{}]", "{a = 1}", "nan", "-inf", "00:00:00", '"iron"', '"\\u0000"']),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@st.composite
def edits(draw: st.DrawFn) -> tuple[Path, bytes]:
    """A file of the content, and what somebody made of it."""
    name = draw(st.sampled_from(FILES))
    lines = (TINY / name).read_text(encoding="utf-8").split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["value", "key", "remove", "repeat", "text", "cut"]))
        if what == "value":
            lines[at] = re.sub(r"= .*", lambda _: f"= {draw(LITERALS)}", lines[at])
        elif what == "key":
            lines[at] = re.sub(r"^\w+", lambda _: draw(TEXT), lines[at])
        elif what == "remove":
            lines[at] = ""
        elif what == "repeat":
            lines[at] = f"{lines[at]}\n{lines[at]}"
        elif what == "text":
            lines[at] += draw(TEXT)
        else:
            lines[at] = lines[at][: draw(st.integers(0, 20))]
    text = "\n".join(lines).encode()
    return name, draw(st.sampled_from([text, text, text, text[: len(text) // 2], text + draw(st.binary(max_size=20))]))


def test_no_file_ends_in_a_traceback(content: Path) -> None:
    @given(edits())
    @settings(max_examples=examples(100), suppress_health_check=list(HealthCheck))
    def never(edit: tuple[Path, bytes]) -> None:
        name, text = edit
        (content / name).write_bytes(text)
        began = time.process_time()
        done = run("seed", "check", "--content", str(content))
        assert time.process_time() - began < 10
        (content / name).write_bytes((TINY / name).read_bytes())
        if done.returncode:
            lines = done.stderr.splitlines()
            assert done.returncode == 1
            assert lines[-1] == f"{len(lines) - 1} problem{'s' if len(lines) > 2 else ''}; the content is not usable."
            # a problem stands at a file of the content
            assert all(line.startswith(f"{content}/") for line in lines[:-1]), lines

    never()
