import { getNutrient, listNutrients, type NutrientCard } from "./generated/api";

// the generated functions fetch paths; a front end of another origin completes them so
const origin: string = process.argv[2] ?? "";
const plain: typeof fetch = globalThis.fetch;
globalThis.fetch = (input, init) => plain(typeof input === "string" ? origin + input : input, init);

const list = await listNutrients({ type: ["mineral", "vitamin"], limit: 100 });
if (list.status !== 200) throw new Error("no list");
const first: NutrientCard | undefined = list.data.items[0];
if (first === undefined) throw new Error("an empty list");
const name: string = first.name;
const symbol: string | null = first.symbol;

const one = await getNutrient("magnesium", { include: ["claims", "faq"] });
if (one.status !== 200) throw new Error("no nutrient");
const role: string = one.data.roles[0]?.text ?? "";
const claim: string = one.data.included.claims?.[0]?.name ?? "";
const absent: string | undefined = one.data.included.sources?.[0]?.name;

// @ts-expect-error: not a type of nutrient, so that a mistake is found before it is sent
const wrong = await listNutrients({ type: ["fibre"] });
const parameter: string | undefined = wrong.status === 422 ? wrong.data.errors[0]?.parameter : undefined;

const types = new Set(list.data.items.map((item) => item.type));
console.log(JSON.stringify({ name, symbol, role, claim, absent: absent ?? null, parameter, types: [...types].sort() }));
