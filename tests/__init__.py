"""Tests assert behaviour through HTTP, the command line and files, on SQLite and on PostgreSQL."""
