import { getNutrient, listNutrients, type NutrientCard } from "./generated";
import { client } from "./generated/client.gen";

client.setConfig({ baseUrl: process.argv[2] ?? "" });

const list = await listNutrients({ query: { type: ["mineral", "vitamin"], limit: 100 } });
if (list.data === undefined) throw new Error("no list");
const first: NutrientCard | undefined = list.data.items[0];
if (first === undefined) throw new Error("an empty list");
const name: string = first.name;
const symbol: string | null = first.symbol;

const one = await getNutrient({ path: { slug: "magnesium" }, query: { include: ["claims", "faq"] } });
if (one.data === undefined) throw new Error("no nutrient");
const role: string = one.data.roles[0]?.text ?? "";
const claim: string = one.data.included.claims?.[0]?.name ?? "";
const absent: string | undefined = one.data.included.sources?.[0]?.name;

// @ts-expect-error: not a type of nutrient, so that a mistake is found before it is sent
const wrong = await listNutrients({ query: { type: ["fibre"] } });
const parameter: string | undefined = wrong.error?.errors[0]?.parameter;

const types = new Set(list.data.items.map((item) => item.type));
console.log(JSON.stringify({ name, symbol, role, claim, absent: absent ?? null, parameter, types: [...types].sort() }));
