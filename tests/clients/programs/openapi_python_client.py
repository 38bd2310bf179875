import json
import sys

from generated import Client
from generated.api.nutrients import get_nutrient, list_nutrients
from generated.models import GetNutrientIncludeItem, NutrientDetail, NutrientPage, NutrientType, ProblemDetails
from generated.types import Unset

client = Client(base_url=sys.argv[1])

page = list_nutrients.sync(client=client, type_=[NutrientType.MINERAL, NutrientType.VITAMIN], limit=100)
assert isinstance(page, NutrientPage)
name: str = page.items[0].name
symbol: str | None = page.items[0].symbol

one = get_nutrient.sync("magnesium", client=client, include=[GetNutrientIncludeItem.CLAIMS, GetNutrientIncludeItem.FAQ])
assert isinstance(one, NutrientDetail)
role: str = one.roles[0].text
assert not isinstance(one.included.claims, Unset)
claim: str = one.included.claims[0].name
absent: bool = isinstance(one.included.sources, Unset)

wrong = list_nutrients.sync(client=client, slug=["no-such-nutrient"])
assert isinstance(wrong, ProblemDetails)
parameter: str = wrong.errors[0].parameter

types = sorted({item.type_.value for item in page.items})
told = {"name": name, "symbol": symbol, "role": role, "claim": claim, "absent": None if absent else "there"}
print(json.dumps({**told, "parameter": parameter, "types": types}))
