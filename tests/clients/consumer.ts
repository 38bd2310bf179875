// Uses the generated types as a front-end would: this must compile.
import type { components, operations, paths } from "./generated";

type Nutrient = components["schemas"]["Nutrient"];
type Problem = components["schemas"]["ProblemDetails"];
type Query = NonNullable<operations["list_nutrients"]["parameters"]["query"]>;
type List = paths["/nutrients"]["get"]["responses"][200]["content"]["application/json"];

const query: Query = { kind: ["mineral"], sort: ["-name"], limit: 100 };
// @ts-expect-error: not a kind of nutrient
const wrong: Query = { kind: ["fibre"] };

export function next(list: List): string | null {
  return list.next;
}

export function describe(nutrient: Nutrient): string {
  const symbol: string | null = nutrient.symbol;
  const grades = nutrient.roles.map(({ grade }) => grade);
  return `${nutrient.name} ${symbol ?? ""} ${grades.includes("strong")} ${Object.keys({ query, wrong }).length}`;
}

export function explain(problem: Problem): string {
  return problem.errors.map(({ parameter, suggestion }) => `${parameter}: ${suggestion ?? "?"}`).join();
}
