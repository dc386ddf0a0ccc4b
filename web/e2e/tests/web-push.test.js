// Web Push to a push service that is not ours: what comes is read with a released library, as a browser would.
// Long form: WEFT_PUSH_KILLS=50 (make events-proof).

import assert from 'node:assert/strict'
import { importJWK, jwtVerify } from 'jose'
import { deviceAlone, deviceOf } from '../support/devices.js'
import { inboxOf } from '../support/inbox.js'
import { keepAsking, killAtRandom } from '../support/kills.js'
import { nodes } from '../support/nodes.js'
import { ask, joins, person, request } from '../support/people.js'
import { onPostgres } from '../support/postgres.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const DAY_SECONDS = 86_400
const KILLS = Number(process.env.WEFT_PUSH_KILLS ?? 3)
/** How long a claim of a server that died lasts, and a little. */
const CLAIM_MILLISECONDS = 60_000
/** Longer than what is pushed or tried again takes here. */
const LONG_MILLISECONDS = 2_500

/** Ada has a document that is shared with Bo, and speaks to him there. */
async function looms (scene, env = {}, count = 1) {
  const bo = {}
  const { servers, owner: ada } = await nodes(scene, count, {
    env: { WEFT_NOTIFICATIONS_RETRY_SECONDS: '1,1,1,1,1,1', WEFT_NOTIFICATIONS_POLL_MILLISECONDS: '50', ...env },
    before: async (server, ada) => {
      Object.assign(bo, await person(server, 'bo'))
      await joins(server, ada, ada.workspace, bo, 'guest')
    },
  })
  const server = servers[0]
  const as = (method, path, body, at = server) => ask(at, method, path, { token: ada.token, body })
  const shared = async (title, at) => {
    const { id } = await as('POST', `/v1/projects/${ada.project}/documents`, { title, kind: 'text' }, at)
    await as('PUT', `/v1/documents/${id}/shares/${bo.id}`, { role: 'editor' }, at)
    return id
  }
  const document = await shared('Plan')
  const say = (body, where = document, at = server) => as('POST', `/v1/documents/${where}/comments`, { body, mentions: [bo.id] }, at)
  const devices = async (who = bo) => (await ask(server, 'GET', '/v1/push-subscriptions', { token: who.token })).data
  return { server, servers, ada, bo, as, shared, document, say, devices }
}

const comes = (device, words) => until(`“${words}” is pushed`, () => device.with(words)[0], { every: 50 })

scenario('what is pushed is for one device to read, and says who sends it', async (scene) => {
  const { server, ada, bo, document, say, devices } = await looms(scene)
  const device = await deviceOf(scene, server, bo)
  assert.deepEqual([new URL(device.url).host.startsWith(device.row.host), device.row.used_at], [true, null])
  await say('Köper <b> 🧵?')
  const { headers, said } = await comes(device, 'Köper')
  const row = (await inboxOf(server, bo)).find(({ type }) => type === 'mentioned')
  assert.deepEqual(said, { id: row.id, type: 'mentioned', title: row.title, body: row.body, count: 1, url: said.url })
  assert.ok(said.url.startsWith(`/documents/${document}`), said.url)

  const { ttl, urgency, topic, 'content-encoding': encoding, authorization } = headers
  const ownTopic = Buffer.from(row.id.replaceAll('-', ''), 'hex').toString('base64url')
  assert.deepEqual([ttl, urgency, topic, encoding], [String(DAY_SECONDS), 'normal', ownTopic, 'aes128gcm'])
  const [, token, key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization)
  assert.equal(key, (await ask(server, 'GET', '/v1/push-key')).public_key)
  const point = Buffer.from(key, 'base64url')
  assert.deepEqual([point.length, point[0]], [65, 4])
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
  const { payload, protectedHeader } = await jwtVerify(token, await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256'), {
    algorithms: ['ES256'], audience: new URL(device.url).origin, requiredClaims: ['exp', 'sub'],
  })
  assert.equal(protectedHeader.alg, 'ES256')
  assert.ok(payload.exp <= Date.now() / 1_000 + DAY_SECONDS, `it is good until ${payload.exp}`)
  assert.match(payload.sub, /^(mailto:|https?:)/)
  await until('it is known when it was used', async () => (await devices())[0].used_at !== null)

  // One address is one device, of whoever says it last, and nobody else's to see or remove.
  const { id } = await ask(server, 'POST', '/v1/push-subscriptions', { token: bo.token, body: device.address })
  assert.equal(id, device.row.id)
  const remove = (who, id) => request(server, 'DELETE', `/v1/push-subscriptions/${id}`, { token: who.token })
  assert.deepEqual([(await devices(ada)).length, (await remove(ada, id)).status], [0, 404])
  const moved = await ask(server, 'POST', '/v1/push-subscriptions', { token: ada.token, body: device.address })
  assert.deepEqual([(await devices()).length, (await devices(ada)).map(({ id }) => id)], [0, [moved.id]])
  assert.equal((await remove(ada, moved.id)).status, 204)
  assert.deepEqual(await devices(ada), [])
})

scenario('each device is told by itself, again if its push service asks for that, and never once it is gone', async (scene) => {
  const { server, bo, say, devices } = await looms(scene)
  const [first, second] = [await deviceOf(scene, server, bo), await deviceOf(scene, server, bo)]
  second.status = 503
  second.says = { 'retry-after': '2' }
  await say('To both')
  await comes(first, 'To both')
  await until('it comes again', () => second.with('To both').length >= 2)
  second.status = 201
  await until('it is taken', async () => (await devices()).every(({ used_at: at }) => at !== null))
  const tries = second.with('To both')
  assert.deepEqual([new Set(tries.map(({ headers }) => headers.topic)).size, first.with('To both').length], [1, 1])
  assert.ok(tries[1].at - tries[0].at >= 1_900, 'not before it was asked for')

  first.status = 410
  await say('To one')
  await comes(second, 'To one')
  await until('the other is gone', async () => (await devices()).map(({ id }) => id).join() === second.row.id)
  const before = first.deliveries.length
  await say('To the other alone')
  await comes(second, 'To the other alone')
  await pause(LONG_MILLISECONDS)
  assert.equal(first.deliveries.length, before)
})

scenario('nothing is pushed that is not wanted, or of what may not be seen any more', async (scene) => {
  const { server, bo, as, shared, document, say } = await looms(scene)
  const device = await deviceOf(scene, server, bo)
  const wants = (push) => ask(server, 'PATCH', '/v1/notification-preferences', { token: bo.token, body: { types: [{ type: 'mentioned', push }] } })
  await wants(false)
  await say('Not wanted')
  await until('the inbox has it', async () => (await inboxOf(server, bo)).some(({ body }) => body === 'Not wanted'))
  await pause(LONG_MILLISECONDS)
  await wants(true)
  const other = await shared('Other plan')
  device.status = 503
  await say('Not for him any more')
  await comes(device, 'Not for him any more')
  await as('DELETE', `/v1/documents/${document}/shares/${bo.id}`)
  // One that is under way may still come.
  await pause(LONG_MILLISECONDS)
  const tries = device.with('Not for him any more').length
  device.status = 201
  await say('Still his', other)
  await comes(device, 'Still his')
  await pause(LONG_MILLISECONDS)
  assert.deepEqual([device.with('Not wanted').length, device.with('Not for him any more').length], [0, tries])
})

scenario('what is no address of a push service is refused, and of many devices the last ten are told', async (scene) => {
  const { server, bo, devices } = await looms(scene)
  const { address } = await deviceAlone(scene)
  const add = (body) => request(server, 'POST', '/v1/push-subscriptions', { token: bo.token, body })
  const at = (number) => ({ ...address, endpoint: `https://push.example.org/${number}` })
  const withKeys = (keys) => ({ ...at(0), keys: { ...address.keys, ...keys } })
  const point = Buffer.from(address.keys.p256dh, 'base64url')
  const off = Buffer.from(point)
  off[64] ^= 1
  for (const [what, body] of Object.entries({
    'a point that is not on the curve': withKeys({ p256dh: off.toString('base64url') }),
    'a point that is too short': withKeys({ p256dh: point.subarray(0, 64).toString('base64url') }),
    'nothing but zeros': withKeys({ p256dh: Buffer.alloc(65).toString('base64url') }),
    'no base64': withKeys({ p256dh: '!' }),
    'a secret that is too short': withKeys({ auth: Buffer.alloc(15).toString('base64url') }),
    'another scheme': { ...address, endpoint: 'file:///etc/passwd' },
    'no address': { ...address, endpoint: 'push' },
  })) assert.equal((await add(body)).status, 422, what)
  assert.equal((await request(server, 'GET', '/v1/push-subscriptions')).status, 401)

  const ids = []
  for (let number = 1; number <= 11; number++) ids.push((await add(at(number))).body.id)
  assert.deepEqual((await devices()).map(({ id }) => id).sort(), ids.slice(1).sort())
})

scenario('addresses that are not public are not reached where they are not allowed', async (scene) => {
  const { server, bo, say } = await looms(scene, { WEFT_OUTGOING_ALLOWED_NETWORKS: '' })
  const device = await deviceAlone(scene)
  let reached = 0
  device.server.on('connection', () => { reached += 1 })
  const { port } = new URL(device.url)
  const add = (endpoint) => request(server, 'POST', '/v1/push-subscriptions', { token: bo.token, body: { ...device.address, endpoint } })
  assert.equal((await add(device.url)).status, 422)
  assert.equal((await add('http://push.example.org/1')).status, 422)
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
    const { status } = await add(`https://${host}:${port}/hook`)
    assert.ok([201, 422].includes(status), `${host}: ${status}`)
  }
  await say('Anybody there?')
  await until('the inbox has it', async () => (await inboxOf(server, bo)).some(({ type }) => type === 'mentioned'))
  await pause(LONG_MILLISECONDS)
  assert.equal(reached, 0)
})

scenario('a server that has it turned off has no key, and does not offer it', async (scene) => {
  const { server, bo } = await looms(scene, { WEFT_NOTIFICATIONS_WEB_PUSH: 'false' })
  assert.equal((await request(server, 'GET', '/v1/push-key')).status, 404)
  const { channels } = await ask(server, 'GET', '/v1/notification-preferences', { token: bo.token })
  assert.ok(!channels.includes('push'))
})

scenario('servers that are killed while they push lose nothing, and push twice only under one topic', { timeout: 180_000 + KILLS * 6_000 }, async (scene) => {
  const random = scene.random()
  const { servers, bo, shared, say } = await looms(scene, {}, onPostgres ? 2 : 1)
  const device = await deviceOf(scene, servers[0], bo)
  const answered = []
  const people = keepAsking(random, { servers, count: 2, longestPause: 60 }, async (own, server) => {
    const word = `Word ${own.integer(0, 1e9)}.`
    // What is said in one thread is one message, so each has its own.
    await say(word, await shared(`About ${word}`, server), server)
    answered.push(word)
  })
  await killAtRandom(random, servers, KILLS, { answered: () => people.answered, most: 10, seen: () => device.deliveries.length, within: CLAIM_MILLISECONDS })
  await people.stop()
  const pushed = () => new Map(answered.map((word) => [word, []]))
  const read = () => device.messages.reduce((of, message) => {
    of.get(/Word \d+\./.exec(message.said.body)?.[0])?.push(message)
    return of
  }, pushed())
  await until('every word was pushed', () => [...read().values()].every((messages) => messages.length > 0), { within: CLAIM_MILLISECONDS, every: 500 })
  for (const [word, messages] of read()) {
    assert.equal(new Set(messages.map(({ headers }) => headers.topic)).size, 1, `${word} has one topic`)
    assert.equal(new Set(messages.map(({ said }) => said.id)).size, 1, `${word} is one row`)
  }
  const twice = [...read().values()].filter((messages) => messages.length > 1).length
  console.log(`# ${KILLS} kills of ${servers.length} servers: ${answered.length} words pushed, ${twice} of them twice`)
})
