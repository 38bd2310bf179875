"""python -m tests.update_examples: record an answer of each operation, so that a change of one shows in review."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support import client_for, real_database

EXAMPLES = Path(__file__).parent / "examples"

REQUESTS = {
    "get_index": "/",
    "get_dataset": "/dataset",
    "list_changes": "/changes?since=0.0.0&limit=1",
    "get_comparison": "/comparison",
    "get_liveness": "/livez",
    "get_readiness": "/readyz",
    "list_nutrients": "/nutrients?type=mineral&limit=1",
    "get_nutrient": "/nutrients/potassium",
    "list_nutrient_food_sources": "/nutrients/calcium/food-sources?sort=-per_serving&limit=1",
    "list_mechanisms": "/mechanisms?nutrient=vitamin-d&limit=1",
    "get_mechanism": "/mechanisms/low-vitamin-d-low-blood-calcium",
    "list_food_sources": "/food-sources?nutrient=magnesium&sort=-percent_daily_value&limit=1",
    "get_food_source": "/food-sources/kale",
    "list_lifestyle_factors": "/lifestyle-factors?nutrient=vitamin-b12&limit=1",
    "get_lifestyle_factor": "/lifestyle-factors/caffeine",
    "list_faq": "/faq?nutrient=magnesium&limit=1",
    "get_faq_entry": "/faq/does-caffeine-make-twitching-worse",
    "list_symptoms": "/symptoms?type=condition&limit=1",
    "get_symptom": "/symptoms/hypocalcaemia",
    "list_interactions": "/interactions?type=synergy&limit=1",
    "get_interaction": "/interactions/vitamin-d-and-calcium",
    "list_intakes": "/intakes?nutrient=magnesium&sex=female&age=28&lactating=true&limit=1",
    "get_intake": "/intakes/vitamin-d-nasem-ul-female-31-50",
    "list_claims": "/claims?grade=contradicted&limit=1",
    "get_claim": "/claims/low-magnesium-causes-twitching",
    "list_sources": "/sources?type=systematic-review&limit=1",
    "search_records": "/search?q=water%20pills%20leg%20cramps&limit=1",
    "suggest_records": "/suggest?q=ma&limit=1",
    "get_source": "/sources/garrison-2020-cochrane",
}
"""One request for each operation."""


def shortened(value: Any) -> Any:
    """The same with one item of each list and the beginning of long texts: enough to show the shape."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value[:1]]
    return f"{value[:39]}…" if isinstance(value, str) and len(value) > 40 and "://" not in value else value


async def record() -> None:
    """Ask each request and write what comes back."""
    EXAMPLES.mkdir(exist_ok=True)
    async with client_for(real_database()) as client:
        for operation, request in REQUESTS.items():
            response = await client.get(request)
            assert response.status_code == 200, (request, response.text)
            recorded = {"request": f"GET {request}", "response": shortened(response.json())}
            text = json.dumps(recorded, indent=2, ensure_ascii=False) + "\n"
            (EXAMPLES / f"{operation}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record())
