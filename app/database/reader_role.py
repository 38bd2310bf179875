"""The PostgreSQL role that the API reads with: it may select, and nothing else."""

import re
from typing import Any

from sqlalchemy import Connection

from app.command_line import Refused

ROLE = "nutrients_reader"


OTHER_PURPOSE = """
SELECT CASE
    WHEN rolname IN (current_user, session_user) THEN 'is the one that DATABASE_URL connects as'
    WHEN rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls THEN 'administers the server'
    WHEN EXISTS (SELECT FROM pg_database WHERE datdba = pg_roles.oid)
        OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid) THEN 'owns databases or tables'
    END
FROM pg_roles WHERE rolname = %(role)s
"""
"""Why a role is not one that only reads; null where it may be."""


def grant_statements(database: str, role: str, statement_timeout: float) -> list[str]:
    """The SQL that makes the role, or brings it back to what it should be; run it as the owner of the tables."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role):
        raise Refused(f"'{role}' is no plain role name; use lower-case letters, digits and underscores.")
    quoted = '"' + database.replace('"', '""') + '"'
    return [
        f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
        f"ALTER ROLE {role} SET default_transaction_read_only = on",
        f"ALTER ROLE {role} SET statement_timeout = '{round(statement_timeout * 1000)}ms'",
        # by default everyone may make temporary tables and, before PostgreSQL 15, any table
        f"REVOKE TEMPORARY ON DATABASE {quoted} FROM PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {quoted} TO {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        # tables that a later migration makes
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
    ]


def grant(connection: Connection, role: str, statement_timeout: float, password: str | None) -> None:
    """Make the role in the database that the connection is to, and give it the password. The caller commits."""
    if reason := connection.exec_driver_sql(OTHER_PURPOSE, {"role": role}).scalar():
        raise Refused(f"The role {role} {reason}; it would lose its rights: give the name of another with --role.")
    database = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    for statement in grant_statements(database, role, statement_timeout):
        connection.exec_driver_sql(statement)
    if password:
        driver: Any = connection.connection.driver_connection
        # as the server keeps it: so it stands in no log of statements
        hashed = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{hashed}'")
