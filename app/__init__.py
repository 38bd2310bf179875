"""Nutrient Knowledge API: a read-only REST API over a curated nutrient knowledge base."""

__version__ = "1.0.0"
