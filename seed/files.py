"""Content files: where they lie, how they are read, and what `dataset.toml` and its companions hold."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, HttpUrl

from app.schemas import KINDS
from app.schemas.common import VERSION_PATTERN, Kind, Model, Slug, Text
from seed.problems import Problem
from seed.toml_file import read_toml

CONTENT = Path(__file__).parent / "content"

SINGLE = ("dataset", "coverage", "life-stages", "vocabulary", "prose")
"""Files of which there is one."""

SemVer = Annotated[str, Field(pattern=VERSION_PATTERN, max_length=50)]
LanguageTag = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$",
        max_length=35,
    ),
]
SpdxExpression = Annotated[str, Field(pattern=r"^[A-Za-z0-9(][A-Za-z0-9 .+()-]*$", max_length=100)]


class DatasetFile(Model):
    """`dataset.toml`: what the dataset says of itself."""

    version: SemVer = Field(
        description="Semantic Versioning: major when a slug is removed or a meaning changes, minor when something is "
        "added, patch when something is corrected."
    )
    released: Annotated[date, Field(strict=True)] = Field(description="Day of the release.")
    title: Text = Field(description="Title of the dataset.")
    description: Text = Field(description="What the dataset is.")
    language: LanguageTag = Field(description="Language of the prose, as a BCP 47 tag.")
    licence: SpdxExpression = Field(description="SPDX identifier of the licence of the content.")
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
    single: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in SINGLE})
    """The files of which there is one, by name; empty where it is missing."""
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """The text of each file, to find the lines of problems in."""


def read(folder: Path) -> Files:
    """Read every content file below `folder`, and nothing outside; what cannot be read becomes a problem."""
    files = Files()
    if not folder.is_dir():
        files.problems.append(Problem(str(folder), "", "no such folder; name the content folder"))
        return files
    collections = {kind.collection: kind for kind in KINDS.values()}
    root = folder.resolve()
    for path in sorted(_walk(folder)):
        relative = path.relative_to(folder)
        file, parts = str(relative), relative.parts
        if not _is_inside(path, root):
            message = "a symbolic link out of the content folder; put the file itself here"
            files.problems.append(Problem(file, "", message))
        elif len(parts) == 1 and path.suffix == ".toml" and path.stem in SINGLE:
            files.single[path.stem] = _parse(path, file, files)
        elif len(parts) == 2 and parts[0] in collections and path.suffix == ".toml":
            kind = collections[parts[0]]
            held = files.tables if kind.name == "intake" else files.raws
            held.append(Raw(kind, path.stem, file, _parse(path, file, files)))
        elif not path.is_dir():
            known = ", ".join(sorted(collections))
            message = f"not a content file; put <slug>.toml into one of {known}"
            files.problems.append(Problem(file, "", message))
    if not (folder / "dataset.toml").exists():
        files.problems.append(Problem("dataset.toml", "", "missing; add it with at least a version"))
    order = {kind.name: position for position, kind in enumerate(KINDS.values())}
    files.raws.sort(key=lambda raw: (order[raw.kind.name], raw.path))
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below the folder, and every folder that is named like one; hidden ones are skipped."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # links to folders are not followed: what they hold is outside, or read where it is
        linked = [name for name in folders if name.endswith(".toml") or Path(parent, name).is_symlink()]
        for name in (*linked, *names):
            if not name.startswith("."):
                yield Path(parent, name)


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a link that leads nowhere, or in a circle
        return False


def _parse(path: Path, file: str, files: Files) -> dict[str, Any]:
    data, files.texts[file] = read_toml(path, file, files.problems)
    return data
