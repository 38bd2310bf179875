"""The search: an index in memory, built from the database once a dataset version. Query text is never logged."""

from app.search.holder import Holder
from app.search.index import SearchIndex, build_index

__all__ = ["Holder", "SearchIndex", "build_index"]
