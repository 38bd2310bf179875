import json
import sys

from generated import ApiClient, Configuration, NutrientsApi, NutrientType, ProblemDetails
from generated.exceptions import ApiException

api = NutrientsApi(ApiClient(Configuration(host=sys.argv[1])))

page = api.list_nutrients(type=[NutrientType.MINERAL, NutrientType.VITAMIN], limit=100)
name: str = page.items[0].name
symbol: str | None = page.items[0].symbol

one = api.get_nutrient("magnesium", include=["claims", "faq"])
role: str = one.roles[0].text
assert one.included.claims is not None
claim: str = one.included.claims[0].name
absent = one.included.sources

parameter: str | None = None
try:
    api.list_nutrients(slug=["no-such-nutrient"])
except ApiException as error:
    problem = ProblemDetails.from_json(error.body or "")
    parameter = problem.errors[0].parameter if problem is not None and error.status == 422 else None

types = sorted({item.type.value for item in page.items})
told = {"name": name, "symbol": symbol, "role": role, "claim": claim, "absent": absent and absent[0].name}
print(json.dumps({**told, "parameter": parameter, "types": types}))
