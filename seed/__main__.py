"""python -m seed check | load | diff | schema: work with the content."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from app.db import reading_engine, writing_engine
from app.kinds import KINDS
from app.kinds.vocabulary import Vocabulary
from app.settings import Settings
from seed.check import check
from seed.files import CONTENT, CoverageFile, DatasetFile
from seed.load import Change, Prepared, diff, load, loaded, lock, prepare

SCHEMAS = Path(__file__).parent / "schemas"


class Refused(Exception):
    """The command cannot do what was asked; the message says why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m seed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.add_argument("--content", type=Path, default=CONTENT, help="content folder (default: %(default)s)")
        command.add_argument("--database", default=None, help="database URL (default: DATABASE_URL)")
        if name == "schema":
            command.add_argument("--out", type=Path, default=SCHEMAS, help="folder to write to (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except Refused as error:
        print(error, file=sys.stderr)
    except DBAPIError as error:
        print(f"The database refused: {_sentence(error.orig)} Nothing was changed.", file=sys.stderr)
    except (ArgumentError, SQLAlchemyError, ModuleNotFoundError) as error:
        print(f"The database cannot be used: {_sentence(error)}", file=sys.stderr)
    except ValidationError as error:
        names = ", ".join(str(item["loc"][0]).upper() for item in error.errors())
        print(f"These settings are wrong: {names}.", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'A file'}: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; nothing was changed.", file=sys.stderr)
    return 1


def run_check(options: argparse.Namespace) -> int:
    """List every problem in the content."""
    _prepared(options.content)
    return 0


def run_load(options: argparse.Namespace) -> int:
    """Put the content into the database, in one transaction; a second run changes nothing."""
    prepared = _prepared(options.content)
    engine = writing_engine(_url(options))
    bars = Progress(
        TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)
    )
    tasks = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done)

    with bars, engine.begin() as connection:
        _require_schema(connection)
        lock(connection)
        before = loaded(connection)
        changes = load(connection, prepared, progress)
    version = prepared.dataset["version"]
    if before == (version, prepared.dataset["content_hash"]):
        print(f"Nothing to change: dataset {version} is loaded already.")
        return 0
    print(f"Loaded dataset {version}: {_summary(changes)}.")
    if before is not None and before[0] == version:
        print(f"The content differs from the {version} that was loaded before: raise `version` in dataset.toml.")
    return 0


def run_diff(options: argparse.Namespace) -> int:
    """Show what a load would add, change and remove."""
    prepared = _prepared(options.content)
    engine = reading_engine(_url(options))
    try:
        with engine.connect() as connection:
            _require_schema(connection)
            changes, before = diff(connection, prepared), loaded(connection)
    finally:
        engine.dispose()
    for change in changes:
        print(change)
    was = f"dataset {before[0]}" if before else "an empty database"
    print(f"{was} -> dataset {prepared.dataset['version']}: {_summary(changes)}.")
    return 0


def run_schema(options: argparse.Namespace) -> int:
    """Write JSON Schemas of the content files, for completion in an editor."""
    options.out.mkdir(parents=True, exist_ok=True)
    models: dict[str, type[BaseModel]] = {
        **{kind.name: kind.file for kind in KINDS.values()},
        "dataset": DatasetFile,
        "coverage": CoverageFile,
    }
    models |= {"vocabulary": Vocabulary}
    for name, model in models.items():
        path = options.out / f"{name}.schema.json"
        path.write_text(json.dumps(model.model_json_schema(), indent=2) + "\n", encoding="utf-8")
    print(f"Wrote {len(models)} schemas to {options.out}.")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check": run_check,
    "load": run_load,
    "diff": run_diff,
    "schema": run_schema,
}


def _prepared(content: Path) -> Prepared:
    checked, problems = check(content)
    for problem in problems:
        print(f"{content}/{problem}", file=sys.stderr)
    if checked is None:
        raise Refused(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; the content is not usable.")
    print(f"{content}: {len(checked.records)} records, no problem.", file=sys.stderr)
    return prepare(checked)


def _url(options: argparse.Namespace) -> str:
    return Settings(**({"database_url": options.database} if options.database else {})).database_url


def _require_schema(connection: Connection) -> None:
    if not inspect(connection).has_table("dataset"):
        raise Refused("The database has no tables yet; run `python -m app migrate` first.")


def _summary(changes: list[Change]) -> str:
    actions = [change.action for change in changes]
    return f"{actions.count('add')} added, {actions.count('change')} changed, {actions.count('remove')} removed"


def _sentence(error: object) -> str:
    text = " ".join(str(error).split("\n")[0].split()).rstrip(".")
    return f"{text}."


if __name__ == "__main__":
    sys.exit(main())
