// The stream of events for a reader whose connection breaks anywhere: it goes on where it was, and sees everything once.
// And for one that can set no header: a ticket opens it, once, and ends with what it rests on.
// Long form: WEFT_FEED_CUTS=200 (make events-proof).

import assert from 'node:assert/strict'
import WebSocket from 'ws'
import { eventTicket, lastSequence, listEvents, readStream } from '../support/feed.js'
import { nodes } from '../support/nodes.js'
import { onPostgres } from '../support/postgres.js'
import { ask, joins, person, request, roomyLimits, withProject } from '../support/people.js'
import { Proxy } from '../support/proxy.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const CUTS = Number(process.env.WEFT_FEED_CUTS ?? 20)
const WRITERS = 3

/** Follows the feed through `proxies`, as a program does that remembers the last place that it saw. */
class Follower {
  /** Every place that was told, in the order of telling. @type {number[]} */
  sequences = []
  connections = 0
  ended = new AbortController()

  constructor (proxies, owner, last) {
    this.proxies = proxies
    this.owner = owner
    this.last = last
    this.running = this.#run()
  }

  async #run () {
    while (!this.ended.signal.aborted) {
      const proxy = this.proxies[this.connections++ % this.proxies.length]
      const url = `http://127.0.0.1:${proxy.port}/v1/events/stream?workspace_id=${this.owner.workspace}`
      await readStream(url, { token: this.owner.token, last: this.last, signal: this.ended.signal }, ({ id, type, data }) => {
        assert.deepEqual([data.sequence, data.type], [id, type])
        this.sequences.push(id)
        this.last = id
      })
      await pause(5)
    }
  }

  async stop () {
    this.ended.abort()
    await this.running
  }
}

/** Changes the project and makes teams through servers that live, until told to stop; how many were answered. */
async function write (servers, owner, random, stopped) {
  let answered = 0
  while (!stopped()) {
    const as = (method, path, body) => ask(random.pick(servers), method, path, { token: owner.token, body })
    try {
      if (random.chance(0.8)) await as('PATCH', `/v1/projects/${owner.project}`, { description: random.word(random.integer(1, 2_000)) })
      else await as('POST', '/v1/teams', { workspace_id: owner.workspace, name: `Team ${random.word(12)}` })
      answered++
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
    await pause(random.integer(0, 20))
  }
  return answered
}

scenario('a reader of the feed that is cut at random sees every place once, in order', { timeout: 60_000 + CUTS * 2_000 }, async (scene) => {
  const random = scene.random()
  const { servers, owner } = await nodes(scene, onPostgres ? 2 : 1)
  const proxies = await Promise.all(servers.map(({ port }) => new Proxy({ port, host: '127.0.0.1' }).start()))
  proxies.forEach((proxy) => scene.defer(() => proxy.stop()))
  const start = await lastSequence(servers[0], owner)
  const follower = new Follower(proxies, owner, start)
  scene.defer(() => follower.ended.abort())
  let failure
  follower.running.catch((error) => { failure = error })
  let stopped = false
  const writing = Promise.all(Array.from({ length: WRITERS }, () => write(servers, owner, random.fork(), () => stopped)))
  const deadly = random.integer(0, CUTS - 1)
  for (let cut = 0; cut < CUTS; cut++) {
    if (failure) throw failure
    if (cut === deadly) {
      const server = random.pick(servers)
      await server.kill9()
      await server.start()
    }
    const before = follower.connections
    if (random.chance(0.5)) {
      // Anywhere: in the head of the answer, in the middle of an event, between two.
      proxies.forEach((proxy) => proxy.cutAfter(random.integer(1, 8_000)))
      await until('the reader comes back', () => follower.connections > before, { within: 10_000 })
    } else {
      await pause(random.integer(1, 300))
      proxies.forEach((proxy) => proxy.cut())
    }
    await pause(random.integer(0, 30))
    proxies.forEach((proxy) => proxy.mend())
  }
  await pause(100)
  stopped = true
  const answered = (await writing).reduce((sum, count) => sum + count)
  const expected = (await listEvents(servers[0], owner, start)).map(({ sequence }) => sequence)
  await until('the reader has heard everything', () => failure || follower.last >= expected.at(-1), { within: 30_000 })
  if (failure) throw failure
  await follower.stop()
  assert.deepEqual(follower.sequences, expected)
  assert.deepEqual(expected, expected.map((_, index) => start + 1 + index), 'an owner sees all of them: no place is left out')
  assert.ok(expected.length >= answered, 'what was answered was told')
  console.log(`# ${CUTS} cuts, ${follower.connections} connections, a kill: ${expected.length} events, each seen once and in order`)
})

const socketUrl = (server, query) => `ws://${server.host}/v1/events/ws?${query}`
/** What a socket of events has told so far. */
const told = (socket) => socket.frames.map((frame) => JSON.parse(new TextDecoder().decode(frame)))
/** The status with which a socket of events is answered that shows nothing but its address. */
const refusal = (scene, server, query) => new Promise((resolve) => {
  const socket = new WebSocket(socketUrl(server, query))
  scene.defer(() => socket.terminate())
  socket.on('open', () => resolve(101))
  socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
  socket.on('error', () => {})
})

scenario('a ticket opens the feed once, at any server, for whoever can set no header', async (scene) => {
  const { servers, owner } = await nodes(scene, onPostgres ? 2 : 1, { env: { WEFT_LOG_LEVEL: 'info,weft_server=trace' } })
  const [first, last] = [servers[0], servers.at(-1)]
  const expected = await listEvents(first, owner, 0)
  const ticket = await eventTicket(first, owner)
  const socket = await scene.raw(socketUrl(last, `after=0&ticket=${ticket}`))
  await until('the socket tells everything', () => socket.frames.length > expected.length)
  assert.deepEqual(told(socket), [{ last_sequence: 0 }, ...expected])
  await ask(first, 'POST', '/v1/teams', { token: owner.token, body: { workspace_id: owner.workspace, name: 'Dyers' } })
  await until('what happens now is told', () => told(socket).find(({ type, sequence }) => type === 'team.created' && sequence > expected.at(-1).sequence))

  const another = await eventTicket(last, owner)
  const ended = new AbortController()
  scene.defer(() => ended.abort())
  const heard = []
  const url = `${first.httpUrl}/v1/events/stream?after=0&ticket=${another}`
  const reading = readStream(url, { signal: ended.signal }, ({ data }) => heard.push(data))
  await until('the stream tells everything', () => heard.length >= expected.length)
  assert.deepEqual(heard.slice(0, expected.length), expected)
  ended.abort()
  await reading

  for (const used of [ticket, another]) {
    assert.deepEqual([await refusal(scene, first, `ticket=${used}`), await refusal(scene, last, `ticket=${used}`)], [401, 401])
    assert.equal((await request(first, 'GET', `/v1/events/stream?ticket=${used}`)).status, 401)
  }
  for (const server of servers) {
    assert.match(server.log, /\/v1\/events\/ws/, 'the log has the request')
    for (const used of [ticket, another]) assert.ok(!server.log.includes(used), 'and not the ticket')
  }
})

scenario('a ticket for events is good for nothing else, and nothing else is one', async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const [ada, bo] = [await withProject(server), await person(server, 'bo')]
  const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })
  const document = (await as('POST', `/v1/projects/${ada.project}/documents`, { title: 'Plan' })).id
  const ownToo = (await as('POST', '/v1/workspaces', { name: 'Another' })).id

  const ticket = await eventTicket(server, ada)
  for (const [method, path, body] of [['GET', '/v1/users/me'], ['GET', `/v1/events?workspace_id=${ada.workspace}`], ['POST', '/v1/events/tickets', {}], ['POST', '/v1/ws-tickets']]) {
    assert.equal((await request(server, method, path, { token: ticket, body })).status, 401, `${path} with a ticket as a token`)
    assert.notEqual((await request(server, method, `${path}${path.includes('?') ? '&' : '?'}ticket=${ticket}`, { body })).status, 200, `${path} with a ticket`)
  }
  const plain = await scene.raw(`${server.syncUrl}/${document}?token=${ticket}`)
  assert.equal((await plain.closure()).code, 4401, 'it opens no document')
  const tampered = `${ticket.slice(0, -2)}${ticket.at(-2) === 'A' ? 'B' : 'A'}${ticket.at(-1)}`
  for (const wrong of [tampered, ticket.slice(0, -1), ticket.toUpperCase(), 'x', ada.token.slice(0, 64)]) {
    assert.equal(await refusal(scene, server, `ticket=${wrong}`), 401, wrong)
  }
  assert.equal(await refusal(scene, server, `workspace_id=${ada.workspace}&ticket=${ticket}`), 101, 'nothing of that has used it up')

  assert.equal(await refusal(scene, server, `workspace_id=${ownToo}&ticket=${await eventTicket(server, ada)}`), 404, 'another workspace of hers')
  const { ticket: forDocuments } = await as('POST', '/v1/ws-tickets')
  assert.equal(await refusal(scene, server, `workspace_id=${ada.workspace}&ticket=${forDocuments}`), 401)
  const asking = async (token, body = { workspace_id: ada.workspace }) => {
    const { status } = await request(server, 'POST', '/v1/events/tickets', { token, body })
    return status
  }
  const bearer = (await as('POST', `/v1/documents/${document}/tokens`, { subject: 'a guest', role: 'editor' })).token
  assert.deepEqual([await asking(undefined), await asking(bo.token), await asking(bearer), await asking(ada.token, {})], [401, 404, 403, 422])
  assert.equal(await asking(ada.token), 201)
})

/** What a ticket rests on: what asks for it, how that ends, what the socket hears. */
const ENDS = {
  'the login ends': {
    credential: async (server, { bo }) => bo.token,
    end: (server, { bo }) => ask(server, 'POST', '/v1/auth/logout', { token: bo.token, body: {} }),
    code: 4401,
  },
  'the member is removed': {
    credential: async (server, { bo }) => bo.token,
    end: (server, { ada, bo }) => ask(server, 'DELETE', `/v1/workspaces/${ada.workspace}/members/${bo.id}`, { token: ada.token, headers: { 'if-match': '*' } }),
    code: 4403,
  },
  'the key is revoked': {
    credential: async (server, { ada, bo }, made) => {
      const scopes = ['workspaces:read', 'documents:read']
      Object.assign(made, await ask(server, 'POST', '/v1/api-keys', { token: bo.token, body: { workspace_id: ada.workspace, name: 'Loom', scopes } }))
      return made.key
    },
    end: (server, { bo }, made) => ask(server, 'DELETE', `/v1/api-keys/${made.api_key.id}`, { token: bo.token }),
    code: 4401,
  },
}

for (const [name, { credential, end, code }] of Object.entries(ENDS)) {
  scenario(`${name}: what a ticket opened ends, and a ticket that waits opens nothing`, async (scene) => {
    const server = await scene.server({ playground: false, env: roomyLimits })
    const people = { ada: await withProject(server), bo: await person(server, 'bo') }
    await joins(server, people.ada, people.ada.workspace, people.bo, 'member')
    const made = {}
    const who = { token: await credential(server, people, made), workspace: people.ada.workspace }
    const socket = await scene.raw(socketUrl(server, `after=0&ticket=${await eventTicket(server, who)}`))
    await until('it is told what happened', () => told(socket).some(({ type }) => type === 'member.joined'))
    const own = await scene.raw(socketUrl(server, `ticket=${await eventTicket(server, people.ada)}`))
    const waiting = await eventTicket(server, who)
    await end(server, people, made)
    assert.equal((await socket.closure()).code, code)
    assert.equal(await refusal(scene, server, `ticket=${waiting}`), code === 4401 ? 401 : 404)
    assert.equal(own.closed, null, 'and nobody else is hurt')
  })
}
