"""Engines, tables, the reader role and the current release."""
