// The stream of events for a reader whose connection breaks anywhere: it goes on where it was, and sees everything once.
// Long form: WEFT_FEED_CUTS=200 (make events-proof).

import assert from 'node:assert/strict'
import { lastSequence, listEvents, readStream } from '../support/feed.js'
import { nodes } from '../support/nodes.js'
import { onPostgres } from '../support/postgres.js'
import { ask } from '../support/people.js'
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
