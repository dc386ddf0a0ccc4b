// @ts-check
// The REST API with types: a call that docs/openapi.json does not know is an error of `npm run check`.

import createClient from 'openapi-fetch'

/** @typedef {import('openapi-fetch').Client<import('../../src/api/schema').paths>} Api */

/**
 * @param {{ httpUrl: string }} server
 * @param {string} [token] sent with each request
 * @returns {Api}
 */
export function apiOf (server, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  return createClient({ baseUrl: server.httpUrl, headers })
}

/**
 * The body of an answer that must be good.
 * @template {{ data?: unknown, error?: unknown, response: Response }} Answer
 * @param {Promise<Answer>} call
 * @returns {Promise<NonNullable<Answer['data']>>}
 */
export async function good (call) {
  const { data, error, response } = await call
  if (data === undefined || data === null) throw new Error(`${response.status} from ${response.url}: ${JSON.stringify(error)}`)
  return data
}
