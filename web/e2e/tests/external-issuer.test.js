// Behind somebody else's logins: tokens of an issuer that is not Weft, signed by jose, count here as they are.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { person } from '../support/accounts.js'
import { scenario } from '../support/scenario.js'
import { freePort } from '../support/server.js'
import { until } from '../support/until.js'

/** An issuer: its address, and what signs its tokens. */
async function makeIssuer (scene, algorithm = 'ES256') {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const key = { ...await exportJWK(publicKey), kid: 'k1', alg: algorithm, use: 'sig' }
  const http = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/jwks' ? { keys: [key] } : { issuer: address, jwks_uri: `${address}/jwks` }))
  })
  await new Promise((resolve) => http.listen(port, '127.0.0.1', resolve))
  scene.defer(() => new Promise((resolve) => { http.closeAllConnections(); http.close(resolve) }))
  const sign = async (claims, { kid = 'k1', with: signer = privateKey } = {}) => await new SignJWT({ iss: address, aud: 'weft', ...claims })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid }).setIssuedAt().setExpirationTime('10 min').sign(signer)
  return { address, sign }
}

const env = (issuer, more = {}) => ({
  playground: false,
  env: { WEFT_EXTERNAL_ISSUER: issuer.address, WEFT_EXTERNAL_AUDIENCE: 'weft', WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8', ...more },
})

const me = async (server, token) => {
  const answer = await fetch(`${server.httpUrl}/v1/users/me`, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, body: await answer.json() }
}

scenario('tokens of another issuer stand for accounts, by issuer and subject', { timeout: 60_000 }, async (scene) => {
  const issuer = await makeIssuer(scene)
  const server = await scene.server(env(issuer))
  const ada = await person(server, 'ada')
  const carol = await me(server, await issuer.sign({ sub: 'c-1', name: 'Carol Danvers', email: 'carol@example.com', email_verified: true }))
  assert.deepEqual([carol.status, carol.body.first_name, carol.body.email], [200, 'Carol', 'carol@example.com'])
  const again = await me(server, await issuer.sign({ sub: 'c-1' }))
  assert.equal(again.body.id, carol.body.id)
  const mallory = await me(server, await issuer.sign({ sub: 'm-1', email: ada.email, email_verified: true }))
  assert.equal(mallory.status, 200)
  assert.notEqual(mallory.body.id, ada.id, 'an address leads to nobody')
  const stranger = await generateKeyPair('ES256')
  const bad = {
    'another audience': await issuer.sign({ sub: 'c-1', aud: 'elsewhere' }),
    'another issuer': await issuer.sign({ sub: 'c-1', iss: 'http://127.0.0.1:9' }),
    'another key under the same name': await issuer.sign({ sub: 'c-1' }, { with: stranger.privateKey }),
    'an unknown key': await issuer.sign({ sub: 'c-1' }, { kid: 'k2' }),
    'no subject': await issuer.sign({}),
  }
  for (const [what, token] of Object.entries(bad)) assert.equal((await me(server, token)).status, 401, what)
})

scenario('an issuer that lists documents opens these and no others', { timeout: 60_000 }, async (scene) => {
  const issuer = await makeIssuer(scene, 'RS256')
  const server = await scene.server(env(issuer, { WEFT_EXTERNAL_DOCUMENTS_CLAIM: 'documents', WEFT_EXTERNAL_ACCESS_CLAIM: 'access' }))
  const token = await issuer.sign({ sub: 'c-1', documents: ['notes/*'], access: 'read-write' })
  const writer = await scene.client('y-websocket-3', server, 'notes/one', { token }).synced()
  writer.doc.getText('text').insert(0, 'hello')
  const reading = await issuer.sign({ sub: 'c-2', documents: ['notes/one'], access: 'read-only' })
  const reader = await scene.client('hocuspocus-4', server, 'notes/one', { token: reading }).synced()
  await until('the reader sees it', () => reader.doc.getText('text').toString() === 'hello')
  const refused = scene.client('y-websocket-3', server, 'other', { token })
  await until('another document stays closed', () => refused.closes.length > 0)
  assert.equal(refused.closes[0].code, 4403)
})
