import { Configuration, NutrientsApi, ProblemDetailsFromJSON, ResponseError, type NutrientCard } from "./generated";

const api = new NutrientsApi(new Configuration({ basePath: process.argv[2] ?? "" }));

const list = await api.listNutrients({ type: ["mineral", "vitamin"], limit: 100 });
const first: NutrientCard | undefined = list.items[0];
if (first === undefined) throw new Error("an empty list");
const name: string = first.name;
const symbol: string | null = first.symbol;

const one = await api.getNutrient({ slug: "magnesium", include: ["claims", "faq"] });
const role: string = one.roles[0]?.text ?? "";
const claim: string = one.included.claims?.[0]?.name ?? "";
const absent: string | undefined = one.included.sources?.[0]?.name;

let parameter: string | undefined;
try {
  // @ts-expect-error: not a type of nutrient, so that a mistake is found before it is sent
  await api.listNutrients({ type: ["fibre"] });
} catch (error) {
  if (!(error instanceof ResponseError) || error.response.status !== 422) throw error;
  parameter = ProblemDetailsFromJSON(await error.response.json()).errors[0]?.parameter;
}

const types = new Set(list.items.map((item) => item.type));
console.log(JSON.stringify({ name, symbol, role, claim, absent: absent ?? null, parameter, types: [...types].sort() }));
