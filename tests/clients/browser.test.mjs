// What a browser shows: the docs pages and the front-end example. Needs API_URL and FRONTEND_URL; writes
// screenshots into SCREENSHOTS.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { API_URL, FRONTEND_URL, SCREENSHOTS, CHROMIUM } = process.env;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(() => browser.close());

/** A page, with what it complains of and where its requests go. */
async function open(options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, ...options });
  const seen = { complaints: [], requests: [], responses: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("response", (response) => seen.responses.push({ url: response.url(), status: response.status() }));
  page.on("requestfailed", (request) => {
    // Chromium calls a 304 that a script asked for "failed", having no body to load
    const answered = seen.responses.some(({ url, status }) => url === request.url() && status === 304);
    if (!answered) seen.complaints.push(`failed: ${request.url()}`);
  });
  return { page, seen };
}

function staysHome(seen, ...origins) {
  const left = seen.requests.filter((url) => !/^(data|blob):/.test(url) && !origins.includes(new URL(url).origin));
  assert.deepEqual(left, [], "requests that left the host");
  assert.deepEqual(seen.complaints, [], "complaints in the console");
}

/** What makes the page wider than its window. */
const overflow = (page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > clientWidth + 1);
    return [`${scrollWidth} > ${clientWidth}`, ...wide.slice(0, 5).map((e) => `${e.tagName}.${e.className}`)];
  });

/** The colour of an element's text, and that of what it stands on. */
function inkAndGround(element) {
  const ink = getComputedStyle(element).color;
  for (let each = element; each; each = each.parentElement) {
    const ground = getComputedStyle(each).backgroundColor;
    if (!/, 0\)$|transparent/.test(ground) && !/, 0?\.\d+\)$/.test(ground)) return [ink, ground];
  }
  return [ink, "rgb(255, 255, 255)"];
}

/** Relative luminance, as WCAG defines it. */
function luminance(colour) {
  const [r, g, b] = colour.match(/\d+/g).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const shoot = (page, name) => page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });

test("Swagger UI renders and executes an operation", async () => {
  const { page, seen } = await open();
  await page.goto(`${API_URL}/docs`);
  await page.locator(".opblock").first().waitFor();
  await shoot(page, "docs");
  const operation = page.locator("#operations-Nutrients-get_nutrient");
  await operation.locator(".opblock-summary").click();
  await operation.locator("tr[data-param-name=slug] input").fill("magnesium");
  const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/nutrients/magnesium");
  await operation.locator("button.execute").click();
  assert.equal((await answered).status(), 200);
  await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  await operation.locator(".live-responses-table").scrollIntoViewIfNeeded();
  await shoot(page, "docs-executed");
  staysHome(seen, API_URL);
  await page.close();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the reference fits a phone and follows the ${colorScheme} scheme`, async () => {
    const { page, seen } = await open({ viewport: { width: 400, height: 900 }, colorScheme });
    await page.goto(`${API_URL}/docs`);
    await page.locator(".opblock").first().waitFor();
    assert.deepEqual(await overflow(page), []);
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.ok(height <= 5000, `every operation is listed in ${height} pixels`);
    await shoot(page, `docs-phone-${colorScheme}`);
    const operation = page.locator("#operations-Intakes-list_intakes");
    await operation.locator(".opblock-summary-control").click();
    await operation.locator("button.execute").click();
    await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
    assert.deepEqual(await overflow(page), []);
    for (const part of [".info .title", ".opblock-summary-path", ".parameter__name", ".renderedMarkdown p"]) {
      const [ink, ground] = await page.locator(part).first().evaluate(inkAndGround);
      assert.equal(luminance(ground) < 0.2, colorScheme === "dark", `${part} stands on ${ground}`);
      const [dark, light] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
      assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${part}: ${ink} on ${ground}`);
    }
    await shoot(page, `docs-phone-opened-${colorScheme}`);
    staysHome(seen, API_URL);
    await page.close();
  });
}

test("the front-end example renders from another origin and revalidates", async () => {
  const { page, seen } = await open();
  const address = `${FRONTEND_URL}/?api=${API_URL}`;
  await page.goto(address);
  await page.locator("#status", { hasText: "Up to date." }).waitFor();
  assert.ok((await page.locator("tbody tr").count()) >= 4);
  assert.ok((await page.locator("details").count()) >= 5);
  assert.match(await page.textContent("#disclaimer"), /not medical advice/);
  await page.locator("details").first().locator("summary").click();
  await page.screenshot({ path: `${SCREENSHOTS}/frontend.png`, fullPage: true });
  await page.reload();
  await page.locator("#status", { hasText: "nothing has changed" }).waitFor();
  const unchanged = seen.responses.filter(({ status }) => status === 304).map(({ url }) => new URL(url).pathname);
  assert.deepEqual(unchanged.sort(), ["/comparison", "/faq"]);
  assert.ok((await page.locator("tbody tr").count()) >= 4, "still shown from what was kept");
  staysHome(seen, API_URL, FRONTEND_URL);
  await page.close();
});

test("the front-end example shows errors, and recovers", async () => {
  const { page } = await open({ viewport: { width: 420, height: 900 } });
  const problem = { type: "about:blank", title: "Service Unavailable", status: 503, detail: "Try later.", errors: [] };
  await page.route(`${API_URL}/**`, (route) =>
    route.request().url().includes("/faq")
      ? route.abort()
      : route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          headers: { "Access-Control-Allow-Origin": "*" },
          body: JSON.stringify(problem),
        }),
  );
  await page.goto(`${FRONTEND_URL}/?api=${API_URL}`);
  await page.locator("[data-part=comparison] [role=alert]", { hasText: "Try later." }).waitFor();
  await page.locator("[data-part=faq] [role=alert]", { hasText: "cannot be reached" }).waitFor();
  await shoot(page, "frontend-error");
  await page.unroute(`${API_URL}/**`);
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.locator("#status", { hasText: "Up to date." }).waitFor();
  assert.equal(await page.locator("[role=alert]").count(), 0);
  await shoot(page, "frontend-narrow");
  await page.close();
});
