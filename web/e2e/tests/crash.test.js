// The promise: an edit whose acknowledgement a client has seen is there after the server died, however it died.
// Long form: WEFT_CRASH_ROUNDS=100.

import assert from 'node:assert/strict'
import { ACKNOWLEDGED_KINDS, KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { Marker, markersIn } from '../support/edits.js'
import { scenario } from '../support/scenario.js'
import { pause } from '../support/until.js'

const ROUNDS = Number(process.env.WEFT_CRASH_ROUNDS ?? 8)
const WRITERS = ['hocuspocus-4', 'hocuspocus-2', 'y-sweet', 'hocuspocus-3', 'y-websocket-3']
// Small thresholds, so that folding the log into snapshots happens in the middle of it all.
const SETTINGS = { WEFT_ROOMS_COMPACT_AFTER_ROWS: '50', WEFT_ROOMS_COMPACT_AFTER_BYTES: '65536', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' }

/** Edits in bursts with short pauses until told to stop. */
async function writeUntil (stopped, marker, random) {
  while (!stopped()) {
    for (let burst = random.integer(1, 6); burst > 0; burst--) marker.write()
    await pause(random.integer(0, 10))
  }
}

const ENDINGS = {
  'kill -9': (server) => server.kill9(),
  SIGTERM: async (server) => {
    const { code, took } = await server.terminate()
    assert.equal(code, 0)
    assert.ok(took < 5_000, `the end took ${took} ms`)
  },
}

for (const [ending, end] of Object.entries(ENDINGS)) {
  scenario(`${ending} at a random instant loses nothing acknowledged`, { timeout: 60_000 + ROUNDS * 15_000 }, async (scene) => {
    const random = scene.random()
    const server = await scene.server({ env: SETTINGS })
    /** Document → markers that must be there from now on. */
    const promised = new Map()
    let acknowledged = 0
    let written = 0
    let seen = 0
    for (let round = 0; round < ROUNDS; round++) {
      const documents = [`of ten rounds, ${Math.floor(round / 10)}`, `of round ${round}`]
      const markers = []
      const writers = documents.flatMap((name) => WRITERS.map((kind) => scene.client(kind, server, name)))
      await Promise.all(writers.map(async (writer, index) => {
        await writer.synced()
        if (ACKNOWLEDGED_KINDS.includes(writer.kind)) await writer.acked()
        markers.push(new Marker(writer, `r${round}w${index}`))
      }))
      let stopped = false
      const writing = Promise.all(markers.map((marker) => writeUntil(() => stopped, marker, random.fork())))
      await pause(random.integer(10, 500))
      await end(server)
      await pause(20) // what was on its way to the clients has arrived
      stopped = true
      await writing
      for (const marker of markers) {
        const name = marker.client.documentName
        promised.set(name, [...(promised.get(name) ?? []), ...marker.acknowledged])
        acknowledged += marker.acknowledgedCount
        written += marker.written.length
      }
      writers.forEach((writer) => writer.destroy())

      await server.start()
      const lost = []
      for (const name of documents) {
        const readers = await Promise.all(['y-websocket-3', random.pick(KINDS)].map((kind) =>
          scene.client(kind, server, name).synced()))
        await converged(readers)
        const present = markersIn(readers[0].doc)
        if (name !== documents[0]) seen += present.size
        for (const marker of promised.get(name) ?? []) if (!present.has(marker)) lost.push(`${name}: ${marker}`)
        readers.forEach((reader) => reader.destroy())
      }
      assert.deepEqual(lost.slice(0, 10), [], `round ${round}: ${lost.length} edits acknowledged and lost`)
    }
    console.log(`# ${ending}: ${ROUNDS} rounds, ${written} edits, ${acknowledged} acknowledged, 0 lost`)
    assert.ok(acknowledged > ROUNDS * 10, 'too few acknowledgements to show anything')
    assert.ok(seen > 0)
  })
}

scenario('a machine that restarts again and again while clients keep typing', { timeout: 120_000 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: SETTINGS })
  const clients = KINDS.map((kind) => scene.client(kind, server, 'unlucky'))
  await Promise.all(clients.map((client) => client.synced()))
  const written = []
  let stopped = false
  const typing = Promise.all(clients.map(async (client, index) => {
    while (!stopped) {
      const marker = `${index}-${written.length}`
      written.push(marker)
      client.doc.getArray('list').push([marker])
      await pause(random.integer(1, 20))
    }
  }))
  for (let restart = 0; restart < 4; restart++) {
    await pause(random.integer(100, 600))
    await server.kill9()
    await server.start()
  }
  await pause(300)
  stopped = true
  await typing
  await converged(clients, { within: 30_000 })
  const newcomer = await scene.client('y-websocket-3', server, 'unlucky').synced()
  assert.deepEqual([...markersIn(newcomer.doc)].sort(), written.sort(), 'clients that live bring back what the server lacked')
})
