// @ts-check
// The description of the API is what the server serves, and a client made from it works.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { apiOf, good } from '../support/api.js'
import { scenario as anyScenario } from '../support/scenario.js'
import { signToken } from '../support/token.js'

const SECRET = 'an application secret of more than thirty-two bytes'
const PROTECTED = { playground: false, env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}` } }
/** @type {any} */
const scenario = anyScenario

scenario('the server serves the description that is committed', async (/** @type {any} */ scene) => {
  const server = await scene.server()
  const served = await fetch(`${server.httpUrl}/openapi.json`)
  assert.equal(served.status, 200)
  assert.match(served.headers.get('content-type') ?? '', /^application\/json/)
  const committed = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')
  assert.equal(await served.text(), committed)
})

scenario('a client made from the description reads and writes', async (/** @type {any} */ scene) => {
  const server = await scene.server(PROTECTED)
  const api = apiOf(server, signToken(SECRET, { documents: ['team/*'] }))
  const made = await good(api.POST('/v1/documents', { body: { name: 'team/plan', format: 'markdown', content: '# Plan' } }))
  const listed = await good(api.GET('/v1/documents', { params: { query: { name: 'team/plan' } } }))
  assert.deepEqual(listed.data.map(({ id }) => id), [made.id])
  const path = { document_id: made.id }
  const read = await api.GET('/v1/documents/{document_id}/content', { params: { path } })
  const etag = read.response.headers.get('etag') ?? ''
  const put = {
    params: { path, header: { 'If-Match': etag }, query: { format: /** @type {const} */ ('markdown') } },
    headers: { 'content-type': 'text/markdown' },
    body: '# Plan\n\nfirst step',
    bodySerializer: String,
  }
  await good(api.PUT('/v1/documents/{document_id}/content', put))
  const late = await api.PUT('/v1/documents/{document_id}/content', put)
  assert.equal(late.response.status, 412)
  assert.equal(late.error?.code, 'DOCUMENT_HAS_CHANGED')
  const stranger = await apiOf(server).GET('/v1/documents/{document_id}', { params: { path } })
  assert.equal(stranger.response.status, 401)
  assert.equal(stranger.error?.code, 'UNAUTHORIZED')
})
