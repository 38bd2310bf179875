// Lighthouse on each kind of page, as on a phone with a slow network. Needs API_URL, CHROMIUM and DEBUG_PORT.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";
import { FLAGS, PAGES } from "./pages.mjs";

const { API_URL, CHROMIUM, DEBUG_PORT } = process.env;
const LEAST = 95;
/** Pages that search engines are asked to leave out. */
const UNLISTED = ["search"];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, `--remote-debugging-port=${DEBUG_PORT}`] });
});
after(() => browser.close());

/** What took points off in a category, with the most weighty first. */
function reasons({ auditRefs }, audits) {
  return auditRefs
    .filter(({ id, weight }) => weight && audits[id].score !== null && audits[id].score < 0.9)
    .sort((one, other) => other.weight - one.weight)
    .map(({ id }) => `${id}: ${audits[id].displayValue ?? audits[id].score}`);
}

for (const [name, path] of Object.entries(PAGES)) {
  test(`each score of ${name} is at least ${LEAST}`, async (t) => {
    const { lhr } = await lighthouse(`${API_URL}${path}`, {
      port: Number(DEBUG_PORT),
      logLevel: "error",
      onlyCategories: ["performance", "accessibility", "best-practices", "seo"],
      skipAudits: UNLISTED.includes(name) ? ["is-crawlable"] : [],
    });
    assert.equal(lhr.runtimeError, undefined);
    const scores = Object.values(lhr.categories).map((each) => [each.id, Math.round(each.score * 100), each]);
    t.diagnostic(scores.map(([id, score]) => `${id} ${score}`).join(", "));
    const low = scores.filter(([, score]) => score < LEAST);
    assert.deepEqual(low.map(([id, score, category]) => [id, score, reasons(category, lhr.audits)]), []);
  });
}
