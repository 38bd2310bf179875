// The pages for people, in a browser: by links alone and without scripts, for everyone, on any screen. Needs API_URL; writes
// screenshots into SCREENSHOTS.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";
import { ERRORS, FLAGS, PAGES as GOOD, RECORDS } from "./pages.mjs";

const { API_URL, SCREENSHOTS, CHROMIUM } = process.env;
const AXE = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const PAGES = { ...GOOD, ...ERRORS };
const collections = [...new Set(Object.values(RECORDS).map((path) => path.slice(0, path.lastIndexOf("/"))))];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(() => browser.close());

/** A page, with what it complains of and what it fetches from elsewhere. */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    // the error pages are asked for on purpose
    const isStatus = /status of 4\d\d/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isStatus) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== API_URL) complaints.push(`left the host: ${request.url()}`);
  });
  return { page, complaints, close: () => context.close() };
}

test("links lead from the start page to every kind of record and back, without scripts", async () => {
  const { page, complaints, close } = await open({ javaScriptEnabled: false });
  for (const collection of collections) {
    await page.goto(API_URL);
    await page.locator(`main a[href="${collection}"]`).first().click();
    await page.locator(".card h2 a, tbody th a").first().click();
    const record = new URL(page.url()).pathname;
    assert.match(record, new RegExp(`^${collection}/[a-z0-9-]+$`));
    assert.equal(await page.locator("h1").count(), 1);
    await page.locator(`.crumbs a[href="${collection}"]`).click();
    assert.equal(new URL(page.url()).pathname, collection);
    await page.locator('.crumbs a[href="/"]').click();
    assert.equal(new URL(page.url()).pathname, "/");
  }
  await page.getByRole("combobox").fill("charley horse");
  await page.keyboard.press("Enter");
  await page.locator('.hits a[href="/symptoms/muscle-cramp"]').first().click();
  assert.equal(new URL(page.url()).pathname, "/symptoms/muscle-cramp");
  assert.deepEqual(complaints, []);
  await close();
});

test("a form filters a list, and pages of it follow one another", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  await page.goto(`${API_URL}/claims`);
  await page.getByLabel("Grade").selectOption("established");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.match(page.url(), /grade=established/);
  await page.getByRole("link", { name: /Next/ }).click();
  assert.match(page.url(), /grade=established.*offset=20/);
  await page.getByRole("link", { name: /Previous/ }).click();
  assert.equal(await page.locator(".card").count(), 20);
  await close();
});

test("the search box suggests", async () => {
  const { page, complaints, close } = await open();
  await page.goto(API_URL);
  await page.getByRole("combobox").pressSequentially("magn");
  await page.locator('datalist option[value="Magnesium"]').waitFor({ state: "attached" });
  assert.deepEqual(complaints, []);
  await close();
});

test("the first key leads past the navigation", async () => {
  const { page, close } = await open();
  await page.goto(`${API_URL}${RECORDS.nutrient}`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(new URL(page.url()).hash, "#main");
  await close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`no page keeps anyone out (${colorScheme})`, async (t) => {
    const { page, complaints, close } = await open({ colorScheme, viewport: { width: 1280, height: 900 } });
    for (const [name, path] of Object.entries(PAGES)) {
      await t.test(name, async () => {
        await page.goto(`${API_URL}${path}`);
        // what is closed is looked at, too
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3)}`);
        assert.deepEqual(found, []);
      });
    }
    assert.deepEqual(complaints, []);
    await close();
  });
}

/** Tables that are wider than their box, and words that are broken in the middle; long addresses and hashes may be. */
function cutOff() {
  const found = [...document.querySelectorAll(".wide")]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
    .map(({ innerText }) => innerText.slice(0, 40));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("svg, select, datalist, .hidden, .skip")) continue;
    for (const { 0: token, index } of node.data.matchAll(/\S+/g)) {
      if (token.includes("/") || token.length > 30) continue;
      for (const { 0: word, index: start } of token.matchAll(/\p{L}{2,}/gu)) {
        const range = new Range();
        range.setStart(node, index + start);
        range.setEnd(node, index + start + word.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(word);
      }
    }
  }
  return found;
}

for (const width of [360, 1600]) {
  test(`no page is wider than ${width} pixels or moves while it loads`, async (t) => {
    const { page, close } = await open({ viewport: { width, height: 900 } });
    for (const [name, path] of Object.entries(PAGES)) {
      await t.test(name, async () => {
        await page.goto(`${API_URL}${path}`);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
        const moved = await page.evaluate(
          () =>
            new Promise((resolve) => {
              let sum = 0;
              new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (sum += value))).observe({
                type: "layout-shift",
                buffered: true,
              });
              setTimeout(() => resolve(sum), 100);
            }),
        );
        assert.ok(moved < 0.01, `moves by ${moved}`);
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
        assert.deepEqual(await page.evaluate(cutOff), []);
      });
    }
    await close();
  });
}

test("every page is valid HTML", async (t) => {
  const validator = new HtmlValidate({
    extends: ["html-validate:recommended", "html-validate:document"],
    // names of records are as long as they have to be; files come from the same host, at addresses made of their hash
    rules: { "long-title": "off", "require-sri": "off" },
  });
  const texts = {};
  for (const [name, path] of Object.entries(PAGES)) {
    texts[name] = await (await fetch(`${API_URL}${path}`, { headers: { Accept: "text/html" } })).text();
  }
  for (const [name, text] of Object.entries(texts)) {
    await t.test(name, async () => {
      const report = await validator.validateString(text);
      const found = report.results.flatMap(({ messages }) =>
        messages.map(({ ruleId, message, line }) => `${line}: ${ruleId}: ${message}`),
      );
      assert.deepEqual(found, []);
    });
  }
});

test("pages can be looked at", async () => {
  for (const [colorScheme, width] of [["light", 1280], ["dark", 360]]) {
    const { page, close } = await open({ colorScheme, viewport: { width, height: 1000 } });
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(`${API_URL}${path}`);
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${colorScheme}.png` });
    }
    await close();
  }
});
