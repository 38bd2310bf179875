"""The whole dataset as files, a Data Package (Frictionless): JSON, CSV tables, SQLite; and as one ZIP file.

Equal releases give equal bytes: everything is in a fixed order, and no file holds a time of its making.
"""

import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from app.api.exports import cell
from app.api.records import ReleaseInfo
from app.database.models import TABLES
from app.outlets.tables import Column, Table, tables
from app.schemas import KINDS

NAME = "nutrient-knowledge"

MEDIA_TYPES = {"csv": "text/csv", "json": "application/json", "sqlite": "application/vnd.sqlite3"}

SQLITE_TYPES = {"boolean": "INTEGER", "integer": "INTEGER", "number": "REAL"}


def package_files(connection: Connection, release: ReleaseInfo) -> dict[str, bytes]:
    """The files of the dataset that the connection reads, by their path in the package."""
    records = {
        kind: list(connection.scalars(select(TABLES[kind].record).order_by(col(TABLES[kind].slug)))) for kind in KINDS
    }
    tidy = tables(record for of_kind in records.values() for record in of_kind)
    data = {
        f"json/{KINDS[kind].key}.json": "".join(["[\n", ",\n".join(of_kind), "\n]\n"]).encode()
        for kind, of_kind in records.items()
    }
    data |= {f"csv/{table.name}.csv": _csv(table) for table in tidy}
    data["dataset.sqlite"] = _sqlite(tidy)
    described = json.dumps(_datapackage(release, tidy, data), ensure_ascii=False, indent=1)
    return {"README.md": _readme(release).encode(), "datapackage.json": f"{described}\n".encode(), **data}


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            # without a time of its own: the same content makes the same bytes
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def _csv(table: Table) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    decimal = [column.type == "number" for column in table.columns]
    for row in table.rows:
        writer.writerow([cell(value, decimal=is_decimal) for value, is_decimal in zip(row, decimal, strict=True)])
    return buffer.getvalue().encode()


def _sqlite(tidy: list[Table]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        for table in tidy:
            lines = [_sqlite_column(column) for column in table.columns]
            lines.append(f"PRIMARY KEY ({', '.join(table.key)})")
            connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(lines)})')
            marks = ", ".join("?" * len(table.columns))
            connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', table.rows)  # noqa: S608 - our names
        connection.commit()
        return connection.serialize()


def _sqlite_column(column: Column) -> str:
    required = " NOT NULL" if column.required else ""
    reference = " REFERENCES records (slug)" if column.is_reference else ""
    return f'"{column.name}" {SQLITE_TYPES.get(column.type, "TEXT")}{required}{reference}'


def _datapackage(release: ReleaseInfo, tidy: list[Table], data: Mapping[str, bytes]) -> dict[str, Any]:
    described = {f"csv/{table.name}.csv": _tabular(table) for table in tidy}
    return {
        "profile": "data-package",
        "name": NAME,
        "title": release["title"],
        "description": f"{release['description']} {release['disclaimer']}",
        "version": release["version"],
        "created": f"{release['released']}T00:00:00Z",
        "licenses": [{"name": release["licence"], "path": release["licence_url"]}],
        "resources": [
            {
                "name": path.rpartition("/")[2].replace(".", "-"),
                "path": path,
                "mediatype": MEDIA_TYPES[path.rpartition(".")[2]],
                "bytes": len(content),
                "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                **described.get(path, {}),
            }
            for path, content in data.items()
        ],
    }


def _tabular(table: Table) -> dict[str, Any]:
    references = [column.name for column in table.columns if column.is_reference]
    to_record = {"resource": "records", "fields": ["slug"]}
    return {
        "name": table.name,
        "profile": "tabular-data-resource",
        "description": table.description,
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(column) for column in table.columns],
            "primaryKey": list(table.key),
            "foreignKeys": [{"fields": [name], "reference": to_record} for name in references],
        },
    }


def _field(column: Column) -> dict[str, Any]:
    constraints = {"required": column.required} | ({"enum": column.enum} if column.enum else {})
    return {"name": column.name, "type": column.type, "description": column.description, "constraints": constraints}


def _readme(release: ReleaseInfo) -> str:
    return f"""# {release["title"]}

{release["description"]}

Dataset {release["version"]}, released {release["released"]}. {release["disclaimer"]}

- `json/`: whole records, a file for each collection.
- `csv/` and `dataset.sqlite`: the same as tables. Items of a record's lists are rows of their own, with `record` and
  `path` as their key: the citations of a statement are those of its `record` whose `parent` is the statement's `path`.
- `datapackage.json`: every column with its type, meaning and keys (Frictionless Data Package).

Licence: [{release["licence"]}]({release["licence_url"]}). To cite it: The maintainers of the Nutrient Knowledge API,
*{release["title"]}*, version {release["version"]}, {release["released"][:4]}.
"""
