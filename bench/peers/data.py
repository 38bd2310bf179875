"""The sources of a knowledge base, as each peer wants them."""

import json
import sqlite3
from pathlib import Path

COLUMNS = (
    *("slug", "name", "url", "type", "title", "authors", "year", "publisher", "doi"),
    *("website", "summary", "funding", "from_article"),
)

SCHEMA = """
CREATE TABLE claim (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, name TEXT, url TEXT);
CREATE TABLE source (id INTEGER PRIMARY KEY, slug TEXT UNIQUE, name TEXT, url TEXT, type TEXT, title TEXT,
    authors TEXT, year INTEGER, publisher TEXT, doi TEXT, website TEXT, summary TEXT, funding TEXT,
    from_article BOOLEAN, claims TEXT);
CREATE TABLE source_claim (id INTEGER PRIMARY KEY, source_id INTEGER REFERENCES source(id),
    claim_id INTEGER REFERENCES claim(id), UNIQUE (source_id, claim_id));
"""

INDEXES = """
CREATE INDEX source_by_name ON source (name, slug);
CREATE INDEX source_by_type_name ON source (type, name, slug);
CREATE INDEX source_by_type_year ON source (type, year, slug);
CREATE INDEX source_by_year ON source (year, slug);
CREATE INDEX source_claim_by_claim ON source_claim (claim_id);
ANALYZE;
"""


def write(ours: Path, database: Path, document: Path) -> None:
    """Write the peers' SQLite database and json-server's file from our database."""
    with sqlite3.connect(ours) as connection:
        sources = [json.loads(text) for (text,) in connection.execute("SELECT record FROM source ORDER BY slug")]
    claims: dict[str, int] = {}
    rows, links, refs = [], [], []
    for number, source in enumerate(sources, 1):
        rows.append([number, *(_plain(source[column]) for column in COLUMNS), json.dumps(source["claims"])])
        for ref in source["claims"]:
            if ref["slug"] not in claims:
                claims[ref["slug"]] = len(claims) + 1
                refs.append([len(claims), ref["slug"], ref["name"], ref["url"]])
            links.append([number, claims[ref["slug"]]])
    with sqlite3.connect(database) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO claim VALUES (?, ?, ?, ?)", refs)
        connection.executemany(f"INSERT INTO source VALUES ({','.join('?' * 15)})", rows)
        connection.executemany("INSERT INTO source_claim (source_id, claim_id) VALUES (?, ?)", links)
        connection.executescript(INDEXES)
    # json-server finds a record by its `id`
    document.write_text(json.dumps({"sources": [{"id": source["slug"], **source} for source in sources]}))


def _plain(value: object) -> object:
    return ", ".join(value) if isinstance(value, list) else value
