"""Nutrient Knowledge API: a read-only REST API over a curated nutrient knowledge base."""

import sys

# FastAPI loads the whole of pydantic's version 1, 3 MiB, to ask whether a model is of it; none is. A library in this
# process that needs it would fail: take this line away then
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
