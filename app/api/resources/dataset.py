"""/dataset and /: what is served, in which version, under which licence."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Query as QueryParameters
from fastapi import Response
from pydantic import Field, HttpUrl

from app.api.parameters import Query
from app.api.reading import Database
from app.api.responses import answer, headers
from app.api.routing import Router
from app.api.snapshot import dataset
from app.pages.index import index_page
from app.schemas import KINDS
from app.schemas.common import Model

router = Router(tags=["Dataset"])


class DatasetInfo(Model):
    """What the dataset says of itself."""

    version: str = Field(description="Version of the dataset, by Semantic Versioning.", examples=["1.0.0"])
    content_hash: str = Field(description="SHA-256 of the content: equal hashes, equal answers.")
    released: date = Field(description="Day of the release.")
    title: str = Field(description="Title.")
    description: str = Field(description="What it is.")
    language: str = Field(description="Language of the prose, as a BCP 47 tag.")
    licence: str = Field(description="SPDX identifier of the licence of the content.")
    licence_url: HttpUrl = Field(description="The text of the licence.")
    disclaimer: str = Field(description="What this information is and is not.")
    counts: dict[str, int] = Field(description="Number of records in each collection.")


class Entry(Model):
    """Something that this API offers."""

    name: str = Field(description="Name.")
    url: str = Field(description="Path.")
    total: int | None = Field(description="How many records it holds; null where that is not what it is about.")


class Index(Model):
    """Everything that this API offers."""

    title: str = Field(description="Title of the dataset.")
    description: str = Field(description="What it is.")
    dataset: str = Field(description="Version of the dataset.")
    licence: str = Field(description="SPDX identifier of the licence of the content.")
    collections: list[Entry] = Field(description="Collections of records.")
    resources: list[Entry] = Field(description="Everything else.")
    disclaimer: str = Field(description="What this information is and is not.")


RESOURCES = {
    "Comparison table": "/comparison",
    "Search": "/search?q=twitching",
    "Suggestions": "/suggest?q=ma",
    "Dataset": "/dataset",
    "Changes between versions": "/changes?since={version}",
    "API reference": "/docs",
    "API reference, to read": "/redoc",
    "OpenAPI description": "/openapi.json",
    "Liveness": "/livez",
    "Readiness": "/readyz",
}


HTML = {"description": "The index.", "content": {"text/html": {"schema": {"type": "string"}}}}


class IndexQuery(Query):
    """Shape of the index."""

    format: Literal["json", "html"] = Field(
        default="json", description="JSON, or a page for people. `Accept` can ask for the same, as browsers do."
    )


@router.get("/", summary="List everything", response_model=Index, responses={200: HTML})
def get_index(query: Annotated[IndexQuery, QueryParameters()], database: Database) -> Response:
    """Every collection with its number of records, and everything else there is: start here.

    A browser, or `Accept: text/html`, gets a page.
    """
    with database.connect() as connection:
        about = dataset(connection)
    names = {kind.collection: kind.collection.replace("-", " ").capitalize() for kind in KINDS.values()}
    names["faq"] = "FAQ"
    index = Index(
        title=about["title"],
        description=about["description"],
        dataset=about["version"],
        licence=about["licence"],
        collections=[Entry(name=names[path], url=f"/{path}", total=about["counts"][path]) for path in names],
        resources=[Entry(name=n, url=url.format(**about), total=None) for n, url in RESOURCES.items()],
        disclaimer=about["disclaimer"],
    )
    if query.format == "html":
        page = index_page(index)
        page.headers.update(headers(about))
        return page
    return answer(index.model_dump_json(), about)


@router.get("/dataset", response_model=DatasetInfo, summary="Get the dataset's version, licence and counts")
def get_dataset(database: Database) -> Response:
    """Version, content hash, release day, counts, licence and disclaimer of the dataset that is being served."""
    with database.connect() as connection:
        about = dataset(connection)
    return answer(DatasetInfo(**about).model_dump_json(), about)
