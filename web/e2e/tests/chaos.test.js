// Three servers on one Postgres, one Redis and one bucket, people on all of them, and everything between them breaks at random.
// Afterwards nothing that was acknowledged is lost, all see the same, and nobody is shown who is not there. Long form:
// WEFT_CHAOS_FAULTS=150.

import assert from 'node:assert/strict'
import { AtBoard, eventsAfter, freshId, MoveError, newBoard, rowsEqualTheBoard, sameBoard } from '../support/boards.js'
import { ask, roomyLimits, withProject } from '../support/people.js'
import { BUCKET, bucketFor, OwnPostgres } from '../support/postgres.js'
import { Proxy } from '../support/proxy.js'
import { Redis } from '../support/redis.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const FAULTS = Number(process.env.WEFT_CHAOS_FAULTS ?? 11)
const NODES = 3
const DOCUMENTS = 10
const WRITERS = 24
const BOARDS = 2
const MOVERS = 6
/** Older Hocuspocus clients count their unsaved edits below zero after many reconnects, and can then say nothing. */
const KINDS = ['hocuspocus-4', 'y-sweet']
const skip = BUCKET === '' ? 'several servers need Postgres, Redis and a bucket' : false
/** A document is large enough for its snapshots to lie in the bucket. */
const FILLING = 'weft and warp. '.repeat(6_000)

/** A server that reaches the database, Redis and the bucket through wires of its own. */
class Node {
  constructor (server, { database, bus, bucket }) { Object.assign(this, { server, database, bus, bucket }) }

  static async start (scene, postgres, redis, folder) {
    const database = await new Proxy({ path: postgres.path }).start()
    const bus = await new Proxy({ port: redis.port, host: '127.0.0.1' }).start()
    const bucket = await new Proxy({ port: Number(new URL(BUCKET).port), host: '127.0.0.1' }).start()
    scene.defer(() => [database, bus, bucket].forEach((proxy) => proxy.stop()))
    const server = await scene.server({ env: {
      ...roomyLimits,
      WEFT_PUBLIC_URL: 'http://weft.example.org',
      WEFT_LIMITS_MAX_SOCKETS_PER_USER: '200',
      WEFT_ROOMS_COMPACT_AFTER_ROWS: '60',
      WEFT_AUTH_ENCRYPTION_SECRETS: `main:${'k'.repeat(64)}`,
      WEFT_DATABASE_URL: `postgres://weft@127.0.0.1:${database.port}/weft?sslmode=disable`,
      WEFT_REDIS_URL: `redis://127.0.0.1:${bus.port}`,
      WEFT_REDIS_PREFIX: folder,
      ...bucketFor(folder, `http://127.0.0.1:${bucket.port}`),
    } })
    return new Node(server, { database, bus, bucket })
  }
}

/** What can break, and how it is whole again. */
const FAULTS_KNOWN = {
  'a server is killed': async ({ node, span }) => {
    await node.server.kill9()
    await pause(span)
    await node.server.start({ within: 60_000 })
  },
  'a server stands still': async ({ node, span }) => {
    process.kill(node.server.pid, 'SIGSTOP')
    await pause(2 * span)
    process.kill(node.server.pid, 'SIGCONT')
  },
  'Redis is killed': async ({ redis, span }) => {
    await redis.kill()
    await pause(span)
    await redis.start()
  },
  'a server loses Redis': async ({ node, span }) => {
    node.bus.cut()
    await pause(span)
    node.bus.mend()
  },
  'Redis is silent to a server': async ({ node, span }) => {
    node.bus.silence()
    await pause(span)
    node.bus.mend()
  },
  'a server loses the database': async ({ node, span }) => {
    node.database.cut()
    await pause(span)
    node.database.mend()
  },
  'the database is silent to a server': async ({ node, span }) => {
    node.database.silence()
    await pause(span)
    node.database.mend()
  },
  'a server loses the bucket': async ({ node, span }) => {
    node.bucket.cut()
    await pause(span)
    node.bucket.mend()
  },
  'the bucket is silent to a server': async ({ node, span }) => {
    node.bucket.silence()
    await pause(span)
    node.bucket.mend()
  },
  'the bucket fails for all servers': async ({ nodes, span }) => {
    nodes.forEach(({ bucket }) => bucket.breakDown())
    await pause(2 * span)
    nodes.forEach(({ bucket }) => bucket.mend())
  },
  'the database crashes': async ({ postgres }) => { await postgres.restart() },
}

const textOf = (client) => client.doc.getText('text').toString()
const marksIn = (client) => textOf(client).match(/<[^>]+>/g) ?? []

/** Writes marks, and notes those that were acknowledged: first written, then seen to be acknowledged. */
async function keepWriting (client, name, acknowledged, isOver, random) {
  for (let number = 0; !isOver();) {
    const burst = Array.from({ length: random.integer(1, 5) }, () => `<${name}.${number++}>`)
    for (const mark of burst) client.doc.getText('text').insert(client.doc.getText('text').length, mark)
    try {
      await client.acked({ within: 20_000, every: 20 })
      burst.forEach((mark) => acknowledged.add(mark))
    } catch { /* not acknowledged, so nothing is promised */ }
    await pause(random.integer(5, 120))
  }
}

/** Makes and moves cards, and notes those that were acknowledged. */
async function keepMoving (at, acknowledged, isOver, random) {
  while (!isOver()) {
    const { columns } = at
    const [card, id] = [random.pick([...at.view.cards.keys(), 'none']), freshId()]
    try {
      if (random.chance(0.3)) at.editor.createCard(id, `card ${random.word()}`, random.pick(columns))
      else at.editor.moveCards([card], random.pick(columns), random.pick(['first', 'last']))
    } catch (error) {
      if (!(error instanceof MoveError)) throw error
    }
    try {
      await at.client.acked({ within: 20_000, every: 20 })
      if (at.view.cards.has(id)) acknowledged.add(id)
    } catch { /* as above */ }
    await pause(random.integer(5, 120))
  }
}

async function seat (scene, nodes, owner, random) {
  const documents = Array.from({ length: DOCUMENTS }, (_, index) => `document-${index}`)
  const writers = Array.from({ length: WRITERS }, (_, index) =>
    scene.client(KINDS[index % KINDS.length], random.pick(nodes).server, documents[index % DOCUMENTS]))
  const boards = []
  for (let index = 0; index < BOARDS; index++) boards.push(await newBoard(nodes[0].server, owner, `Board ${index}`))
  const movers = Array.from({ length: MOVERS }, (_, index) =>
    new AtBoard(scene, random.pick(nodes).server, boards[index % BOARDS], owner))
  await Promise.all([...writers.map((client) => client.synced()), ...movers.map((at) => at.ready())])
  writers.slice(0, DOCUMENTS).forEach((client) => client.doc.getText('text').insert(0, FILLING))
  writers.forEach((client, index) => client.setPresence({ name: `writer ${index}` }))
  return { documents, writers, boards, movers }
}

/** Waits until everybody has the same of a document; how long it took. */
async function documentsAgree ({ documents, writers }, acknowledged) {
  for (const name of documents) {
    const here = writers.filter((client) => client.documentName === name)
    await until(`all have the same of ${name}`, () => new Set(here.map(textOf)).size === 1, {
      within: 10_000, detail: () => here.map((client) => [client.isSynced, textOf(client).length, client.closes.slice(-2)]),
    })
    await until(`nobody is shown at ${name} who is not there`, () => here.every((client) => client.others.size === here.length - 1), {
      within: 30_000, detail: () => here.map((client) => [...client.others.values()]),
    })
    const marks = marksIn(here[0])
    assert.equal(new Set(marks).size, marks.length, 'nothing is doubled')
  }
  const present = new Set(writers.flatMap(marksIn))
  const lost = [...acknowledged].filter((mark) => !present.has(mark))
  assert.deepEqual(lost.slice(0, 10), [], `${lost.length} of ${acknowledged.size} acknowledged edits are lost`)
}

async function boardsAgree (nodes, owner, { boards, movers }, acknowledged) {
  for (const board of boards) {
    const here = movers.filter((at) => at.board === board)
    for (const { server } of nodes) {
      await sameBoard(server, owner, board, here)
      await rowsEqualTheBoard(server, owner, board, here[0].view)
    }
  }
  const present = new Set(movers.flatMap(({ view }) => [...view.cards.keys()]))
  assert.deepEqual([...acknowledged].filter((card) => !present.has(card)), [], 'no card is lost')
}

scenario('whatever breaks, nothing acknowledged is lost and all see the same', { skip, timeout: 180_000 + FAULTS * 20_000 }, async (scene) => {
  const random = scene.random()
  const postgres = await new OwnPostgres().start()
  scene.defer(() => postgres.stop())
  const redis = await new Redis().start()
  scene.defer(() => redis.kill())
  const [nodes, folder] = [[], freshId()]
  for (let index = 0; index < NODES; index++) nodes.push(await Node.start(scene, postgres, redis, folder))
  const owner = await withProject(nodes[0].server)
  const people = await seat(scene, nodes, owner, random)

  const [marks, cards] = [new Set(), new Set()]
  let over = false
  const isOver = () => over
  const work = Promise.all([
    ...people.writers.map((client, index) => keepWriting(client, index, marks, isOver, random.fork())),
    ...people.movers.map((at) => keepMoving(at, cards, isOver, random.fork())),
  ])
  const met = {}
  const known = Object.keys(FAULTS_KNOWN)
  for (let fault = 0; fault < FAULTS; fault++) {
    // Each kind once before any of them again at random.
    const what = fault < known.length ? known[fault] : random.pick(known)
    met[what] = (met[what] ?? 0) + 1
    await FAULTS_KNOWN[what]({ node: random.pick(nodes), nodes, redis, postgres, span: random.integer(300, 3_000) })
    await pause(random.integer(200, 1_500))
  }
  over = true
  await work
  const healed = performance.now()
  await Promise.all([...people.writers, ...people.movers.map(({ client }) => client)].map((client) => client.acked({ within: 60_000 })))
  await documentsAgree(people, marks)
  const took = performance.now() - healed
  owner.token = (await ask(nodes[1].server, 'POST', '/v1/users/login', { body: { email: owner.email, password: owner.password } })).access_token
  await boardsAgree(nodes, owner, people, cards)
  let events = 0
  for await (const { sequence } of eventsAfter(nodes[2].server, owner)) events = sequence
  console.log(`# ${FAULTS} faults (${JSON.stringify(met)}); ${marks.size} acknowledged edits, ${cards.size} cards, ${events} events: none lost; the same everywhere after ${Math.round(took)} ms`)
  assert.ok(marks.size > FAULTS * 5, 'too few acknowledgements to show anything')
})
