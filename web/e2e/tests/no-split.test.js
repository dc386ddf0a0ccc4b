// Two clients open the same new document at the same instant. There is one document, not two.
// Long form: WEFT_SPLIT_DOCUMENTS=1000.

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'
import { authentication, decode, named, stepOne, SYNC, update } from '../support/wire.js'

const DOCUMENTS = Number(process.env.WEFT_SPLIT_DOCUMENTS ?? 250)
const DOCUMENTS_PER_SOCKET = 50

/** One participant of one document, as a replica fed by frames. */
class Replica {
  constructor (name, word, send) {
    this.name = name
    this.word = word
    this.send = send
    this.doc = new Y.Doc()
    this.answered = false
  }

  /** Opens the document and edits it at once, before anything was answered. */
  open () {
    let edit
    this.doc.once('update', (bytes) => { edit = bytes })
    this.doc.getArray('list').push([this.word])
    this.send(stepOne(Y.encodeStateVector(new Y.Doc())))
    this.send(update(edit))
  }

  receive ({ step, payload }) {
    if (step === 0) return
    if (step === 1) this.answered = true
    Y.applyUpdate(this.doc, payload, 'server')
  }

  get words () { return this.doc.getArray('list').toJSON().sort().join() }
}

/** Opens `names` over y-websocket: a socket for each. */
async function viaYWebsocket (scene, server, names) {
  return await Promise.all(names.map(async (name) => {
    const raw = await scene.raw(`${server.syncUrl}/${name}`)
    const replica = new Replica(name, 'y-websocket', (message) => raw.send(message))
    raw.socket.on('message', (data) => {
      const message = decode(new Uint8Array(data), false)
      if (message.type === SYNC) replica.receive(message)
    })
    return replica
  }))
}

/** Opens `names` over Hocuspocus: one shared socket. */
async function viaHocuspocus (scene, server, names, word) {
  const raw = await scene.raw(server.collabUrl)
  const replicas = new Map(names.map((name) => [name, new Replica(name, word, (message) => raw.send(named(name, message)))]))
  for (const replica of replicas.values()) {
    const { open } = replica
    replica.open = () => {
      replica.send(authentication('none', '4.8.0'))
      open.call(replica)
    }
  }
  raw.socket.on('message', (data) => {
    const message = decode(new Uint8Array(data), true)
    if (message.type === SYNC) replicas.get(message.name).receive(message)
  })
  return [...replicas.values()]
}

scenario(`two clients open ${DOCUMENTS} new documents at the same instant, and each stays one`, { timeout: 60_000 + DOCUMENTS * 200 }, async (scene) => {
  const server = await scene.server({ env: { WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' } })
  for (let first = 0; first < DOCUMENTS; first += DOCUMENTS_PER_SOCKET) {
    const names = Array.from({ length: Math.min(DOCUMENTS_PER_SOCKET, DOCUMENTS - first) }, (_, index) => `twin-${first + index}`)
    // In turns: two Hocuspocus sockets, or one against y-websocket.
    const [left, right] = await Promise.all([
      viaHocuspocus(scene, server, names, 'hocuspocus'),
      (first / DOCUMENTS_PER_SOCKET) % 2 === 0 ? viaHocuspocus(scene, server, names, 'other') : viaYWebsocket(scene, server, names),
    ])
    for (let index = 0; index < names.length; index++) {
      left[index].open()
      right[index].open()
    }
    const expected = (index) => [left[index].word, right[index].word].sort().join()
    await until('every pair has both edits', () => names.every((_, index) =>
      left[index].words === expected(index) && right[index].words === expected(index)), {
      within: 30_000,
      detail: () => names.filter((_, index) => left[index].words !== expected(index) || right[index].words !== expected(index)),
    })
    const stored = await viaHocuspocus(scene, server, names, 'reader')
    for (const replica of stored) {
      replica.send(authentication('none', '4.8.0'))
      replica.send(stepOne())
    }
    await until('the server answers the reader', () => stored.every((replica) => replica.answered))
    stored.forEach((replica, index) => assert.equal(replica.words, expected(index), replica.name))
  }
})

scenario('clients come and go while the document is being unloaded, and no edit falls between', { timeout: 90_000 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: { WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' } })
  const kinds = ['hocuspocus-4', 'hocuspocus-2', 'y-sweet']
  const visits = Array.from({ length: 12 }, async (_unused, lane) => {
    const draws = random.fork()
    for (let visit = 0; visit < 4; visit++) {
      const visitor = await scene.client(draws.pick(kinds), server, `ebb-${lane}`).synced()
      assert.equal(visitor.doc.getArray('list').length, visit, 'all earlier visits are there')
      visitor.doc.getArray('list').push([visit])
      await visitor.acked()
      visitor.destroy()
      // Around the second at which the idle document leaves memory.
      await new Promise((resolve) => setTimeout(resolve, draws.integer(930, 1080)))
    }
  })
  await Promise.all(visits)
})
