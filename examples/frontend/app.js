// Renders the FAQ and the nutrient comparison of a Nutrient Knowledge API on another origin. No library, no build step.

const given = new URLSearchParams(location.search).get("api");
const API = new URL(given ?? document.querySelector("meta[name=api]").content).origin;

/** A problem that the API (or the network) reported, in words for a reader. */
class Problem extends Error {}

/**
 * Fetch JSON and keep it with its ETag. The next time the ETag is sent along: a 304 means that what we hold is right.
 * Returns `{data, from}`; `from` is "network" or "revalidated".
 */
async function get(path) {
  const kept = JSON.parse(localStorage.getItem(API + path) ?? "null");
  const headers = { Accept: "application/json" };
  if (kept) headers["If-None-Match"] = kept.etag;
  let response;
  try {
    // the browser's own cache would hide the 304 from us
    response = await fetch(API + path, { headers, cache: "no-store" });
  } catch {
    throw new Problem(`${API} cannot be reached. Check the connection and try again.`);
  }
  if (response.status === 304) return { data: kept.data, from: "revalidated" };
  if (!response.ok) throw new Problem(await explain(response));
  const data = await response.json();
  const etag = response.headers.get("ETag");
  if (etag) localStorage.setItem(API + path, JSON.stringify({ etag, data }));
  return { data, from: "network" };
}

/** Every item of a list, page by page; lists say where the next page is. */
async function getAll(path) {
  const items = [];
  let disclaimer = "";
  let revalidated = true;
  for (let next = path; next; ) {
    const { data, from } = await get(next);
    items.push(...data.items);
    disclaimer = data.disclaimer;
    revalidated &&= from === "revalidated";
    next = data.next;
  }
  return { data: { items, disclaimer }, from: revalidated ? "revalidated" : "network" };
}

async function explain(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `The server answered ${response.status}.`;
}

/** An element with attributes and children; text is never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const record = ({ name, url }) => element("a", { href: API + url }, name);

function list(references) {
  return element("ul", { class: "inline" }, ...references.map((each) => element("li", {}, record(each))));
}

function statement({ text, grade }) {
  const badge = element("span", { class: `grade ${grade}` }, `evidence: ${grade}`);
  return element("li", {}, element("p", {}, text, " ", badge));
}

function showComparison({ columns, rows }) {
  const heads = columns.map(({ label }) => element("th", { scope: "col" }, label));
  const body = rows.map((row) =>
    element("tr", {}, ...columns.map(({ key, label }, place) => {
      const value = row[key];
      const shown = Array.isArray(value) ? list(value) : typeof value === "object" ? record(value) : value;
      return place === 0 ? element("th", { scope: "row" }, shown) : element("td", { "data-label": label }, shown);
    })),
  );
  const caption = element("caption", {}, `${rows.length} nutrients compared`);
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
  return [element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparison table" }, table)];
}

function showFaq({ items }) {
  return items.map((entry) => {
    const parts = [element("summary", {}, entry.question), element("p", { class: "answer" }, entry.answer)];
    if (entry.warnings.length) {
      parts.push(element("h3", {}, "Please note"), element("ul", { class: "facts warnings" }, ...entry.warnings.map(statement)));
    }
    parts.push(element("p", { class: "sources" }, "What this rests on: ", record(entry)));
    return element("details", { id: entry.slug }, ...parts);
  });
}

const PARTS = {
  comparison: { fetch: () => get("/comparison"), show: showComparison },
  faq: { fetch: () => getAll("/faq?limit=100"), show: showFaq },
};

async function load(name) {
  const section = document.querySelector(`[data-part=${name}]`);
  const content = section.querySelector(".content");
  section.setAttribute("aria-busy", "true");
  try {
    const { data, from } = await PARTS[name].fetch();
    // an unchanged part stays as it is, with what the reader has opened
    if (from === "network" || !section.dataset.from) content.replaceChildren(...PARTS[name].show(data));
    section.dataset.from = from;
    const disclaimer = document.querySelector("#disclaimer");
    disclaimer.textContent = data.disclaimer;
    disclaimer.hidden = false;
    return from;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", refresh);
    content.replaceChildren(element("div", { role: "alert", class: "problem" }, element("p", {}, error.message), retry));
    delete section.dataset.from;
    return "failed";
  } finally {
    section.setAttribute("aria-busy", "false");
  }
}

async function refresh() {
  const status = document.querySelector("#status");
  status.textContent = "Checking…";
  const outcomes = await Promise.all(Object.keys(PARTS).map(load));
  status.textContent = outcomes.includes("failed")
    ? "Not everything could be loaded."
    : outcomes.every((from) => from === "revalidated")
      ? "Up to date: nothing has changed since your last visit."
      : "Up to date.";
}

document.querySelector("#refresh").addEventListener("click", refresh);
await refresh();
