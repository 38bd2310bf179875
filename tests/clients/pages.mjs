// What the pages for people are tried on: a record of each kind, each other kind of page, and how the browser is started.
export const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

export const RECORDS = {
  nutrient: "/nutrients/magnesium",
  mechanism: "/mechanisms/low-magnesium-disrupted-nerve-signals",
  food: "/food-sources/spinach",
  factor: "/lifestyle-factors/diuretics",
  question: "/faq/when-to-see-a-doctor",
  symptom: "/symptoms/fasciculation",
  interaction: "/interactions/magnesium-and-calcium",
  intake: "/intakes/magnesium-efsa-ai-7-11-months",
  claim: "/claims/low-magnesium-causes-twitching",
  source: "/sources/kim-2021-eyelid",
};
export const PAGES = {
  ...RECORDS,
  start: "/",
  list: "/nutrients",
  refuted: "/claims/magnesium-supplements-relieve-cramps",
  filtered: "/claims?grade=contradicted&limit=5",
  foods: "/food-sources",
  amounts: "/nutrients/magnesium/food-sources?limit=10",
  values: "/intakes?nutrient=magnesium&limit=10",
  search: "/search?q=magnesium",
  comparison: "/comparison",
  dataset: "/dataset",
  changes: "/changes?since=0.0.0&limit=10",
  news: "/changes",
};

/** Addresses that are answered with an error. */
export const ERRORS = { missing: "/nutrients/magnesum", wrong: "/nutrients?type=minerl" };
