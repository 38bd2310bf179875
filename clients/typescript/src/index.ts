import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema.js";

/** The API's schemas by name, as `Schemas["NutrientCard"]`. */
export type Schemas = components["schemas"];

/** A client of the API at `baseUrl`; the answer to each request is `{ data, error, response }`. */
export function createClient(options: ClientOptions & { baseUrl: string }): Client<paths> {
  return createFetchClient<paths>(options);
}
