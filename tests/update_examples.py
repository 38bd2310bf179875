"""python -m tests.update_examples: record the responses that the API description shows, from the real content."""

import asyncio
import json

from app.api.openapi import EXAMPLES
from tests.support import client_for, real_database

REQUESTS = {
    "get_index": "/",
    "get_dataset": "/dataset",
    "list_changes": "/changes?since=1.0.0",
    "get_comparison": "/comparison",
    "get_liveness": "/livez",
    "get_readiness": "/readyz",
    "list_nutrients": "/nutrients?kind=mineral&fields=name,symbol,electrolyte,summary&limit=2",
    "get_nutrient": "/nutrients/potassium",
    "list_nutrient_food_sources": "/nutrients/calcium/food-sources?sort=-per_serving&limit=2",
    "list_mechanisms": "/mechanisms?nutrient=vitamin-d&limit=1",
    "get_mechanism": "/mechanisms/low-vitamin-d-low-blood-calcium",
    "list_food_sources": "/food-sources?nutrient=magnesium&sort=-percent_daily_value&fields=name,group,amounts&limit=2",
    "get_food_source": "/food-sources/kale",
    "list_lifestyle_factors": "/lifestyle-factors?nutrient=vitamin-b12&limit=1",
    "get_lifestyle_factor": "/lifestyle-factors/caffeine",
    "list_faq": "/faq?nutrient=magnesium&fields=name,answer",
    "get_faq_entry": "/faq/does-caffeine-make-twitching-worse",
    "list_symptoms": "/symptoms?kind=condition&fields=name,summary&limit=2",
    "get_symptom": "/symptoms/hypocalcaemia?fields=name,aliases,facts,red_flags",
    "list_interactions": "/interactions?kind=synergy",
    "get_interaction": "/interactions/vitamin-d-and-calcium",
    "list_intakes": "/intakes?nutrient=magnesium&sex=female&age=28&lactating=true",
    "get_intake": "/intakes/vitamin-d-nasem-ul-female-31-50",
    "list_claims": "/claims?grade=contradicted&limit=1",
    "get_claim": "/claims/low-magnesium-causes-twitching",
    "list_sources": "/sources?kind=systematic-review&fields=name,year,doi",
    "search_records": "/search?q=water%20pills%20leg%20cramps&limit=3",
    "suggest_records": "/suggest?q=ma&limit=4",
    "get_source": "/sources/garrison-2020-cochrane",
}
"""One request for each operation."""


async def record() -> None:
    """Ask each request and write what comes back."""
    EXAMPLES.mkdir(exist_ok=True)
    async with client_for(real_database()) as client:
        for operation, request in REQUESTS.items():
            response = await client.get(request)
            assert response.status_code == 200, (request, response.text)
            recorded = {"request": f"GET {request}", "response": response.json()}
            text = json.dumps(recorded, indent=2, ensure_ascii=False) + "\n"
            (EXAMPLES / f"{operation}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record())
