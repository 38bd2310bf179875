// Typed functions of the API. Their types come from its description: `npm run generate` writes schema.d.ts.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const given = new URLSearchParams(location.search).get("api") ?? import.meta.env["VITE_API"];
/** Where the API is: `?api=`, else VITE_API at build time, else a server on this machine. */
export const API: string = (typeof given === "string" ? given : "http://127.0.0.1:8000").replace(/\/$/, "");

/** What the API or the network reported, in words for a reader. */
export class Problem extends Error {}

/** Data, and whether it is what the last visit has kept. */
export interface Found<T> {
  data: T;
  unchanged: boolean;
}

const unchanged = new WeakSet<Response>();

/** Fetch with an ETag: a 304 means that what we have kept is right. */
async function revalidate(request: Request): Promise<Response> {
  const { url } = request;
  const etag = localStorage.getItem(`etag ${url}`);
  const kept = localStorage.getItem(`body ${url}`);
  if (etag && kept) request.headers.set("If-None-Match", etag);
  // the browser's own cache would hide the 304 from us
  const response = await fetch(request, { cache: "no-store" }).catch(() => {
    throw new Problem(`${API} cannot be reached. Check the connection and try again.`);
  });
  if (response.status === 304) {
    const again = new Response(kept, { headers: { "Content-Type": "application/json" } });
    unchanged.add(again);
    return again;
  }
  const fresh = response.headers.get("ETag");
  if (response.ok && fresh) {
    localStorage.setItem(`etag ${url}`, fresh);
    localStorage.setItem(`body ${url}`, await response.clone().text());
  }
  return response;
}

const client = createClient<paths>({ baseUrl: API, fetch: revalidate });

function found<T>(result: { data?: T; error?: { detail?: string }; response: Response }): Found<T> {
  const { data, error, response } = result;
  if (data === undefined) throw new Problem(error?.detail ?? `The server answered ${response.status}.`);
  return { data, unchanged: unchanged.has(response) };
}

/** The comparison table. */
export async function getComparison(): Promise<Found<Schemas["Comparison"]>> {
  return found(await client.GET("/comparison"));
}

/** Every question with its answer, page by page; `next` says whether there is another page. */
export async function getQuestions(): Promise<Found<{ items: Schemas["FaqEntryCard"][]; disclaimer: string }>> {
  const items: Schemas["FaqEntryCard"][] = [];
  for (let unchanged = true; ; ) {
    const page = found(await client.GET("/faq", { params: { query: { limit: 100, offset: items.length } } }));
    items.push(...page.data.items);
    unchanged &&= page.unchanged;
    if (page.data.next === null) return { data: { items, disclaimer: page.data.disclaimer }, unchanged };
  }
}
