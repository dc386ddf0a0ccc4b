// Events on the channel of an open document: what the feed tells, told to a Hocuspocus provider, and to nobody whom the feed
// would not tell it. What else providers say to each other stays theirs.
// Long form: WEFT_FEED_CUTS=200 (make events-proof).

import assert from 'node:assert/strict'
import { HOCUSPOCUS_KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { lastSequence, listEvents } from '../support/feed.js'
import { nodes } from '../support/nodes.js'
import { ask, joins, person, roomyLimits, withProject } from '../support/people.js'
import { onPostgres } from '../support/postgres.js'
import { Proxy } from '../support/proxy.js'
import { scenario } from '../support/scenario.js'
import { signToken } from '../support/token.js'
import { pause, until } from '../support/until.js'
import { authentication, AUTH, named, stateless, STATELESS } from '../support/wire.js'

const CUTS = Number(process.env.WEFT_FEED_CUTS ?? 20)
const PREFIX = 'weft:'
const WITH_ACCOUNTS = { playground: false, env: { ...roomyLimits, WEFT_AUTH_ACCESS_TOKEN_SECONDS: '3600' } }

const say = (client, message) => client.sendStateless(PREFIX + JSON.stringify(message))
const subscribe = (client, options = {}) => say(client, { type: 'events.subscribe', ...options })
/** What the server has told a client so far. */
const heard = ({ statelessMessages }) => statelessMessages.filter((payload) => payload.startsWith(PREFIX))
  .map((payload) => JSON.parse(payload.slice(PREFIX.length)))
const events = (client) => heard(client).filter(({ type }) => type === 'event').map(({ event }) => event)
const hears = (client, what) => until(`${what} is heard`, () => heard(client).find(({ type }) => type === what), { detail: () => client.statelessMessages })
const errors = (client) => heard(client).filter(({ type }) => type === 'events.error').map(({ code }) => code)

const makeDocument = async (server, owner, title = 'Plan') => {
  const { id } = await ask(server, 'POST', `/v1/projects/${owner.project}/documents`, { token: owner.token, body: { title } })
  return id
}
const rename = (server, owner, document, title) =>
  ask(server, 'PATCH', `/v1/documents/${document}`, { token: owner.token, body: { title }, headers: { 'if-match': '*' } })

for (const kind of HOCUSPOCUS_KINDS) {
  scenario(`${kind}: events are told as the feed tells them, to whoever asks, until they have enough`, async (scene) => {
    const server = await scene.server(WITH_ACCOUNTS)
    const ada = await withProject(server)
    const document = await makeDocument(server, ada)
    const [client, other] = await Promise.all([0, 1].map(() => scene.client(kind, server, document, { token: ada.token }).synced()))
    subscribe(client, { after: 0 })
    const before = await listEvents(server, ada, 0)
    await until('everything is told', () => events(client).length >= before.length)
    await rename(server, ada, document, 'Renamed')
    await until('what happens now is told', () => events(client).some(({ type }) => type === 'document.renamed'))
    assert.deepEqual(heard(client)[0], { type: 'events.subscribed', last_sequence: 0 })
    assert.deepEqual(events(client), await listEvents(server, ada, 0), 'the same, in the same order')

    subscribe(client, { after: 0 })
    await until('one is enough', () => errors(client).length === 1)
    assert.deepEqual(errors(client), ['ALREADY_SUBSCRIBED'])
    // What the application says is its own, however it looks.
    const theirs = ['hi', '{"type":"events.subscribe"}', ' weft:{"type":"event"}']
    theirs.forEach((payload) => other.sendStateless(payload))
    await until('the application is heard', () => theirs.every((payload) => client.statelessMessages.includes(payload)))

    say(client, { type: 'events.unsubscribe' })
    await hears(client, 'events.unsubscribed')
    const last = events(client).at(-1).sequence
    const count = client.statelessMessages.length
    await rename(server, ada, document, 'Unheard')
    say(client, { type: 'events.unsubscribe' })
    await until('there is nothing to end', () => errors(client).length === 2)
    assert.deepEqual(errors(client).at(-1), 'NOT_SUBSCRIBED')
    await pause(1_200)
    assert.equal(client.statelessMessages.length, count + 1, 'nothing else was told')

    subscribe(client, { after: last, types: ['document.renamed'], document_id: document })
    await until('it goes on where it was', () => events(client).at(-1).sequence > last)
    assert.deepEqual(events(client).at(-1).data.after.title, 'Unheard')
    client.doc.getText('text').insert(0, 'still here')
    await converged([client, other])
    assert.deepEqual(other.statelessMessages, [], 'nobody else hears what is between one client and the server')
    assert.equal(client.connections, 1)
  })
}

scenario('a provider that is cut at random hears every event once, in order', { timeout: 60_000 + CUTS * 2_000 }, async (scene) => {
  const random = scene.random()
  const { servers, owner } = await nodes(scene, onPostgres ? 2 : 1)
  const document = await makeDocument(servers[0], owner)
  const proxies = await Promise.all(servers.map(({ port }) => new Proxy({ port, host: '127.0.0.1' }).start()))
  proxies.forEach((proxy) => scene.defer(() => proxy.stop()))
  const start = await lastSequence(servers[0], owner)
  let [last, turn, begun] = [start, 0, 0]
  const route = () => `ws://127.0.0.1:${proxies[turn++ % proxies.length].port}/v1/collab`
  const client = scene.client('hocuspocus-4', servers[0], document, { token: owner.token, route })
  const sequences = []
  client.provider.on('authenticated', () => {
    begun++
    subscribe(client, { after: last })
  })
  client.provider.on('stateless', ({ payload }) => {
    const { type, event } = JSON.parse(payload.slice(PREFIX.length))
    if (type !== 'event') return
    sequences.push(event.sequence)
    last = event.sequence
  })
  await client.synced()
  let stopped = false
  const writing = (async () => {
    let written = 0
    while (!stopped) {
      try {
        await rename(random.pick(servers), owner, document, random.word(random.integer(1, 200)))
        written++
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
      await pause(random.integer(0, 15))
    }
    return written
  })()
  const deadly = random.integer(0, CUTS - 1)
  for (let cut = 0; cut < CUTS; cut++) {
    if (cut === deadly) {
      const server = random.pick(servers)
      await server.kill9()
      await server.start()
    }
    const before = begun
    if (random.chance(0.5)) proxies.forEach((proxy) => proxy.cutAfter(random.integer(1, 8_000)))
    await pause(random.integer(1, 300))
    proxies.forEach((proxy) => { proxy.cut(); proxy.mend() })
    await until('the provider comes back', () => begun > before, { within: 20_000 })
  }
  stopped = true
  const written = await writing
  const expected = (await listEvents(servers[0], owner, start)).map(({ sequence }) => sequence)
  await until('the provider has heard everything', () => last >= expected.at(-1), { within: 30_000 })
  assert.deepEqual(sequences, expected)
  assert.deepEqual(expected, expected.map((_, index) => start + 1 + index), 'an owner hears all of them: no place is left out')
  assert.ok(expected.length >= written)
  console.log(`# ${CUTS} cuts, ${begun} subscriptions, a kill: ${expected.length} events, each heard once and in order`)
})

scenario('a provider that stops reading hears everything once it reads again, and holds up nobody', async (scene) => {
  const server = await scene.server(WITH_ACCOUNTS)
  const ada = await withProject(server)
  const [document, elsewhere] = [await makeDocument(server, ada), await makeDocument(server, ada)]
  const start = await lastSequence(server, ada)
  const [slow, quick] = await Promise.all([document, elsewhere].map((name) => scene.client('hocuspocus-4', server, name, { token: ada.token }).synced()))
  for (const client of [slow, quick]) subscribe(client, { after: start })
  await hears(slow, 'events.subscribed')
  slow.stopReading()
  for (let number = 0; number < 300; number++) {
    await ask(server, 'PATCH', `/v1/projects/${ada.project}`, { token: ada.token, body: { description: `${number} `.padEnd(2_000, 'x') } })
  }
  const expected = await listEvents(server, ada, start)
  await until('the other one hears all of it meanwhile', () => events(quick).length >= expected.length)
  assert.ok(events(slow).length < expected.length)
  slow.resumeReading()
  await until('it hears the rest', () => events(slow).length >= expected.length, { within: 30_000 })
  for (const client of [slow, quick]) assert.deepEqual(events(client), expected)
})

scenario('nobody hears more than the feed would tell them, and what they hear ends with their right', async (scene) => {
  const server = await scene.server(WITH_ACCOUNTS)
  const ada = await withProject(server)
  const [gus, bo] = [await person(server, 'gus'), await person(server, 'bo')]
  await joins(server, ada, ada.workspace, gus, 'guest')
  await joins(server, ada, ada.workspace, bo, 'member')
  const as = (method, path, body, headers = {}) => ask(server, method, path, { token: ada.token, body, headers })
  const [shown, hidden] = [await makeDocument(server, ada, 'Shown'), await makeDocument(server, ada, 'Hidden')]
  for (const { id } of [gus, bo]) await as('PUT', `/v1/documents/${shown}/shares/${id}`, { role: 'viewer' })
  const { key } = await ask(server, 'POST', '/v1/api-keys', { token: ada.token, body: { workspace_id: ada.workspace, name: 'Loom', scopes: ['documents:read', 'workspaces:read'] } })

  const readers = { guest: gus.token, member: bo.token, key }
  const clients = {}
  for (const [name, token] of Object.entries(readers)) {
    clients[name] = await scene.client('hocuspocus-4', server, shown, { token }).synced()
    subscribe(clients[name], { after: 0 })
  }
  await rename(server, ada, hidden, 'Still hidden')
  await rename(server, ada, shown, 'Shown to all')
  for (const [name, token] of Object.entries(readers)) {
    const client = clients[name]
    await until(`the ${name} hears of it`, () => events(client).some(({ type, document_id: id }) => type === 'document.renamed' && id === shown))
    assert.deepEqual(events(client), await listEvents(server, { ...ada, token }, 0), `what the feed tells the ${name}`)
  }
  assert.ok(events(clients.key).some(({ document_id: id }) => id === hidden), 'whoever may see it hears of it')
  for (const name of ['guest', 'member']) assert.ok(!JSON.stringify(heard(clients[name])).includes(hidden), `the ${name} does not`)

  await as('DELETE', `/v1/workspaces/${ada.workspace}/members/${gus.id}`, undefined, { 'if-match': '*' })
  await ask(server, 'POST', '/v1/auth/logout', { token: bo.token, body: {} })
  await until('both have felt it', () => clients.guest.refusals.length > 0 && clients.member.refusals.length > 0)
  const counts = ['guest', 'member'].map((name) => clients[name].statelessMessages.length)
  await rename(server, ada, shown, 'Shown to fewer')
  await until('who may hears it', () => events(clients.key).at(-1).data.after?.title === 'Shown to fewer')
  await pause(1_200)
  assert.deepEqual(['guest', 'member'].map((name) => clients[name].statelessMessages.length), counts)
})

scenario('whoever only bears a token for a document hears nothing of its workspace', async (scene) => {
  const secret = 's'.repeat(32)
  const server = await scene.server({ ...WITH_ACCOUNTS, env: { ...WITH_ACCOUNTS.env, WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${secret}` } })
  const playground = await scene.server()
  const ada = await withProject(server)
  const document = await makeDocument(server, ada)
  const as = (path, body) => ask(server, 'POST', path, { token: ada.token, body })
  const minted = (await as(`/v1/documents/${document}/tokens`, { subject: 'a guest', role: 'editor' })).token
  const link = await as(`/v1/documents/${document}/links`, { role: 'editor' })
  const linked = link.token
  for (const [who, at, name, token] of [
    ['a minted token', server, document, minted],
    ['a link', server, document, linked],
    ['an application\'s token', server, 'a/name', signToken(secret)],
    ['the playground', playground, 'a/name', undefined],
  ]) {
    const client = await scene.client('hocuspocus-4', at, name, { token }).synced()
    subscribe(client, { after: 0 })
    await until(`${who} is refused`, () => errors(client).length > 0)
    assert.deepEqual(heard(client).map(({ type, code }) => [type, code]), [['events.error', 'ACCOUNT_REQUIRED']], who)
    client.doc.getText('text').insert(0, who)
    await client.acked()
  }
  // Where a provider comes to bear such a token, what it heard by a better one ends.
  let token = ada.token
  const client = await scene.client('hocuspocus-4', server, document, { token: () => token }).synced()
  subscribe(client)
  await hears(client, 'events.subscribed')
  token = minted
  await client.provider.sendToken()
  await hears(client, 'events.ended')
  const { code, last_sequence: last } = heard(client).at(-1)
  assert.deepEqual([code, last], ['ACCOUNT_REQUIRED', await lastSequence(server, ada)])
})

scenario('what the server does not understand is refused and reaches nobody', async (scene) => {
  const server = await scene.server(WITH_ACCOUNTS)
  const random = scene.random()
  const ada = await withProject(server)
  const document = await makeDocument(server, ada)
  const victim = await scene.client('hocuspocus-4', server, document, { token: ada.token }).synced()
  const raw = await scene.raw(server.collabUrl)
  raw.send(named(document, authentication(ada.token, '4.8.0')))
  await raw.message('that it is in', ({ type, kind }) => type === AUTH && kind === 2)
  const good = '{"type":"events.subscribe","after":0}'
  const hostile = [
    '', '{}', '[]', 'null', '{"type":"event","event":{"sequence":1}}', '{"type":"events.subscribe","after":"0"}', '{"type":"events.subscribe","after":1e999}',
    '{"type":"events.subscribe","type":"events.unsubscribe"}', '{"type":"events.subscribe","workspace_id":"x"}', '{"type":"\\ud800"}', '{"__proto__":{}}',
    `{"type":"events.subscribe","types":${'['.repeat(3_000)}`, `{"type":"events.subscribe","types":["${'x'.repeat(100_000)}"]}`,
    ...Array.from({ length: 200 }, () => {
      const at = random.integer(0, good.length - 2)
      return `${good.slice(0, at)}\u0000${good.slice(at + random.integer(1, 3))}`
    }),
  ]
  for (const json of hostile) raw.send(named(document, stateless(PREFIX + json)))
  const answers = () => raw.messages.filter(({ type }) => type === STATELESS)
  await until('each is answered', () => answers().length === hostile.length, { detail: () => answers().length })
  const frames = new TextDecoder().decode(Buffer.concat(raw.frames))
  assert.equal(frames.split('"code":"INVALID_MESSAGE"').length - 1, hostile.length)
  // Those that can be read and mean nothing that can be told.
  for (const wrong of [{ after: -1 }, { types: ['task.exploded'] }]) {
    const before = answers().length
    raw.send(named(document, stateless(`${PREFIX}${JSON.stringify({ type: 'events.subscribe', ...wrong })}`)))
    await until('it is refused', () => answers().length > before)
  }
  raw.send(named(document, stateless('the application')))
  await until('the application is heard', () => victim.statelessMessages.length > 0)
  assert.deepEqual(victim.statelessMessages, ['the application'])
  raw.send(named(document, stateless(PREFIX + good)))
  const { length } = await listEvents(server, ada, 0)
  await until('after all that it is told events', () => answers().length >= hostile.length + 2 + 1 + length)
  assert.equal(raw.closed, null)
})
