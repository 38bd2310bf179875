// Renders the nutrient comparison and the FAQ of an API on another origin.
import "./style.css";
import { API, Problem, getComparison, getQuestions, type Found, type Schemas } from "./api";

type Reference = Schemas["Ref"];

/** An element with attributes and children; text never becomes HTML. */
function element(name: string, attributes: Record<string, string> = {}, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function one(selector: string, within: ParentNode = document): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`index.html has no ${selector}`);
  return found;
}

const link = ({ name, url }: Reference) => element("a", { href: API + url }, name);

const list = (references: Reference[]) =>
  element("ul", { class: "inline" }, ...references.map((each) => element("li", {}, link(each))));

const graded = ({ text, grade }: Schemas["GradedText"]) =>
  element("li", {}, text, " ", element("span", { class: `grade ${grade}` }, `evidence: ${grade}`));

function cell(value: string | Reference | Reference[]): Node | string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? list(value) : link(value);
}

function showComparison({ columns, rows }: Schemas["Comparison"]): Node[] {
  const heads = columns.map(({ label }) => element("th", { scope: "col" }, label));
  const body = rows.map((row) =>
    element("tr", {}, ...columns.map(({ key, label }) =>
      key === "nutrient"
        ? element("th", { scope: "row" }, cell(row[key]))
        : element("td", { "data-label": label }, cell(row[key])),
    )),
  );
  const caption = element("caption", {}, `${rows.length} nutrients compared`);
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
  return [element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparison table" }, table)];
}

function showQuestions({ items }: { items: Schemas["FaqEntryCard"][] }): Node[] {
  return items.map((entry) => {
    const parts = [element("summary", {}, entry.question), element("p", { class: "answer" }, entry.answer)];
    if (entry.warnings.length) {
      parts.push(element("h3", {}, "Please note"), element("ul", { class: "warnings" }, ...entry.warnings.map(graded)));
    }
    parts.push(element("p", { class: "sources" }, "What this rests on: ", link(entry)));
    return element("details", { id: entry.slug }, ...parts);
  });
}

/** Fetch a part of the page and show it; false where that failed, which the part then says. */
async function load<T extends { disclaimer: string }>(
  part: string,
  get: () => Promise<Found<T>>,
  show: (data: T) => Node[],
): Promise<boolean | "unchanged"> {
  const section = one(`[data-part=${part}]`);
  const content = one(".content", section);
  section.setAttribute("aria-busy", "true");
  try {
    const { data, unchanged } = await get();
    // an unchanged part is left alone, with what the reader has opened
    if (!unchanged || !section.dataset["shown"]) content.replaceChildren(...show(data));
    section.dataset["shown"] = "true";
    one("#disclaimer").textContent = data.disclaimer;
    one("#disclaimer").hidden = false;
    return unchanged ? "unchanged" : true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const retry = element("button", { type: "button" }, "Try again");
    retry.addEventListener("click", refresh);
    content.replaceChildren(element("div", { role: "alert", class: "problem" }, element("p", {}, error.message), retry));
    delete section.dataset["shown"];
    return false;
  } finally {
    section.setAttribute("aria-busy", "false");
  }
}

async function refresh(): Promise<void> {
  const status = one("#status");
  status.textContent = "Checking…";
  const outcomes = await Promise.all([
    load("comparison", getComparison, showComparison),
    load("faq", getQuestions, showQuestions),
  ]);
  if (outcomes.includes(false)) status.textContent = "Not everything could be loaded.";
  else if (outcomes.includes(true)) status.textContent = "Up to date.";
  else status.textContent = "Up to date: nothing has changed since your last visit.";
}

one("#refresh").addEventListener("click", refresh);
void refresh();
