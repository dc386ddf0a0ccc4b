/**
 * The REST API with types: paths, parameters, bodies and answers are those of docs/openapi.json.
 *
 * `schema.ts` is made from it by `make docs`; `make test` fails while it is out of date.
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema';

export type Api = Client<paths>;
export type Schemas = components['schemas'];

export interface ApiOptions {
  /** Where the server is; this page's server if it is left out. */
  readonly baseUrl?: string;
  /** Gives the token for each request, or nothing. */
  readonly token?: () => string | undefined | Promise<string | undefined>;
  /** Sends requests; for tests. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** A client of the server at `baseUrl`. It never throws for answers: what went wrong is in `error`, as a `Problem`. */
export function createApi({ baseUrl = '', token, fetch }: ApiOptions = {}): Api {
  const api = createClient<paths>(fetch ? { baseUrl, fetch } : { baseUrl });
  api.use({
    async onRequest({ request }) {
      const value = await token?.();
      if (value) request.headers.set('authorization', `Bearer ${value}`);
      return request;
    },
  });
  return api;
}
