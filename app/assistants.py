"""The API for assistants, by the Model Context Protocol: `python -m app mcp` serves these tools as a client of the API.

It needs the `mcp` extra; a process that serves the API imports nothing of this.
"""

import json
from collections import defaultdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

import httpx2
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from app import __version__
from app.schemas import KINDS

INSTRUCTIONS = """Facts on nutrients and muscle twitching, each graded and cited. Pass on the grade and the sources
with a fact, and the disclaimer. Grades: established, strong, moderate, limited, mechanistic (a plausible mechanism
only), contradicted (the evidence is against it). This is no medical advice."""

Answer = dict[str, Any]
"""What the API answered, with its release, its disclaimer, and the grade and the sources of each record."""

Collection = Annotated[str, Field(description=f"One of {', '.join(kind.collection for kind in KINDS.values())}.")]
Slug = Annotated[str, Field(description="Slug of a record, or a name of it, as `magnesium`.")]
Limit = Annotated[int, Field(ge=1, le=50, description="Records to answer at most.")]


class Tools:
    """The tools over the API at a URL; each public method is one, and its docstring is what assistants read."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def search(self, words: str, limit: Limit = 10) -> Answer:
        """Find records by the words that people use, best first: "water pills leg cramps"."""
        return await self._list(await self._get("/search", q=words, limit=limit))

    async def get_record(self, collection: Collection, slug: Slug) -> Answer:
        """One record, whole: every statement with its grade and citations."""
        response = await self._get(f"/{quote(collection, safe='')}/{quote(slug, safe='')}")
        record = response.json()
        return _answer(response, record=record, grade=record.get("grade"), sources=_sources(record))

    async def list_records(
        self,
        collection: Collection,
        filters: Annotated[
            dict[str, str], Field(description='Filters of the collection, as {"type": "mineral"}; an error names them.')
        ] = {},  # noqa: B006 - only read
        sort: Annotated[str, Field(description="Sort keys; `-` reverses.")] = "",
        limit: Limit = 20,
        offset: Annotated[int, Field(ge=0, description="Records to pass over.")] = 0,
    ) -> Answer:
        """A collection, filtered and sorted: claims of one grade, medicines that disturb a nutrient."""
        path = f"/{quote(collection, safe='')}"
        return await self._list(await self._get(path, **{**filters, "sort": sort, "limit": limit, "offset": offset}))

    async def foods_of_nutrient(
        self,
        nutrient: Slug,
        sort: Annotated[str, Field(description="As `-per_serving`, `-per_100g`, `name`.")] = "-per_serving",
        standing: Annotated[str, Field(description="Only these, as `high,good`.")] = "",
        limit: Limit = 20,
    ) -> Answer:
        """How much of a nutrient foods contain: measured values, so that there is no grade."""
        path = f"/nutrients/{quote(nutrient, safe='')}/food-sources"
        response = await self._get(path, sort=sort, standing=standing, limit=limit)
        items = [{**item, "grade": None, "sources": _sources(item)} for item in response.json()["items"]]
        return _answer(response, items=items, total=response.json()["total"])

    async def intakes_for_person(
        self,
        nutrient: Slug,
        sex: Literal["female", "male"] | None = None,
        age: Annotated[str, Field(description="Completed years, as `34`, or months, as `8mo`.")] = "",
        pregnant: bool = False,
        lactating: bool = False,
    ) -> Answer:
        """What a person needs of a nutrient, and how much is too much: values of authorities, which have no grade."""
        person = {"sex": sex, "age": age, "pregnant": pregnant or None, "lactating": lactating or None}
        return await self._list(await self._get("/intakes", nutrient=nutrient, limit=50, **person))

    async def what_changed(
        self,
        since: Annotated[str, Field(description="Version that is known already; empty: the last but one.")] = "",
        limit: Limit = 20,
    ) -> Answer:
        """Records that were added, changed or removed since a version of the dataset."""
        return await self._list(await self._get("/changes", since=since, limit=limit))

    async def _get(self, path: str, /, **query: Any) -> Any:
        """The API's response; a `ToolError` tells the assistant what was wrong."""
        try:
            given = {name: value for name, value in query.items() if value not in (None, "")}
            async with httpx2.AsyncClient(base_url=self._url, timeout=30, follow_redirects=True) as client:
                response = await client.get(path, params=given)
        except httpx2.HTTPError as error:
            raise ToolError(f"The API at {self._url} does not answer ({type(error).__name__}).") from None
        if response.is_error:
            raise ToolError(_sentence(response))
        return response

    async def _list(self, response: Any) -> Answer:
        """A list of the API, each item with the grade and sources of its record, which cards do not have."""
        body = response.json()
        slugs = defaultdict(list)
        for item in body["items"]:
            if item.get("action") != "removed":
                slugs[item["kind"]].append(item["slug"])
        records: dict[str, Any] = {}
        for kind, wanted in slugs.items():
            export = await self._get(f"/{KINDS[kind].collection}.ndjson", slug=",".join(wanted))
            records |= {record["slug"]: record for record in map(json.loads, export.text.splitlines())}
        found = [(item, records.get(item["slug"], {})) for item in body["items"]]
        items = [{**item, "grade": whole.get("grade"), "sources": _sources(whole)} for item, whole in found]
        return _answer(response, items=items, total=body["total"])


def _answer(response: Any, **found: Any) -> Answer:
    return {"release": response.headers["Dataset-Version"], "disclaimer": response.json()["disclaimer"], **found}


def _sources(value: Any) -> dict[str, str]:
    """Every source that a value cites: its name by its address."""
    if isinstance(value, dict) and value.get("kind") == "source":
        return {value["url"]: value["name"]}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {url: name for part in parts for url, name in _sources(part).items()}


def _sentence(response: Any) -> str:
    try:
        problem = response.json()
        wrong = [f"{e['parameter']}: {e['message']} Allowed: {', '.join(e['allowed'])}." for e in problem["errors"]]
        return " ".join([problem["detail"], *wrong])
    except (ValueError, KeyError):
        return f"The API answered {response.status_code}."


def server(url: str) -> Any:
    made = MCPServer("nutrient-knowledge", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    tools = Tools(url)
    for name in [name for name in vars(Tools) if not name.startswith("_")]:
        made.add_tool(getattr(tools, name), annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    return made
