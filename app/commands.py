"""The commands of `python -m app`: prepare the database, serve the API, and serve it to assistants."""

import argparse
import errno
import os
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import uvicorn
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from uvicorn.supervisors import Multiprocess

from app.api.errors import NotReady
from app.api.records import release_info
from app.command_line import NOT_SYNCED, Refused, first_line, say, wrong_settings
from app.database.engines import explain, reading_engine, writing_engine
from app.database.reader_role import ROLE, grant, grant_statements
from app.database.replace import NotSynced, changing
from app.database.url import database_url
from app.database.verification import damage
from app.http.log_format import log_config
from app.http.protocol import ServerProtocol
from app.settings import Settings

WORKER_START = 30
"""Seconds that a new worker may take to begin, and a running one to say that it lives, on a machine that is busy."""

ALEMBIC = Path(__file__).parent.parent / "alembic.ini"


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
    given = commands.choices["grant"]
    given.add_argument("--role", default=ROLE, help="name of the role (default: %(default)s)")
    given.add_argument("--execute", action="store_true", help="do it in the database of DATABASE_URL; else only print")
    given = commands.choices["mcp"]
    given.add_argument("--url", help="URL of the API (default: PUBLIC_URL, else HOST and PORT)")
    given.add_argument("--port", type=int, help="serve over HTTP at this port of HOST, path /mcp (default: over stdio)")
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](Settings(), options)
    except (Refused, NotReady) as error:
        say(error)
    except ValidationError as error:
        say(*wrong_settings(error))
    except DBAPIError as error:
        say(f"{explain(error)} The database said: {first_line(error.orig)}.")
    except NotSynced as error:
        say(f"Migrated, but not synced to disk: {error}")
        return NOT_SYNCED
    except (sqlite3.Error, OSError) as error:
        say(f"The database file cannot be changed: {first_line(error)}. Nothing was changed.")
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        say(f"DATABASE_URL cannot be used: {first_line(error)}.")
    return 1


def migrate(settings: Settings, _options: argparse.Namespace | None = None) -> int:
    """Bring the database's tables to the newest revision."""
    # a tenth of the memory of a process that only serves
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    # a copy of a SQLite file: a migration that is killed leaves no journal that readers could not roll back
    with changing(settings.database_url) as connection:
        config = Config(ALEMBIC)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Refused(f"The database's tables are not ours to change: {first_line(error)}.") from None
    return 0


def run_grant(settings: Settings, options: argparse.Namespace) -> int:
    """Show, or make with --execute, the PostgreSQL role that can only read: serve with it."""
    url = database_url(settings.database_url)
    if url.get_backend_name() != "postgresql":
        raise Refused("Roles are PostgreSQL's; a SQLite file is opened read-only without one.")
    statements = grant_statements(url.database or "postgres", options.role, settings.statement_timeout)
    if not options.execute:
        print(";\n".join(statements) + ";")
        return 0
    password = settings.reader_password.get_secret_value() if settings.reader_password else None
    with writing_engine(settings.database_url).begin() as connection:
        grant(connection, options.role, settings.statement_timeout, password)
    hint = "" if password else f" It has the password it had; `\\password {options.role}` in psql gives it one."
    print(f"Role {options.role} can read, and nothing else.{hint}")
    return 0


def serve(settings: Settings, _options: argparse.Namespace) -> int:
    """Serve the API."""
    engine = reading_engine(settings.database_url, 1)
    try:
        with engine.connect() as connection:
            about = release_info(connection)["version"]
            if settings.verify_content and (differences := damage(connection)):
                raise Refused(f"The database is not what was loaded: {differences[0]}. Put back a copy or load anew.")
    except (DBAPIError, NotReady) as error:
        reason = explain(error) if isinstance(error, DBAPIError) else str(error)
        say(f"Not ready: {reason} Serving 503 until then.")
        about = "none yet"
    finally:
        engine.dispose()
    if settings.tracing and not (find_spec("opentelemetry") and find_spec("opentelemetry.sdk")):
        raise Refused("TRACING needs OpenTelemetry; install the `tracing` extra, or unset TRACING.")
    if settings.rate_limit:
        _check_rate_limit(settings)
    with ExitStack() as stack:
        listener, address = stack.enter_context(_listening(settings))
        if settings.metrics_port:
            stack.enter_context(_metrics(settings, engine))
        say(f"Dataset {about}; serving on {address}")
        # uvicorn raises the signal that stopped it once more: without a handler what follows would not run
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with suppress(KeyboardInterrupt):
            _run(settings, listener)
    return 0


def run_mcp(settings: Settings, options: argparse.Namespace) -> int:
    """Serve assistants by the Model Context Protocol, as a client of the API; needs the `mcp` extra."""
    if not find_spec("mcp"):
        raise Refused("Serving assistants needs the MCP library; install the `mcp` extra.")
    if options.port is not None and not 1 <= options.port <= 65535:
        raise Refused(f"--port={options.port} is not a port: it is a number from 1 to 65535.")
    # an extra, which a process that serves the API has no use for
    from app.assistants import server  # noqa: PLC0415

    made = server(options.url or settings.public_url or f"http://{settings.host}:{settings.port}")
    with suppress(KeyboardInterrupt):
        if options.port:
            made.run("streamable-http", host=settings.host, port=options.port, stateless_http=True, json_response=True)
        else:
            made.run("stdio")
    return 0


def _run(settings: Settings, listener: socket.socket) -> None:
    config = uvicorn.Config(
        "app.main:create_worker",
        factory=True,
        workers=settings.workers,
        http=ServerProtocol,
        ws="none",
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_keep_alive=settings.keep_alive_timeout,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        timeout_worker_healthcheck=WORKER_START,
        server_header=False,
        access_log=False,
        log_config=log_config(settings),
        log_level="warning",
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


def _check_rate_limit(settings: Settings) -> None:
    # most do without
    from limits.errors import ConfigurationError  # noqa: PLC0415

    from app.http.rate_limit import RateLimit  # noqa: PLC0415

    try:
        answers = RateLimit(settings.rate_limit, settings.rate_limit_storage).limiter.storage.check()
    except ConfigurationError:
        raise Refused("RATE_LIMIT_STORAGE needs the Redis library; install the `redis` extra.") from None
    if not answers:
        raise Refused("RATE_LIMIT_STORAGE names a server that does not answer; start it, or unset RATE_LIMIT_STORAGE.")


@contextmanager
def _listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    host, port, path = settings.host, settings.port, Path(settings.uds)
    try:
        if settings.uds:
            listener = _unix_socket(path)
        else:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            dual = host == "::" and socket.has_dualstack_ipv6()
            listener = socket.create_server((host, port), family=family, dualstack_ipv6=dual)
    except OSError as error:
        where, what = (path, "UDS") if settings.uds else (f"{host}:{port}", "PORT or HOST")
        # behind the reason the library repeats the address
        reason = str(error.strerror).partition(" (")[0]
        raise Refused(f"Cannot listen on {where}: {reason}. Set {what} to another.") from None
    address = f"unix:{path}" if settings.uds else f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        with listener:
            yield listener, address
    finally:
        if settings.uds:
            path.unlink(missing_ok=True)


def _unix_socket(path: Path) -> socket.socket:
    with socket.socket(socket.AF_UNIX) as client:
        # one that a killed server left behind answers nobody
        if path.is_socket() and client.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        # the proxy is another user
        path.chmod(0o666)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def _metrics(settings: Settings, engine: Engine) -> Iterator[None]:
    """Listen for scrapes; the counts of all processes are files in a folder."""
    with tempfile.TemporaryDirectory(prefix="metrics-", ignore_cleanup_errors=True) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # the library looks at the folder's name when it is imported
        from app.http.metrics import serve_metrics  # noqa: PLC0415

        try:
            serve_metrics(settings.metrics_host, settings.metrics_port, engine)
        except OSError as error:
            address = f"{settings.metrics_host}:{settings.metrics_port}"
            raise Refused(
                f"Cannot listen on {address}: {error.strerror}. Set METRICS_PORT or METRICS_HOST to another."
            ) from None
        yield


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "migrate": migrate,
    "grant": run_grant,
    "serve": serve,
    "mcp": run_mcp,
}
