// Several servers on one database: what is done on one is seen on the others, whatever happens to Redis and to the
// servers, and what was acknowledged is never lost.

import assert from 'node:assert/strict'
import { databaseFor, onPostgres } from '../support/postgres.js'
import { Redis } from '../support/redis.js'
import { scenario } from '../support/scenario.js'
import { freshDataDirectory } from '../support/server.js'
import { until } from '../support/until.js'

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
    ...(redis === undefined ? {} : { WEFT_REDIS_URL: redis.url }),
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
