"""python -m seed check | load | rollback | diff | verify | export | schema | import-food: work with the content."""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from app.api.errors import NotReady
from app.api.records import release_info
from app.command_line import NOT_SYNCED, Refused, first_line, say, wrong_settings
from app.database.current_release import loaded
from app.database.engines import MIGRATE, explain, is_transient, reading_engine
from app.database.releases import Change
from app.database.replace import NotSynced, changing
from app.database.url import database_url
from app.database.verification import damage
from app.schemas import KINDS
from app.schemas.vocabulary import Vocabulary
from app.settings import Settings
from seed.check import check
from seed.export import export
from seed.files import CONTENT, CoverageFile, DatasetFile
from seed.import_foods import import_foods
from seed.intake_files import IntakesFile, LifeStagesFile
from seed.load import Prepared, diff, load, lock, prepare, versioned_diff
from seed.load import Progress as ProgressReport
from seed.prose import ProseFile
from seed.rollback import NoWayBack, rollback
from seed.versions import WrongVersion

SCHEMAS = Path(__file__).parent / "schemas"


class _Undo(Exception):
    """Leave the database as it was."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 refused, 2 wrong usage, 3 loaded but not synced to disk."""
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except (Refused, NotReady, NoWayBack, WrongVersion) as error:
        say(error)
    except (DBAPIError, sqlite3.Error) as error:
        say(_refusal(error, options))
    except NotSynced as error:
        say(f"Loaded, but not synced to disk: {error}")
        return NOT_SYNCED
    except (ArgumentError, SQLAlchemyError, ModuleNotFoundError) as error:
        say(f"The database cannot be used: {first_line(error)}.")
    except ValidationError as error:
        say(*wrong_settings(error))
    except OSError as error:
        say(f"{error.filename or 'A file'}: {error.strerror}.")
    except KeyboardInterrupt:
        say("Stopped; nothing was changed.")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m seed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.add_argument("--content", type=Path, default=CONTENT, help="content folder (default: %(default)s)")
        command.add_argument("--database", default=None, help="database URL (default: DATABASE_URL)")
        if name == "export":
            command.add_argument("folder", type=Path, metavar="DIR", help="empty or new folder to write to")
        if name == "schema":
            command.add_argument("--out", type=Path, default=SCHEMAS, help="folder to write to (default: %(default)s)")
        if name == "import-food":
            command.add_argument(
                "--table", type=Path, required=True, help="CSV of the food database, a row for each food"
            )
            command.add_argument("--weights", type=Path, help="CSV of household measures, for foods without a serving")
            command.add_argument("ndb_no", nargs="*", metavar="NDB", help="foods (default: all that the content names)")
        if name in ("load", "rollback"):
            command.add_argument("--dry-run", action="store_true", help="do everything, then undo it")
    return parser


def run_check(options: argparse.Namespace) -> int:
    """List every problem in the content, and whether its version fits what changed since the loaded release."""
    prepared = _prepared(options.content)
    settings = _settings(options)
    # without one, there is nothing to compare with: the content may be all that somebody has
    if options.database or "database_url" in settings.model_fields_set:
        _compare(settings.database_url, prepared, is_required=options.database is not None)
    return 0


def run_load(options: argparse.Namespace) -> int:
    """Put the content into the database, in one transaction; a second run changes nothing."""
    prepared = _prepared(options.content)
    return _change(options, lambda connection, progress: load(connection, prepared, progress))


def run_rollback(options: argparse.Namespace) -> int:
    """Bring back the dataset that the present one replaced."""
    return _change(options, rollback)


def run_diff(options: argparse.Namespace) -> int:
    """Show what a load would add, change and remove."""
    prepared = _prepared(options.content)
    with _reading(_url(options)) as connection:
        changes, before = diff(connection, prepared), loaded(connection)
    for change in changes:
        print(change)
    was = f"dataset {before[0]}" if before else "an empty database"
    print(f"{was} -> dataset {prepared.dataset['version']}: {_summary(changes)}.")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Compare what the database holds with the dataset that was loaded, row by row."""
    with _reading(_url(options)) as connection:
        differences, about = damage(connection), loaded(connection)
    for difference in differences:
        say(difference)
    if differences or about is None:
        raise Refused("The database is not what was loaded: put back a copy, or remove it, migrate and load anew.")
    print(f"Dataset {about[0]} is whole: its rows and its hash are those that were loaded.")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write the loaded dataset as files (DIR/data) and as a static copy of the API (DIR/site)."""
    settings = _settings(options)
    with _reading(settings.database_url) as connection:
        version = release_info(connection)["version"]
    written = export(options.folder, settings)
    print(f"Wrote dataset {version} to {options.folder}: {written} files.")
    return 0


def run_schema(options: argparse.Namespace) -> int:
    """Write JSON Schemas of the content files, for completion in an editor."""
    options.out.mkdir(parents=True, exist_ok=True)
    models: dict[str, type[BaseModel]] = {kind.name: kind.file for kind in KINDS.values()}
    models |= {"intake": IntakesFile, "dataset": DatasetFile, "coverage": CoverageFile, "life_stages": LifeStagesFile}
    models |= {"vocabulary": Vocabulary, "prose": ProseFile}
    for name, model in models.items():
        path = options.out / f"{name}.schema.json"
        path.write_text(json.dumps(model.model_json_schema(), indent=2) + "\n", encoding="utf-8")
    print(f"Wrote {len(models)} schemas to {options.out}.")
    return 0


def run_import_food(options: argparse.Namespace) -> int:
    """Write what foods contain, out of the food database's table, into the files that name their NDB numbers."""
    changed = import_foods(options.content, options.table, options.weights, options.ndb_no)
    for path in changed:
        print(path)
    print(f"{len(changed)} file{'' if len(changed) == 1 else 's'} changed; run `python -m seed check` next.")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check": run_check,
    "load": run_load,
    "rollback": run_rollback,
    "diff": run_diff,
    "verify": run_verify,
    "export": run_export,
    "schema": run_schema,
    "import-food": run_import_food,
}


def _change(options: argparse.Namespace, change: Callable[[Connection, ProgressReport], list[Change]]) -> int:
    bars = Progress(
        TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)
    )
    tasks = {}

    def progress(what: str, done: int, total: int) -> None:
        # a progress bar that cannot be shown must not stop the change
        with suppress(OSError):
            bars.start()
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

    with suppress(_Undo), changing(_url(options)) as connection:
        _require_schema(connection)
        lock(connection)
        before = loaded(connection)
        try:
            changes = change(connection, progress)
        finally:
            with suppress(OSError):
                # bars that were never shown would still end with an empty line
                if tasks:
                    bars.stop()
        now = loaded(connection)
        if options.dry_run:
            raise _Undo
    try:
        _report(before, now, changes, options.dry_run)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        # whoever was to read the report has gone; what was loaded stays loaded
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = error.strerror if isinstance(error, OSError) else "it was stopped"
        say(f"{'Undone' if options.dry_run else 'Done'}, but the report could not be written: {reason}.")
    if not options.dry_run:
        _write_search_index(_settings(options))
    return 0


def _write_search_index(settings: Settings) -> None:
    """Write the search index of what is loaded, for the server to open; where that fails, the server writes it."""
    # imported lazily: a check needs no search engine
    from app.search.current_index import write_current_index  # noqa: PLC0415

    try:
        write_current_index(settings)
    except BaseException as error:  # the release is loaded, whatever stops this: an interrupt, a panic of the library
        reason = first_line(error) or "it was stopped"
        say(f"The search index was not written: {reason}. The server will do so.")


def _report(before: tuple[str, str] | None, now: tuple[str, str] | None, changes: list[Change], dry_run: bool) -> None:
    version = now[0] if now else "none"
    if before == now:
        print(f"Nothing to change: dataset {version} is loaded already.")
        return
    if dry_run:
        for change in changes:
            print(change)
    print(f"{'Would load' if dry_run else 'Loaded'} dataset {version}: {_summary(changes)}.")


def _prepared(content: Path) -> Prepared:
    checked, problems = check(content)
    for problem in problems:
        say(f"{content}/{problem}")
    if checked is None:
        raise Refused(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; the content is not usable.")
    say(f"{content}: {len(checked.records)} records, no problem.")
    return prepare(checked)


def _compare(url: str, prepared: Prepared, *, is_required: bool) -> None:
    """Raise `WrongVersion` where the content may not follow what the database holds."""
    try:
        with _reading(url) as connection:
            versioned_diff(connection, prepared)
    except (SQLAlchemyError, Refused) as error:
        if is_required:
            raise
        reason = explain(error) if isinstance(error, DBAPIError) else f"{first_line(error)}."
        say(f"The version was not compared with a loaded release: {reason}")


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(**({"database_url": options.database} if options.database else {}))


def _url(options: argparse.Namespace) -> str:
    return _settings(options).database_url


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    """A connection that can only read, to a database that has its tables."""
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            _require_schema(connection)
            yield connection
    finally:
        engine.dispose()


def _require_schema(connection: Connection) -> None:
    if not inspect(connection).has_table("dataset"):
        raise Refused(f"The database has no tables yet; run {MIGRATE} first.")


def _summary(changes: list[Change]) -> str:
    actions = [change.action for change in changes]
    return ", ".join(f"{actions.count(action)} {action}" for action in ("added", "changed", "removed"))


def _refusal(error: DBAPIError | sqlite3.Error, options: argparse.Namespace) -> str:
    """What the database said, and what became of the change."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = f"The database {database_url(_url(options)).render_as_string()} refused: {first_line(cause)}."
    if isinstance(error, DBAPIError) and is_transient(error):
        # a commit may have arrived although its confirmation did not
        return f"{said} Run the command again: it changes nothing where this one took effect."
    return f"{said} Nothing was changed."


if __name__ == "__main__":
    sys.exit(main())
