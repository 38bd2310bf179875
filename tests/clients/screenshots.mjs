// The README's pictures of a page. Needs API_URL; writes into SCREENSHOTS.
import { chromium } from "playwright-core";

const { API_URL, SCREENSHOTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1120, height: 840 } });
  await page.goto(`${API_URL}/nutrients/magnesium`);
  if (colorScheme === "dark") await page.evaluate(() => document.getElementById("intakes").scrollIntoView());
  await page.screenshot({ path: `${SCREENSHOTS}/page-${colorScheme}.png` });
}
await browser.close();
