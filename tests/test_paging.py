"""Pages: for any filters, order and page size, their union is exactly the filtered and sorted list."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schemas.common import Grade
from seed.build import sort_name
from tests.support import examples

Item = dict[str, Any]

FLAGS = ("true", "false")


def flag(key: str) -> Callable[[Item], Iterable[str]]:
    return lambda item: [str(item[key]).lower()]


def ref_slugs(refs: Iterable[Mapping[str, str] | None]) -> list[str]:
    return [ref["slug"] for ref in refs if ref]


@dataclass(frozen=True)
class Oracle:
    """What a collection's filters and sort keys mean, said over the items alone."""

    path: str
    filters: dict[str, Callable[[Item], Iterable[str]]]
    sort: dict[str, Callable[[Item], Any]]

    def select(self, items: list[Item], filters: dict[str, list[str]], sort: list[str]) -> list[str]:
        kept = [item for item in items if all(set(self.filters[f](item)) & set(v) for f, v in filters.items())]
        kept.sort(key=lambda item: (sort_name(item["name"]), item["slug"]))
        for key in reversed(sort):
            kept.sort(key=self.sort[key.removeprefix("-")], reverse=key.startswith("-"))
        return [item["slug"] for item in kept]


def name(item: Item) -> str:
    return sort_name(item["name"])


def rank(item: Item) -> int:
    return Grade(item["grade"]).rank


ORACLES = [
    Oracle(
        "/nutrients",
        {
            "type": lambda item: [item["type"]],
            "electrolyte": flag("electrolyte"),
            "food_source": lambda item: ref_slugs(item["food_sources"]),
            "slug": lambda item: [item["slug"]],
        },
        {"name": name, "type": lambda item: item["type"]},
    ),
    Oracle(
        "/food-sources",
        {
            "nutrient": lambda item: ref_slugs(provision["nutrient"] for provision in item["nutrients"]),
            "group": lambda item: [item["group"]],
            "is_food": flag("is_food"),
            "part_of": lambda item: ref_slugs([item["part_of"]]),
        },
        {"name": name, "group": lambda item: item["group"]},
    ),
    Oracle(
        "/claims",
        {
            "about": lambda item: ref_slugs([item["subject"], *item["co_subjects"], item["object"]]),
            "grade": lambda item: [item["grade"]],
            "relation": lambda item: [item["relation"]],
            "state": lambda item: [item["state"]] if item["state"] else [],
            "source": lambda item: ref_slugs(citation["source"] for citation in item["citations"]),
            "from_article": flag("from_article"),
        },
        {"name": name, "grade": rank, "relation": lambda item: item["relation"]},
    ),
]


async def walk(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Every page from `url` on, by following `next`."""
    pages = []
    following: str | None = url
    while following:
        response = await client.get(following)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        following = pages[-1]["next"]
    return pages


_all: dict[tuple[str, str], list[Item]] = {}


async def everything(client: httpx.AsyncClient, database: str, path: str) -> list[Item]:
    if (database, path) not in _all:
        lines = (await client.get(f"{path}.ndjson")).text.splitlines()
        _all[database, path] = [json.loads(line) for line in lines]
    return _all[database, path]


# strategies cannot know the items, so a draw chooses by number
CHOICES = st.dictionaries(st.integers(0, 5), st.lists(st.integers(0, 500), min_size=1, max_size=4), max_size=2)
ORDERS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "-"])), min_size=1, max_size=3)


def chosen_filters(oracle: Oracle, items: list[Item], choices: dict[int, list[int]]) -> dict[str, list[str]]:
    filters = {}
    for number, picks in choices.items():
        key = sorted(oracle.filters)[number % len(oracle.filters)]
        known = sorted({value for item in items for value in oracle.filters[key](item)})
        picked = list(dict.fromkeys(known[pick % len(known)] for pick in picks))
        filters[key] = picked[:1] if set(known) <= set(FLAGS) else picked
    return filters


def chosen_sort(oracle: Oracle, order: list[tuple[int, str]]) -> list[str]:
    keys = {sorted(oracle.sort)[number % len(oracle.sort)]: sign for number, sign in order}
    return [sign + key for key, sign in keys.items()]


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.path)
@settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))
@given(choices=CHOICES, order=ORDERS, limit=st.integers(3, 100))
async def test_pages_make_up_the_filtered_list(
    real: httpx.AsyncClient,
    real_database: str,
    oracle: Oracle,
    choices: dict[int, list[int]],
    order: list[tuple[int, str]],
    limit: int,
) -> None:
    items = await everything(real, real_database, oracle.path)
    filters, sort = chosen_filters(oracle, items, choices), chosen_sort(oracle, order)
    written = "".join(f"&{key}={','.join(values)}" for key, values in filters.items())
    pages = await walk(real, f"{oracle.path}?limit={limit}&sort={','.join(sort)}{written}")

    expected = oracle.select(items, filters, sort)
    assert [item["slug"] for page in pages for item in page["items"]] == expected
    assert {page["total"] for page in pages} == {len(expected)}
    assert [page["offset"] for page in pages] == list(range(0, max(1, len(expected)), limit))
    assert pages[0]["previous"] is None
    assert [len(page["items"]) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    for page, following in pairwise(pages):
        assert following["previous"] is not None
        back = (await real.get(following["previous"])).json()
        assert back["items"] == page["items"]


async def test_a_page_of_one_walks_the_whole_list(tiny: httpx.AsyncClient) -> None:
    pages = await walk(tiny, "/claims?limit=1")
    slugs = [item["slug"] for page in pages for item in page["items"]]
    assert slugs == ["iron-is-essential", "low-iron-causes-tiredness", "running-causes-scurvy"]
