// Several servers on one database: what is done on one is seen on the others, whatever happens to Redis and to the
// servers, and what was acknowledged is never lost.

import assert from 'node:assert/strict'
import { databaseFor, onPostgres } from '../support/postgres.js'
import { Redis } from '../support/redis.js'
import { scenario } from '../support/scenario.js'
import { freshDataDirectory, runWeft } from '../support/server.js'
import { pause, until } from '../support/until.js'

const REDIS_GONE_SECONDS = Number(process.env.WEFT_REDIS_GONE_SECONDS ?? 3)
const skip = onPostgres ? false : 'several servers need Postgres'
const textOf = (client) => client.doc.getText('text').toString()
const write = (client, text) => client.doc.getText('text').insert(client.doc.getText('text').length, text)
const same = (what, clients, options) => until(what, () => new Set(clients.map(textOf)).size === 1, {
  ...options, detail: () => clients.map((client) => textOf(client).length),
})

/** Servers that share a new database and, if it is given, a Redis server. */
async function cluster (scene, count, redis) {
  const shared = freshDataDirectory()
  const env = {
    ...databaseFor(shared),
    WEFT_AUTH_ENCRYPTION_SECRETS: `main:${'k'.repeat(64)}`,
    WEFT_REDIS_URL: redis?.url ?? '',
  }
  const servers = []
  for (let index = 0; index < count; index++) servers.push(await scene.server({ env }))
  return servers
}

async function redisServer (scene) {
  const redis = await new Redis().start()
  scene.defer(() => redis.kill())
  return redis
}

scenario('edits and presence of clients on different servers meet', { skip }, async (scene) => {
  const redis = await redisServer(scene)
  const servers = await cluster(scene, 3, redis)
  const kinds = ['y-websocket-3', 'hocuspocus-4', 'y-sweet']
  const clients = servers.map((server, index) => scene.client(kinds[index], server, 'room'))
  await Promise.all(clients.map((client) => client.synced()))
  for (let round = 0; round < 30; round++) clients.forEach((client, index) => write(client, `${index}:${round} `))
  await same('all three have the same text', clients)
  assert.equal(textOf(clients[0]).split(' ').length, 91, 'nothing is lost or doubled')

  clients.forEach((client, index) => client.setPresence({ name: `guest-${index}` }))
  const names = (client) => [...client.others.values()].map(({ name }) => name).sort().join()
  await until('each sees the two others', () => clients.every((client) => client.others.size === 2), {
    within: 20_000, detail: () => clients.map(names),
  })
  await servers[2].kill9()
  await until('whoever was on the dead server is gone', () => names(clients[0]) === 'guest-1', { within: 10_000 })
})

scenario('what a server acknowledged before it died is there for the next reader', { skip }, async (scene) => {
  const redis = await redisServer(scene)
  const [a, b] = await cluster(scene, 2, redis)
  const writer = await scene.client('hocuspocus-4', a, 'room').synced()
  const viewer = await scene.client('y-websocket-3', b, 'room').synced()
  write(writer, 'acknowledged')
  await writer.acked()
  await a.kill9()
  await until('the viewer was shown it', () => textOf(viewer) === 'acknowledged')
  viewer.destroy()
  await b.restart()
  const reader = await scene.client('hocuspocus-4', b, 'room').synced()
  assert.equal(textOf(reader), 'acknowledged')
})

scenario('without Redis edits arrive through the log', { skip }, async (scene) => {
  const [a, b] = await cluster(scene, 2)
  const ada = await scene.client('hocuspocus-4', a, 'room').synced()
  const bo = await scene.client('y-websocket-3', b, 'room').synced()
  for (let round = 0; round < 20; round++) {
    write(ada, `a${round} `)
    write(bo, `b${round} `)
  }
  await same('both have the same text', [ada, bo])
  assert.equal(textOf(ada).split(' ').length, 41)
})

scenario('Redis is killed, frozen and started again while people write', { skip, timeout: 120_000 }, async (scene) => {
  const redis = await redisServer(scene)
  const servers = await cluster(scene, 2, redis)
  const clients = servers.map((server) => scene.client('hocuspocus-4', server, 'room'))
  await Promise.all(clients.map((client) => client.synced()))
  let written = 0
  const writeAndMeet = async (what) => {
    for (let round = 0; round < 10; round++) for (const client of clients) write(client, `${written++} `)
    await Promise.all(clients.map((client) => client.acked()))
    await same(what, clients, { within: 15_000 })
    assert.equal(textOf(clients[0]).split(' ').length, written + 1)
  }
  await writeAndMeet('with Redis')
  await redis.kill()
  await writeAndMeet('without Redis')
  await redis.start()
  await writeAndMeet('with Redis again')
  redis.freeze()
  await writeAndMeet('while Redis hangs')
  redis.wake()
  await writeAndMeet('after Redis hung')
})

/** A quantile of numbers, rounded. */
const quantile = (numbers, part) => Math.round([...numbers].sort((one, other) => one - other)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))])

scenario(`Redis is gone for ${REDIS_GONE_SECONDS} s while people write`, { skip, timeout: 120_000 + REDIS_GONE_SECONDS * 4_000 }, async (scene) => {
  const redis = await redisServer(scene)
  const servers = await cluster(scene, 2, redis)
  const rooms = Array.from({ length: 10 }, (_, index) => `room-${index}`)
  const pairs = rooms.map((room) => servers.map((server) => scene.client('hocuspocus-4', server, room)))
  await Promise.all(pairs.flat().map((client) => client.synced()))
  const loads = async () => {
    const texts = await Promise.all(servers.map(async ({ httpUrl }) => await (await fetch(`${httpUrl}/metrics`)).text()))
    return texts.reduce((sum, text) => sum + Number(/^weft_doc_load_seconds_count (\d+)/m.exec(text)?.[1] ?? 0), 0)
  }
  let written = 0
  /** Everybody writes for so long; the times in which each mark is seen by the other of the pair, in milliseconds. */
  const writeFor = async (seconds) => {
    const times = []
    const until_ = performance.now() + seconds * 1_000
    await Promise.all(pairs.map(async (pair, index) => {
      for (let turn = 0; performance.now() < until_; turn++) {
        const [writer, reader] = turn % 2 === 0 ? pair : [pair[1], pair[0]]
        const mark = `<${index}.${written++}>`
        const begun = performance.now()
        write(writer, mark)
        await until(`${mark} is seen at the other server`, () => textOf(reader).includes(mark), { every: 2, within: 15_000 })
        times.push(performance.now() - begun)
        await pause(50)
      }
    }))
    return `p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms (${times.length} edits)`
  }
  const before = await writeFor(Math.min(REDIS_GONE_SECONDS, 10))
  const loadedBefore = await loads()
  await redis.kill()
  const gone = await writeFor(REDIS_GONE_SECONDS)
  await redis.start()
  await until('Redis is used again', async () => {
    const notes = await Promise.all(servers.map(async ({ httpUrl }) => await (await fetch(`${httpUrl}/readyz`)).text()))
    return notes.every((note) => note.includes('connected, 1 other'))
  }, { within: 30_000 })
  const after = await writeFor(Math.min(REDIS_GONE_SECONDS, 10))
  console.log(`# with Redis: ${before}; without: ${gone}; with Redis again: ${after}; documents loaded anew meanwhile: ${await loads() - loadedBefore}`)
  const marks = pairs.flatMap(([client]) => textOf(client).match(/<[^>]+>/g))
  assert.equal(new Set(marks).size, written, 'nothing is lost')
  assert.equal(marks.length, written, 'nothing is doubled')
  for (const pair of pairs) assert.equal(textOf(pair[0]), textOf(pair[1]))
})

scenario('the doctor says whether Redis carries a word', { skip }, async (scene) => {
  const redis = await redisServer(scene)
  const data = freshDataDirectory()
  const env = { ...databaseFor(data), WEFT_REDIS_URL: redis.url }
  const carried = await runWeft(['doctor', '--data', data], { env })
  assert.equal(carried.code, 0, carried.output)
  assert.match(carried.output, /redis carries what nodes tell each other/)
  await redis.kill()
  const lost = await runWeft(['doctor', '--data', data], { env })
  assert.equal(lost.code, 0, 'nothing stored is damaged')
  assert.match(lost.output, /redis does not carry/)
})

scenario('servers are killed at random while people write on the others', { skip, timeout: 180_000 }, async (scene) => {
  const random = scene.random()
  const redis = await redisServer(scene)
  const servers = await cluster(scene, 3, redis)
  const clients = servers.flatMap((server) => [0, 1].map(() => scene.client('hocuspocus-4', server, 'room')))
  await Promise.all(clients.map((client) => client.synced()))
  const acknowledged = new Set()
  let number = 0
  for (let round = 0; round < 6; round++) {
    const victim = random.pick(servers)
    for (const client of clients) {
      const mark = `<${number++}>`
      write(client, mark)
      client.acked({ within: 60_000 }).then(() => acknowledged.add(mark), () => {})
    }
    await victim.kill9()
    await victim.restart()
  }
  await Promise.all(clients.map((client) => client.acked({ within: 60_000 })))
  await same('all have the same text', clients, { within: 20_000 })
  const reader = await scene.client('y-websocket-3', servers[0], 'room').synced()
  const lost = [...acknowledged].filter((mark) => !textOf(reader).includes(mark))
  assert.deepEqual(lost, [])
  assert.equal(textOf(reader).match(/<\d+>/g).length, number, 'nothing is lost or doubled')
})
