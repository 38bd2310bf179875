"""/search and /suggest: anything, by the words people use."""

from typing import Annotated, Any

from fastapi import Query as QueryParameters
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from pydantic.config import JsonDict
from pydantic_core import to_json

from app.api.envelopes import PageBase
from app.api.links import page_links, page_position
from app.api.parameters import Choices, PageQuery, Query, WholeNumber
from app.api.responses import json_response
from app.api.routing import Router
from app.schemas.common import Disclaimer, Grade, Model, Ref, Text, UrlPath
from app.search.current_index import CurrentIndex
from app.search.entries import SEARCHED, Entry
from app.search.index import SearchIndex
from app.search.ranking import Hit, Matched, search
from app.search.snippets import snippet
from app.search.suggestions import Suggestion, suggest

router = Router(tags=["Search"])

LONGEST = 200
PRINTABLE: JsonDict = {"pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$"}
"""Only described here: a control character is refused in every query, before it is parsed."""


Words = Annotated[str, Field(min_length=1, max_length=LONGEST, json_schema_extra=PRINTABLE)]
KindsSearched = Annotated[
    tuple[str, ...],
    Choices(SEARCHED),
    Field(description="Only records of these kinds.", examples=["lifestyle_factor"]),
]


class SearchQuery(PageQuery):
    """What to look for."""

    q: Words = Field(description="Words or a question.", examples=["water pills leg cramps"])
    kind: KindsSearched = ()


class SuggestQuery(Query):
    """What was typed so far."""

    q: Words = Field(description="What was typed so far.", examples=["diur"])
    kind: KindsSearched = ()
    limit: WholeNumber = Field(default=8, ge=1, le=20, description="How many suggestions to show.", examples=[8])


class SearchHit(Ref):
    """A record that answers the query."""

    snippet: str = Field(
        min_length=1,
        description="A passage as safe HTML: text is escaped, `<mark>` is the only tag.",
        examples=["<mark>Magnesium</mark> calms nerves"],
    )
    score: float = Field(ge=0, description="How well it fits, up to 1.")
    matched: Matched = Field(description="By what it was found; `typo`: by a name after a word was corrected.")
    grade: Grade | None = Field(description="Of the record; null for sources.")


class SearchPage(PageBase):
    """Hits, best first."""

    items: list[SearchHit] = Field(description="The hits of this page, best first.")
    did_you_mean: Text | None = Field(description="The query as corrected; for no hits the nearest name.")
    unknown: list[Text] = Field(description="Words that no record holds.")
    intakes: UrlPath | None = Field(description="For amounts of a nutrient: its intakes.")
    disclaimer: Disclaimer


class SuggestedRecord(Ref):
    """A record that has a name with this beginning."""

    text: Text = Field(description="What to put into the search box.")
    hint: Text = Field(description="Kind, detail and, behind an alias, the name.", examples=["mineral"])


class SuggestionList(Model):
    """Suggestions, best first."""

    items: list[SuggestedRecord] = Field(description="The suggestions, best first.")
    total: int = Field(ge=0, description="How many there are in this answer.")
    limit: int = Field(ge=1, le=20, description="How many an answer holds at most.")
    disclaimer: Disclaimer


async def _index(request: Request) -> SearchIndex:
    """The index of the release that the app serves."""
    index: CurrentIndex = request.app.state.search
    return index.current() if index.ready else await run_in_threadpool(index.current)


@router.get("/search", response_model=SearchPage, summary="Search everything")
async def search_records(request: Request, query: Annotated[SearchQuery, QueryParameters()]) -> Response:
    """Anything, by the words people use.

    "without X", "X-free" and diets take out X. What joins two things that are named comes before either; for food,
    foods, richest first.
    """
    index = await _index(request)
    # long queries take tens of milliseconds, for which the event loop must not wait
    return _response(request, index, await run_in_threadpool(search_answer, index, query))


def search_answer(index: SearchIndex, query: SearchQuery) -> str:
    """The answer as JSON."""
    result = search(index, query.q, query.kind, query.limit, query.offset)
    links = page_links("/search", query, result.total)
    return _json(
        {
            "items": [_hit(index, hit, result.words) for hit in result.hits],
            **page_position(query, result.total, links),
            "did_you_mean": result.did_you_mean,
            "unknown": result.unknown,
            "intakes": result.intakes,
            "disclaimer": index.about["disclaimer"],
        }
    )


@router.get("/suggest", response_model=SuggestionList, summary="Complete what is being typed")
async def suggest_records(request: Request, query: Annotated[SuggestQuery, QueryParameters()]) -> Response:
    """Names and aliases with words that begin as those typed; misspelt letters are forgiven."""
    index = await _index(request)
    return _response(request, index, suggest_answer(index, query))


def suggest_answer(index: SearchIndex, query: SuggestQuery) -> str:
    """The answer as JSON."""
    found = suggest(index, query.q, query.kind, query.limit)
    return _json(
        {
            "items": [_suggestion(suggestion) for suggestion in found],
            "total": len(found),
            "limit": query.limit,
            "disclaimer": index.about["disclaimer"],
        }
    )


def _response(request: Request, index: SearchIndex, body: str) -> Response:
    response = json_response(body, index.about)
    if request.app.state.search.is_stale(index):
        # the next index is being built: no cache may keep this beside answers of the new release
        response.headers["Cache-Control"] = "no-cache"
    return response


def _hit(index: SearchIndex, hit: Hit, words: frozenset[str]) -> dict[str, Any]:
    entry = index.entry(hit.ordinal)
    return {
        **_ref(entry),
        "snippet": snippet(index, hit, words),
        "score": round(hit.score, 4),
        "matched": hit.matched,
        "grade": entry.grade,
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {**_ref(suggestion.entry), "text": suggestion.text, "hint": suggestion.hint}


def _ref(entry: Entry) -> dict[str, str]:
    return {"slug": entry.slug, "name": entry.name, "url": entry.url, "kind": entry.kind}


def _json(content: dict[str, Any]) -> str:
    return to_json(content).decode()
