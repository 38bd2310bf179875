"""One TOML file: read within bounds, with the line on which each key stands."""

import re
import stat
import tomllib
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from seed.problems import Problem

Key = tuple[str | int, ...]

MAX_BYTES = 2**20
MAX_DEPTH = 20
MAX_VALUES = 20_000
MAX_TEXT = 5000
MAX_NAME = 200
"""Characters of a name, an alias or a key."""
MAX_INTEGER = 2**31 - 1
"""What an integer column of every database holds."""
MAX_EXPONENT = 15

# the parser takes quadratic time for a key of many parts
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)[ \t]*\.[ \t]*){{{MAX_DEPTH},}}""")
_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)")
_NAMES = {"name", "aliases", "examples"}
_PATHS = {"targets"}
"""Keys of texts that are paths of the API."""
_BIDI = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
"""Characters that show text in another order than it is written in."""


def read_toml(path: Path, file: str, problems: list[Problem]) -> tuple[dict[str, Any], str]:
    """What a file holds, and its text; `file` is its name in messages.

    Where it cannot be read, it holds nothing, and there is a problem without a key.
    """
    text, data = "", {}
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            problems.append(Problem(file, "", "not a regular file; put a file in its place"))
            return {}, ""
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            problems.append(Problem(file, "", f"larger than {MAX_BYTES} bytes; split it"))
            return {}, ""
        # some editors write a byte order mark
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        data = _parse(text)
        problems += _value_problems(file, data)
    except UnicodeDecodeError as error:
        problems.append(Problem(file, "", f"not UTF-8 (byte {error.start + 1}); save it as UTF-8"))
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        message = _PLACE.sub(f" (column {place[2]})" if place else "", str(error))
        line = int(place[1]) if place else None
        problems.append(Problem(file, "", f"not valid TOML: {message}; correct the syntax", line))
    except RecursionError:
        problems.append(Problem(file, "", f"nested more than {MAX_DEPTH} levels deep; make it flat"))
    except (ValueError, ArithmeticError):
        problems.append(Problem(file, "", "holds a number that is too long; write at most 15 digits"))
    except OSError as error:
        problems.append(Problem(file, "", f"cannot be read: {error.strerror}"))
    is_sound = not any(problem.file == file and not problem.key for problem in problems)
    return data if is_sound else {}, text


def _parse(text: str) -> dict[str, Any]:
    if _LONG_KEY.search(text):
        raise RecursionError
    return tomllib.loads(text, parse_float=Decimal)


def lines_of(text: str) -> dict[Key, int]:
    """The line on which each key of a valid TOML text is written; those inside a value have the value's."""
    lines: dict[Key, int] = {}
    tables: dict[Key, int] = {}
    table: Key = ()
    for number, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _table(parsed, tables)
            lines.setdefault(table, number)
        else:
            for key in _keys(parsed):
                lines.setdefault(table + key, number)
    return lines


def line_of(lines: dict[Key, int], key: str) -> int | None:
    """The line of a key such as `foods[0].amounts[1].unit`, or of the innermost table around it that is written."""
    parts: Key = tuple(int(number) if number else name for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key))
    return next((lines[parts[:end]] for end in range(len(parts), 0, -1) if parts[:end] in lines), None)


def _value_problems(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    """What no content file may hold, whatever its keys mean. Problems without a key leave the file unread."""
    for count, (key, name, value) in enumerate(_values(data)):
        if count == MAX_VALUES:
            yield Problem(file, "", f"holds more than {MAX_VALUES} values; split it")
            return
        if isinstance(value, dict):
            for part in value:
                if message := _text_problem(part, MAX_NAME):
                    yield Problem(file, "", f"a key {message}")
        elif isinstance(value, str):
            message = _name_problem(value) if name in _NAMES else _text_problem(value, MAX_TEXT)
            if message is None and value.startswith("/") and name not in _PATHS:
                message = 'begins with "/", as only a path of the API does; write it otherwise'
            if message:
                yield Problem(file, "" if len(value) > MAX_TEXT else key, message)
        elif _is_long(value):
            raise ValueError(value)


def _values(data: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every value with its key and the last name in it; a `RecursionError` where they are nested too deeply."""
    waiting: list[tuple[str, str, Any, int]] = [("", "", data, 0)]
    while waiting:
        key, name, value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise RecursionError
        yield key, name, value
        if isinstance(value, dict):
            waiting += [(f"{key}.{part}".lstrip("."), part, inner, depth + 1) for part, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{key}[{i}]", name, inner, depth + 1) for i, inner in enumerate(value)]


def _is_long(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) > MAX_EXPONENT
    return isinstance(value, int) and abs(value) > MAX_INTEGER


def _name_problem(name: str) -> str | None:
    trimmed = " ".join(name.split())
    if trimmed not in ("", name) and len(name) <= MAX_NAME:
        return f'has blanks to spare; write "{trimmed}"'
    return _text_problem(name, MAX_NAME)


def _text_problem(text: str, longest: int) -> str | None:
    if len(text) > longest:
        return f"is longer than {longest} characters; shorten it"
    # nearly every text is printable, and needs no look at each of its characters
    for character in () if text.isprintable() else text:
        if unicodedata.category(character) in ("Cc", "Zl", "Zp") or character in _BIDI:
            return f"holds the control character U+{ord(character):04X}; remove it"
    if not unicodedata.is_normalized("NFC", text):
        return f'is not in composed form (Unicode NFC); write "{unicodedata.normalize("NFC", text)}"'
    return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement of a valid text with the line on which it begins."""
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        end = start + 1
        # a value may go on over many lines
        while not _is_whole(chunk := "\n".join(lines[start:end])) and end < min(len(lines), start + 200):
            end += 1
        if not _is_whole(chunk):
            end = start + 1
        elif chunk.strip() and not chunk.lstrip().startswith("#"):
            yield start + 1, chunk
        start = end


def _is_whole(chunk: str) -> bool:
    try:
        tomllib.loads(chunk)
    except ValueError:
        return False
    return True


def _table(parsed: dict[str, Any], tables: dict[Key, int]) -> Key:
    """The key of the table that a header opens; `tables` counts the elements of each array of tables."""
    key: Key = ()
    value: Any = parsed
    while value:
        if isinstance(value, list):
            tables[key] = tables.get(key, -1) + 1
            value = value[0]
        else:
            name, value = next(iter(value.items()))
            if key in tables:
                key = (*key, tables[key])
            key = (*key, name)
    return (*key, tables[key]) if key in tables else key


def _keys(value: Any, key: Key = ()) -> Iterator[Key]:
    if key:
        yield key
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, element in inner:
        yield from _keys(element, (*key, part))
