"""What each feature of a hit weighs: learned by `python -m tests.search_eval --learn`, never edited by hand."""

WEIGHTS: dict[str, float] = {}
