"""/dataset and /: what is served, in which version, under which licence."""

from datetime import date
from typing import Any

from fastapi import Request, Response
from pydantic import Field, HttpUrl, create_model

from app.api.records import release_info
from app.api.responses import json_response, read
from app.api.routing import Router
from app.schemas import COLLECTIONS, KINDS
from app.schemas.common import VERSION_PATTERN, Disclaimer, Model, Text, UrlPath

router = Router(tags=["Dataset"])

_counts: dict[str, Any] = {key: (int, Field(ge=0, description=kind.title)) for key, kind in COLLECTIONS.items()}

# made from the registry: a new kind is counted without being named here
Counts = create_model("Counts", __base__=Model, __doc__="Number of records in each collection.", **_counts)


class DatasetInfo(Model):
    """What the dataset says of itself."""

    version: str = Field(
        pattern=VERSION_PATTERN, description="Version of the dataset, by Semantic Versioning.", examples=["1.0.0"]
    )
    content_hash: str = Field(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of the content: equal hashes, equal answers."
    )
    released: date = Field(description="Day of the release.")
    title: Text = Field(description="Title.")
    description: Text = Field(description="What it is.")
    language: Text = Field(description="Language of the prose, as a BCP 47 tag.")
    licence: Text = Field(description="Licence of the content, by SPDX.")
    licence_url: HttpUrl = Field(description="The text of the licence.")
    disclaimer: Disclaimer
    counts: Counts = Field(description="Number of records in each collection.")


class IndexEntry(Model):
    """Something that this API offers."""

    name: Text = Field(description="Name.", examples=["Nutrients"])
    url: UrlPath = Field(description="Path.", examples=["/nutrients"])
    total: int | None = Field(ge=0, description="How many records it holds; null where that is not what it is about.")


class Index(Model):
    """Everything that this API offers."""

    title: Text = Field(description="Title of the dataset.")
    description: Text = Field(description="What it is.")
    dataset: Text = Field(description="Version of the dataset.")
    licence: Text = Field(description="Licence of the content, by SPDX.")
    collections: list[IndexEntry] = Field(description="Collections of records.")
    resources: list[IndexEntry] = Field(description="Everything else.")
    disclaimer: Disclaimer


RESOURCES = {
    "Comparison table": "/comparison",
    "Search": "/search?q=twitching",
    "Suggestions": "/suggest?q=ma",
    "Dataset": "/dataset",
    "Dataset in one file": "/dataset.zip",
    "Changes between versions": "/changes",
    "Changes, as a feed": "/changes.atom",
    "For language models": "/llms.txt",
    "API reference": "/docs",
    "OpenAPI description": "/openapi.json",
    "Liveness": "/livez",
    "Readiness": "/readyz",
}


@router.get("/", summary="List everything", response_model=Index)
async def get_index(request: Request) -> Response:
    """Every collection with its number of records, and everything else there is: start here."""
    release = await read(request, release_info, is_single=True)
    index = Index(
        title=release["title"],
        description=release["description"],
        dataset=release["version"],
        licence=release["licence"],
        collections=[
            IndexEntry(name=kind.title, url=f"/{kind.collection}", total=release["counts"][kind.key])
            for kind in KINDS.values()
        ],
        resources=[IndexEntry(name=name, url=url, total=None) for name, url in RESOURCES.items()],
        disclaimer=release["disclaimer"],
    )
    return json_response(index.model_dump_json(), release, {"api-catalog": "/.well-known/api-catalog"})


@router.get("/dataset", response_model=DatasetInfo, summary="Get the dataset's version, licence and counts")
async def get_dataset(request: Request) -> Response:
    """Version, content hash, release day, counts and licence of the dataset."""
    release = await read(request, release_info, is_single=True)
    return json_response(DatasetInfo(**release).model_dump_json(), release)
