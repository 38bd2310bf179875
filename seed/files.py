"""Content files: where they lie, how they are read, and what `dataset.toml` and its companions hold."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, HttpUrl

from app.schemas import KINDS, Kind
from app.schemas.common import VERSION_PATTERN, Model, Problem, Slug, Text

CONTENT = Path(__file__).parent / "content"

SINGLE = ("dataset", "coverage", "life-stages", "vocabulary")
"""Files of which there is one."""

SemVer = Annotated[str, Field(pattern=VERSION_PATTERN)]


class DatasetFile(Model):
    """`dataset.toml`: what the dataset says of itself."""

    version: SemVer = Field(
        description="Semantic Versioning: major when a slug is removed or a meaning changes, minor when something is "
        "added, patch when something is corrected."
    )
    released: date = Field(description="Day of the release.")
    title: Text = Field(description="Title of the dataset.")
    description: Text = Field(description="What the dataset is.")
    language: str = Field(description="Language of the prose, as a BCP 47 tag.")
    licence: Text = Field(description="SPDX identifier of the licence of the content.")
    licence_url: HttpUrl = Field(description="The text of that licence.")
    disclaimer: Text = Field(description="Shown with every answer.")
    redirects: dict[Slug, Slug] = Field(default={}, description="Old slug of a renamed record -> its present slug.")


class Fact(Model):
    """One fact of the article, and where the API shows it."""

    number: Annotated[str, Field(pattern=r"^F\d{3}$")] = Field(description="Number of the fact.")
    text: Text = Field(description="The fact, in short.")
    targets: list[Annotated[str, Field(pattern=r"^/[^#]*#(/.*)?$")]] = Field(
        min_length=1, description="Path in the API, `#`, and a JSON Pointer (RFC 6901) into the answer."
    )


class CoverageFile(Model):
    """`coverage.toml`: every fact of the article, tied to the records that carry it."""

    fact: list[Fact] = Field(description="The facts, in the article's order.")


@dataclass
class Raw:
    """A parsed but unchecked content file."""

    kind: Kind
    slug: str
    path: str
    data: dict[str, Any]


@dataclass
class Files:
    """All files of a content folder, and what could not even be read."""

    raws: list[Raw] = field(default_factory=list)
    tables: list[Raw] = field(default_factory=list)
    """Files that hold many records each: the intakes of a nutrient."""
    life_stages: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    coverage: dict[str, Any] = field(default_factory=dict)
    vocabulary: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(folder: Path) -> Files:
    """Read every content file below `folder`; a file that is no TOML becomes a problem, not an exception."""
    files = Files()
    if not folder.is_dir():
        files.problems.append(Problem(file=str(folder), key="", message="no such folder; name the content folder"))
        return files
    for name in SINGLE:
        path = folder / f"{name}.toml"
        if path.is_file():
            setattr(files, name.replace("-", "_"), _parse(path, folder, files.problems))
    if not (folder / "dataset.toml").is_file():
        files.problems.append(Problem(file="dataset.toml", key="", message="missing; add it with at least a version"))
    collections = {kind.collection: kind for kind in KINDS.values()}
    for path in _strays(folder, set(collections)):
        known = ", ".join(sorted(collections))
        message = f"not a content file; put <slug>.toml into one of {known}"
        files.problems.append(Problem(file=str(path.relative_to(folder)), key="", message=message))
    for collection, kind in collections.items():
        for path in sorted((folder / collection).glob("*.toml")):
            data = _parse(path, folder, files.problems)
            held = files.tables if kind.name == "intake" else files.raws
            held.append(Raw(kind, path.stem, str(path.relative_to(folder)), data))
    return files


def _strays(folder: Path, collections: set[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_dir() or relative.name.startswith("."):
            continue
        at_home = len(relative.parts) == 2 and relative.parts[0] in collections and path.suffix == ".toml"
        if not at_home and str(relative) not in [f"{name}.toml" for name in SINGLE]:
            yield path


def _parse(path: Path, folder: Path, problems: list[Problem]) -> dict[str, Any]:
    file = str(path.relative_to(folder))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(file=file, key="", message=f"not valid TOML: {error}; mend the syntax"))
    except UnicodeDecodeError as error:
        problems.append(Problem(file=file, key="", message=f"not UTF-8 (byte {error.start}); save it as UTF-8"))
    return {}
