"""DATABASE_URL: read with a sentence for what is often wrong in it, which shows no part of a password."""

from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    # hosting platforms write `postgres`
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""The supported schemes, and the driver behind each."""

SQLITE_PARAMETERS = {
    *("cache", "immutable", "mode", "modeof", "nolock", "psow", "uri", "vfs"),
    *("cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout"),
}


class WrongUrl(ArgumentError):
    """What is wrong with the URL of a database, as one sentence without a full stop."""


def database_url(url: str | URL) -> URL:
    """The URL with its driver; `WrongUrl` where it cannot be used."""
    if isinstance(url, URL):
        return url
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise WrongUrl("it is not a URL; write sqlite:///file.db or postgresql://user:password@host/database")
    if scheme not in DRIVERS:
        raise WrongUrl("its scheme is not supported; use sqlite or postgresql")
    if scheme.startswith("sqlite"):
        target = make_url(f"{DRIVERS[scheme]}://{rest}")
        if "?" in rest and (not target.query or not set(target.query) <= SQLITE_PARAMETERS):
            raise WrongUrl('what follows "?" is not a parameter of SQLite; write "?" in the name of a file as %3F')
        return target
    authority, _, path = rest.partition("/")
    if authority.count("@") > 1 or "@" in path.partition("?")[0]:
        raise WrongUrl('its user or password holds a reserved character; write it percent-encoded, such as %40 for "@"')
    address = authority.rpartition("@")[2].partition("?")[0]
    port = address.rpartition("]")[2].rpartition(":")[2] if ":" in address.rpartition("]")[2] else ""
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 2**16):
        raise WrongUrl("its port is not a number from 1 to 65535; a reserved character before it is percent-encoded")
    return make_url(f"{DRIVERS[scheme]}://{rest}")


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database; none where it is another database, or one in memory."""
    path = url.database
    if url.get_backend_name() != "sqlite" or not path or ":memory:" in path or url.query.get("mode") == "memory":
        return None
    return Path(unquote(path.removeprefix("file:")) if path.startswith("file:") else path)
