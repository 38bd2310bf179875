"""python -m app migrate | serve: prepare the database, serve the API."""

import argparse
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import uvicorn
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from app.db import reading_engine, writing_engine
from app.errors import NotReady
from app.settings import Settings
from app.snapshot import dataset

ALEMBIC = Path(__file__).parent.parent / "alembic.ini"


class Refused(Exception):
    """The command cannot do what was asked; the message says why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description=__doc__,
        epilog="Settings come from the environment: DATABASE_URL, HOST, PORT, WORKERS.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](Settings())
    except (Refused, NotReady) as error:
        print(error, file=sys.stderr)
    except ValidationError as error:
        for item in error.errors():
            name = str(item["loc"][0]).upper()
            print(f"{name}={item['input']}: {item['msg'][0].lower()}{item['msg'][1:]}.", file=sys.stderr)
    except DBAPIError as error:
        print(f"The database cannot be reached or read: {_first_line(error.orig)}.", file=sys.stderr)
    except (ArgumentError, SQLAlchemyError, CommandError, ModuleNotFoundError) as error:
        print(f"DATABASE_URL cannot be used: {_first_line(error)}.", file=sys.stderr)
    return 1


def migrate(settings: Settings) -> int:
    """Bring the database's tables to the newest revision."""
    with writing_engine(settings.database_url).begin() as connection:
        config = Config(ALEMBIC)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return 0


def serve(settings: Settings) -> int:
    """Serve the API."""
    engine = reading_engine(settings.database_url)
    with engine.connect() as connection:
        about = dataset(connection)
    engine.dispose()
    _require_free(settings.host, settings.port)
    print(f"Dataset {about['version']}; serving on http://{settings.host}:{settings.port}", file=sys.stderr)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="app.http.protocol:ShortCutProtocol",
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    return 0


COMMANDS: dict[str, Callable[[Settings], int]] = {"migrate": migrate, "serve": serve}


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(f"Cannot listen on {host}:{port}: {error.strerror}. Set PORT or HOST to another.") from None


def _first_line(error: object) -> str:
    return " ".join(str(error).split("\n")[0].split()).rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
