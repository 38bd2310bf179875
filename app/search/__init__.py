"""The search: an index in memory, built from the database once a dataset version. Query text is never logged."""

from app.search.current_index import CurrentIndex
from app.search.index import SearchIndex, build_index

__all__ = ["CurrentIndex", "SearchIndex", "build_index"]
