// Webhooks of servers that are killed: every event comes to every receiver, twice only under one id, and first attempts in sequence.
// Long form: WEFT_WEBHOOK_KILLS=100 (make events-proof).

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { listEvents, lastSequence } from '../support/feed.js'
import { Receiver, register } from '../support/hooks.js'
import { keepAsking, killAtRandom } from '../support/kills.js'
import { nodes, skipWithoutPostgres } from '../support/nodes.js'
import { ask } from '../support/people.js'
import { pause, until } from '../support/until.js'
import { scenario } from '../support/scenario.js'

const KILLS = Number(process.env.WEFT_WEBHOOK_KILLS ?? 5)
/** How long a claim of a server that died lasts with a timeout of one second, and a little. */
const CLAIM_MILLISECONDS = 17_000
/** So many that servers wait for each other to write: what they read before that is old by then. */
const WRITERS = 12
const TYPES = ['project.updated', 'team.created']
const ENV = { WEFT_WEBHOOKS_TIMEOUT_SECONDS: '1' }

/** Has people change the project through whichever servers live. Whether an edit without an answer happened, the feed tells. */
const keepChanging = (random, servers, owner) =>
  keepAsking(random, { servers, count: WRITERS, longestPause: 2 }, (own, server) =>
    // Never what it is already: that would be no change.
    ask(server, 'PATCH', `/v1/projects/${owner.project}`, { token: owner.token, body: { description: randomUUID() } }))

/** Sequence numbers in the order of their first arrival. The same event must have the same id, and each id one event. */
function firstArrivals ({ deliveries }) {
  const ids = new Map()
  for (const { headers, body } of deliveries) {
    const { sequence } = JSON.parse(body).data
    const id = headers['webhook-id']
    assert.equal(ids.get(sequence) ?? id, id, `event ${sequence} has one id`)
    ids.set(sequence, id)
  }
  assert.equal(new Set(ids.values()).size, ids.size, 'each event has an id of its own')
  return [...ids.keys()]
}

/** How many earlier events were still to come, at most, when one came. */
function overtaken (sequences) {
  const sorted = [...sequences].sort((one, other) => one - other)
  const come = new Set()
  let begin = 0
  let most = 0
  sequences.forEach((sequence) => {
    come.add(sequence)
    while (come.has(sorted[begin])) begin++
    let missing = 0
    for (let index = begin; sorted[index] < sequence; index++) if (!come.has(sorted[index])) missing++
    most = Math.max(most, missing)
  })
  return most
}

/** Waits until all receivers have what the feed has, and checks how it came. */
async function checkAll (server, owner, start, receivers, { attempts, duplicates }) {
  const events = await listEvents(server, owner, start, `&types=${TYPES.join(',')}`)
  const expected = events.map(({ sequence }) => sequence)
  const missing = () => receivers.map((receiver) => {
    const come = new Set(receiver.deliveries.map(({ body }) => JSON.parse(body).data.sequence))
    return expected.filter((sequence) => !come.has(sequence)).length
  })
  await until('every event came to every receiver', () => missing().every((count) => count === 0), {
    within: 120_000, every: 200, detail: missing,
  })
  for (const receiver of receivers) {
    const first = firstArrivals(receiver)
    assert.deepEqual([...first].sort((one, other) => one - other), expected, 'nothing else came')
    assert.ok(overtaken(first) < attempts, `an event overtook ${overtaken(first)} others, with ${attempts} attempts at a time`)
    if (!duplicates) assert.equal(receiver.deliveries.length, expected.length, 'nothing came twice')
  }
  return expected.length
}

async function withReceivers (scene, server, owner, random) {
  const receivers = await Promise.all([0, 1, 2].map(() => new Receiver().start()))
  receivers.forEach((receiver) => scene.defer(() => receiver.dispose()))
  for (const receiver of receivers) await register(server, owner, receiver.url, { event_types: TYPES })
  const moods = random.fork()
  const refused = new Set()
  /** Has one receiver refuse a message now and then, each at most once: what fails twice comes again after minutes. */
  const moody = () => {
    receivers[2].status = (headers) => {
      const id = headers['webhook-id']
      if (refused.has(id) || !moods.chance(0.05)) return 200
      refused.add(id)
      return 500
    }
  }
  return { receivers, moody }
}

async function killSenders (scene, count, attempts) {
  const random = scene.random()
  const env = { ...ENV, WEFT_WEBHOOKS_ATTEMPTS_PER_ENDPOINT: String(attempts) }
  const { servers, owner } = await nodes(scene, count, { env })
  const { receivers, moody } = await withReceivers(scene, servers[0], owner, random)
  moody()
  const start = await lastSequence(servers[0], owner)
  const people = keepChanging(random, servers, owner)
  await killAtRandom(random, servers, KILLS, { answered: () => people.answered, most: 20, within: 30_000 })
  await pause(200)
  await people.stop()
  const told = await checkAll(servers[0], owner, start, receivers, { attempts, duplicates: true })
  assert.ok(people.answered > 0 && told >= people.answered, `${told} events of ${people.answered} changes that were answered`)
  const twice = receivers.map(({ deliveries }) => deliveries.length - told)
  console.log(`# ${KILLS} kills of ${count} servers, ${attempts} attempts at a time: ${told} events, 0 lost, more than once at the receivers: ${twice.join(', ')}`)
}

const timeout = 120_000 + KILLS * 3_000 + CLAIM_MILLISECONDS * 3

for (const attempts of [1, 4]) {
  scenario(`a sender that is killed loses no event, ${attempts} at a time`, { timeout }, (scene) => killSenders(scene, 1, attempts))
}

for (const count of [2, 4]) {
  scenario(`of ${count} senders some are killed, and no event is lost`, { timeout, skip: skipWithoutPostgres }, (scene) =>
    killSenders(scene, count, 4))

  scenario(`of ${count} senders one makes each attempt`, { timeout, skip: skipWithoutPostgres }, async (scene) => {
    const random = scene.random()
    const { servers, owner } = await nodes(scene, count)
    const { receivers } = await withReceivers(scene, servers[0], owner, random)
    const start = await lastSequence(servers[0], owner)
    const people = keepChanging(random, servers, owner)
    await until('there are changes enough', () => people.answered >= KILLS * 20, { within: 60_000 + KILLS * 3_000 })
    await people.stop()
    const told = await checkAll(servers[0], owner, start, receivers, { attempts: 4, duplicates: false })
    // Whoever else had one under way would have sent it within a poll of each server.
    await pause(500)
    for (const { deliveries } of receivers) assert.equal(deliveries.length, told, 'nothing came twice')
    console.log(`# ${count} servers: ${told} events, each came once to each of ${receivers.length} receivers`)
  })
}
