"""Lists and details: the contract, on the tiny content."""

import httpx


async def test_a_list_is_sorted_and_cut_as_asked(tiny: httpx.AsyncClient) -> None:
    page = (await tiny.get("/nutrients", params={"sort": "-name", "fields": "name", "limit": 2})).json()
    assert [item["slug"] for item in page["items"]] == ["vitamin-c", "sodium"]
    assert page["total"] == 3
    assert page["next"] == "/nutrients?fields=name&limit=2&offset=2&sort=-name"
    assert page["previous"] is None
