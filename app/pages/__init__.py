"""Pages for people: the index, the API reference and their assets."""
