"""The FastAPI + SQLModel app that most people would write, after the tutorials of both.

`EAGER=1` loads the related claims with the list (`selectinload`) instead of one by one.
"""

import os
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, func, select

engine = create_engine(
    f"sqlite:///file:{os.environ['PEERS_DB']}?mode=ro&uri=true",
    connect_args={"check_same_thread": False},
    # one connection for each thread that serves requests
    pool_size=40,
    max_overflow=0,
)
OPTIONS = [selectinload] if os.environ.get("EAGER") else []


class SourceClaim(SQLModel, table=True):
    """Which claim cites which source."""

    __tablename__ = "source_claim"

    source_id: int = Field(foreign_key="source.id", primary_key=True)
    claim_id: int = Field(foreign_key="claim.id", primary_key=True)


class ClaimBase(SQLModel):
    """A reference to a claim."""

    slug: str = Field(index=True, unique=True)
    name: str
    url: str


class Claim(ClaimBase, table=True):
    """A claim."""

    id: int = Field(primary_key=True)


class SourceBase(SQLModel):
    """A publication."""

    slug: str = Field(index=True, unique=True)
    name: str = Field(index=True)
    url: str
    type: str = Field(index=True)
    title: str
    authors: str
    year: int = Field(index=True)
    publisher: str
    doi: str
    website: str | None
    summary: str
    funding: str | None
    from_article: bool


class Source(SourceBase, table=True):
    """A publication and the claims that cite it."""

    id: int = Field(primary_key=True)
    claims: list[Claim] = Relationship(link_model=SourceClaim)


class SourcePublic(SourceBase):
    """A publication as it is served."""

    claims: list[ClaimBase]


class SourcePage(SQLModel):
    """One page of the list."""

    items: list[SourcePublic]
    total: int
    limit: int
    offset: int


def get_session() -> Iterator[Session]:
    """A session a request."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
app = FastAPI()


@app.get("/sources", response_model=SourcePage)
def list_sources(
    session: SessionDep,
    type: str | None = None,
    sort: str = "name",
    offset: int = 0,
    limit: Annotated[int, Query(le=100)] = 20,
) -> dict[str, object]:
    """A page of sources."""
    where = [col(Source.type) == type] if type else []
    column = col(Source.year) if "year" in sort else col(Source.name)
    order = column.desc() if sort.startswith("-") else column.asc()
    total = session.exec(select(func.count()).select_from(Source).where(*where)).one()
    page = select(Source).where(*where).order_by(order, col(Source.slug)).offset(offset).limit(limit)
    items = session.exec(page.options(*(load(Source.claims) for load in OPTIONS))).all()
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@app.get("/sources/{slug}", response_model=SourcePublic)
def get_source(slug: str, session: SessionDep) -> Source:
    """One source."""
    source = session.exec(select(Source).where(Source.slug == slug)).first()
    if source is None:
        raise HTTPException(404)
    return source
