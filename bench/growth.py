"""Growth: what one request costs as the knowledge base grows, in milliseconds of processor time of the server."""

import random
import sqlite3
import sys
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from app.schemas.common import Grade
from app.schemas.source import SourceType
from bench import load
from bench.load import measure
from bench.servers import Running, ours, running
from bench.words import WORDS

PATHS_EACH = 2_000


def grow(databases: dict[int, Path], port: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Milliseconds a request, by shape and number of records, without the cache; null where there is no such thing."""
    found: dict[str, dict[int, float | None]] = {}
    for size, database in databases.items():
        with running(ours("growth", port, database, CACHE_BYTES="0")) as server:
            for shape, paths in paths_by_shape(database).items():
                print(f"\r{size:,} records: {shape}".ljust(70), end="", file=sys.stderr)
                found.setdefault(shape, {})[size] = _cost(server, paths, min(seconds, 2), repeats)
            found.setdefault("CSV stream, a row", {})[size] = _stream(server)
    print(file=sys.stderr)
    return found


def _cost(server: Running, paths: list[str], seconds: float, repeats: int) -> float | None:
    try:
        load.body(server.server.url + paths[0])
    except urllib.error.HTTPError as error:
        if error.code in (404, 422):
            return None
        raise
    return round(median(measure(server, paths, seconds).processor_us for _ in range(repeats)) / 1000, 3)


def _stream(server: Running) -> float | None:
    """Milliseconds a row of the whole list of sources as CSV."""
    started = time.perf_counter()
    try:
        rows = load.body(f"{server.server.url}/sources.csv").count(b"\n") - 1
    except urllib.error.HTTPError:
        return None
    return round(1000 * (time.perf_counter() - started) / max(1, rows), 4)


def paths_by_shape(database: Path) -> dict[str, list[str]]:
    """Requests of each shape, at random."""
    chance = random.Random(2)
    with sqlite3.connect(database) as connection:
        sources, nutrients = (
            [slug for (slug,) in connection.execute(f"SELECT slug FROM {table}")] for table in ("source", "nutrient")
        )
    half = len(sources) // 2
    shapes: dict[str, Callable[[], str]] = {
        "detail": lambda: f"/sources/{chance.choice(sources)}",
        "list of 20": lambda: f"/sources?type={chance.choice(list(SourceType))}&offset={chance.randrange(3)}",
        "unfiltered list": lambda: f"/sources?offset={chance.randrange(10)}",
        "filter + sort": lambda: f"/claims?grade={chance.choice(list(Grade))}&sort=-relation,name&limit=20",
        "filter by reference": lambda: f"/food-sources?nutrient={chance.choice(nutrients)}",
        "deep page": lambda: f"/sources?offset={half + chance.randrange(max(1, half - 20))}",
        "include": lambda: f"/nutrients/{chance.choice(nutrients)}?include=mechanisms,food_sources,claims",
        "search, one word": lambda: f"/search?q={chance.choice(WORDS)}",
        "search, two words": lambda: f"/search?q={chance.choice(WORDS)}%20{chance.choice(WORDS)}",
        "suggest": lambda: f"/suggest?q={chance.choice(WORDS)[:3]}",
    }
    return {shape: [path() for _ in range(PATHS_EACH)] for shape, path in shapes.items()}
