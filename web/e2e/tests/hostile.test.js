// Bytes that no honest client sends, over real sockets, in a room where others work. The sender may lose its
// connection; nobody else notices anything. Long form: WEFT_HOSTILE_FRAMES=100000.

import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import * as Y from 'yjs'
import { KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'
import { authentication, awareness, close, named, stateless, stepOne, stepTwo, update, version } from '../support/wire.js'

const FRAMES = Number(process.env.WEFT_HOSTILE_FRAMES ?? 4_000)
const hex = (text) => Uint8Array.from(Buffer.from(text, 'hex'))

// Well-framed updates that make the CRDT library panic or read freed memory if they reach it.
const POISON = [
  '010166ffffffff0f040101740668656c6c6f2000',
  '010266feffffff0f07010161020400660d066e657374656400',
  '010265feffffff0fc6655b655c01620474727565c6655e655f0162046e756c6c00',
].map(hex)

const nestedAny = (depth) => {
  const opening = Uint8Array.from({ length: depth * 2 }, (_, index) => index % 2 === 0 ? 117 : 1) // [[[[…
  return Uint8Array.of(1, 1, 1, 0, 8, 1, 1, 116, 1, ...opening, 126, 0)
}

const nestedTypes = (depth) => {
  const doc = new Y.Doc()
  let map = doc.getMap('map')
  for (let level = 0; level < depth; level++) map = map.set('in', new Y.Map())
  return Y.encodeStateAsUpdate(doc)
}

/** Payloads that are wrong in a way of their own. */
const CRAFTED = {
  'an empty frame': new Uint8Array(0),
  'an unknown type': Uint8Array.of(77, 1, 2, 3),
  'a type only': Uint8Array.of(0),
  'an unknown sync step': Uint8Array.of(0, 9, 1, 0),
  'a length beyond the frame': Uint8Array.of(0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1),
  'a varint that never ends': new Uint8Array(64).fill(0xff),
  'a varint of 2^63': Uint8Array.of(0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  'a state vector of 2^31 clients': stepOne(hex('8080808008')),
  'an update of 2^31 clients': update(hex('8080808008')),
  'an update of 2^31 structs': update(hex('018080808008010000')),
  'a delete set of 2^31 ranges': update(hex('0001018080808008')),
  'an update with rubbish behind it': update(hex('0000ffffffff')),
  'awareness of 2^31 clients': Uint8Array.of(1, 5, 0x80, 0x80, 0x80, 0x80, 0x08),
  'awareness that is not JSON': awareness([{ client: 4242, clock: 1, state: '{"half":' }]),
  'awareness that is not UTF-8': Uint8Array.of(1, 6, 1, 5, 1, 2, 0xff, 0xfe),
  'awareness nested deeply': awareness([{ client: 4243, clock: 1, state: '['.repeat(50_000) + ']'.repeat(50_000) }]),
  'an Any nested 10,000 times': update(nestedAny(10_000)),
  'types nested 5,000 times': update(nestedTypes(5_000)),
  'a thousand updates that wait for ever': stepTwo(hex('0101e807ff0a04010174017800')),
  'an authentication of y-websocket': Uint8Array.of(2, 0, 1, 120),
  'a Y-Sweet version that is not one': Uint8Array.of(102, 9, 1),
  ...Object.fromEntries(POISON.map((bytes, index) => [`poison ${index + 1} as an update`, update(bytes)])),
  ...Object.fromEntries(POISON.map((bytes, index) => [`poison ${index + 1} as step 2`, stepTwo(bytes)])),
}

/** Honest clients that edit until told to stop, and what must be true of them afterwards. */
async function honestRoom (scene, server, name) {
  const clients = ['y-websocket-3', 'hocuspocus-4', 'hocuspocus-2', 'y-sweet'].map((kind) => scene.client(kind, server, name))
  await Promise.all(clients.map((client) => client.synced()))
  clients.forEach((client) => client.setPresence({ name: client.kind }))
  await until('they see each other', () => clients.every(({ others }) => others.size === 3))
  let editing = true
  let edits = 0
  const busy = Promise.all(clients.map(async (client) => {
    while (editing) {
      client.doc.getArray('list').push([`${client.kind} ${edits++}`])
      await pause(20)
    }
  }))
  return {
    clients,
    async unharmed () {
      editing = false
      await busy
      // An attacker may leave structs that wait for ever, under client ids of its own.
      await converged(clients, { waiting: 'allowed' })
      for (const client of clients) {
        assert.equal(client.connections, 1, `${client.kind} was disconnected: ${JSON.stringify(client.closes)}`)
        assert.deepEqual(client.closes, [])
      }
      const list = clients[0].doc.getArray('list').toJSON()
      assert.equal(new Set(list).size, list.length)
      assert.equal(list.filter((item) => /^[a-z0-9-]+ \d+$/.test(item)).length, edits, 'every honest edit is there')
      const newcomer = await scene.client('y-websocket-1', server, name).synced()
      await converged([...clients, newcomer], { waiting: 'allowed' })
    },
  }
}

/** A hostile connection that is opened anew whenever the server ends it. */
class Attacker {
  constructor (scene, url, greet = () => {}) {
    Object.assign(this, { scene, url, greet, ended: 0, codes: new Set() })
  }

  async send (bytes) {
    if (this.raw?.closed) {
      this.codes.add(this.raw.closed.code)
      this.ended += 1
      this.raw.destroy()
      this.raw = undefined
    }
    if (this.raw === undefined) {
      this.raw = await this.scene.raw(this.url)
      this.greet(this.raw)
    }
    this.raw.send(bytes)
  }
}

scenario('crafted frames cost their sender at most its connection', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const room = await honestRoom(scene, server, 'room')
  const before = server.memory()
  server.resetPeakMemory()
  const plain = new Attacker(scene, `${server.syncUrl}/room`)
  const collab = new Attacker(scene, server.collabUrl, (raw) => {
    raw.send(named('room', authentication('none', '4.8.0')))
    raw.send(named('room', stepOne()))
  })
  for (const payload of Object.values(CRAFTED)) {
    await plain.send(payload)
    await collab.send(named('room', payload))
    await collab.send(payload)
    await pause(15)
  }
  // Server-to-server messages, and much of what opens and closes documents.
  for (const bytes of [Uint8Array.of(4, 0), Uint8Array.of(6, 1, 120), Uint8Array.of(9), Uint8Array.of(10), close(), stateless('x'.repeat(100_000)), version(2 ** 40)]) {
    await collab.send(named('room', bytes))
    await collab.send(named('', bytes))
    await collab.send(named('\0', bytes))
    await collab.send(named('room\0', bytes))
    await pause(5)
  }
  const growth = server.memory('VmHWM') - before
  console.log(`# connections ended: ${plain.ended} and ${collab.ended}, codes ${[...plain.codes, ...collab.codes]}; peak growth ${(growth / 1024 / 1024).toFixed(1)} MiB`)
  await room.unharmed()
  assert.ok(plain.ended > 5 && collab.ended > 5)
  assert.ok([...plain.codes, ...collab.codes].every((code) => [1002, 4400, 4413].includes(code)), [...plain.codes, ...collab.codes].join())
  assert.ok(growth < 64 * 1024 * 1024, `grew by ${growth} bytes`)
})

scenario('poison in a room of its own does not end the process or the document', async (scene) => {
  const server = await scene.server()
  for (const [index, bytes] of POISON.entries()) {
    const name = `poisoned-${index}`
    const honest = await scene.client('hocuspocus-4', server, name).synced()
    honest.doc.getText('text').insert(0, 'good')
    await honest.acked()
    const raw = await scene.raw(`${server.syncUrl}/${name}`)
    raw.send(update(bytes))
    assert.equal((await raw.closure()).code, 4400)
    honest.doc.getText('text').insert(4, ' still')
    await honest.acked()
    const reader = await scene.client('y-websocket-3', server, name).synced()
    await converged([honest, reader])
    assert.equal(reader.doc.getText('text').toString(), 'good still')
  }
})

scenario('text frames are answered with 1003', async (scene) => {
  const server = await scene.server()
  const room = await honestRoom(scene, server, 'room')
  for (const url of [`${server.syncUrl}/room`, server.collabUrl]) {
    const raw = await scene.raw(url)
    raw.socket.send('hello')
    assert.equal((await raw.closure()).code, 1003)
  }
  await room.unharmed()
})

scenario(`${FRAMES} mutated frames from four attackers`, { timeout: 60_000 + FRAMES * 10 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server()
  const room = await honestRoom(scene, server, 'room')
  const honestBytes = await recordHonestFrames()
  const attackers = [
    new Attacker(scene, `${server.syncUrl}/room`),
    new Attacker(scene, `${server.syncUrl}/other`),
    ...['room', 'other'].map((name) => new Attacker(scene, server.collabUrl, (raw) => {
      raw.send(named(name, authentication('none', '4.8.0')))
      raw.send(named(name, stepOne()))
    })),
  ]
  for (let sent = 0; sent < FRAMES; sent++) {
    const attacker = attackers[sent % attackers.length]
    const frame = mutate(random, random.pick(honestBytes), random.pick(honestBytes))
    await attacker.send(attacker.url === server.collabUrl && random.chance(0.9) ? named(random.pick(['room', 'other']), frame) : frame)
    if (sent % 40 === 0) await pause(1)
  }
  console.log(`# connections ended: ${attackers.map(({ ended }) => ended)}, codes ${[...new Set(attackers.flatMap(({ codes }) => [...codes]))]}`)
  await until('the server still answers', async () => (await fetch(`${server.httpUrl}/healthz`)).ok)
  await room.unharmed()
})

/** Frames of an honest session, as raw material. */
async function recordHonestFrames () {
  const frames = [stepOne(), stepTwo(), version(3), Uint8Array.of(3)]
  const doc = new Y.Doc()
  doc.on('update', (bytes) => frames.push(update(bytes)))
  const text = doc.getText('text')
  text.insert(0, 'the quick brown fox')
  text.format(4, 5, { bold: true })
  text.delete(2, 6)
  doc.getMap('map').set('nested', new Y.Map([['key', [1, 'two', { three: 3.5 }]], ['bytes', Uint8Array.of(1, 2)]]))
  doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('p'), new Y.XmlText('hello')])
  doc.getMap('map').set('sub', new Y.Doc())
  frames.push(stepTwo(Y.encodeStateAsUpdate(doc)), stepOne(Y.encodeStateVector(doc)))
  frames.push(awareness([{ client: 5, clock: 1, state: { name: 'ada', cursor: { anchor: 1 } } }, { client: 6, clock: 2, state: null }]))
  return frames
}

/** Flips, cuts, splices, repeats and inflates. */
function mutate (random, frame, other) {
  let bytes = Uint8Array.from(frame)
  for (let times = random.integer(1, 4); times > 0; times--) {
    const at = random.integer(0, Math.max(0, bytes.length - 1))
    switch (random.integer(0, 5)) {
      case 0: bytes[at] ^= 1 << random.integer(0, 7); break
      case 1: bytes = bytes.slice(0, at); break
      case 2: bytes = Uint8Array.of(...bytes.slice(0, at), ...other.slice(random.integer(0, other.length - 1))); break
      case 3: bytes = Uint8Array.of(...bytes.slice(0, at), ...random.bytes(random.integer(1, 6)), ...bytes.slice(at)); break
      case 4: bytes = Uint8Array.of(...bytes.slice(0, at), 0xff, 0xff, 0xff, 0xff, 0x0f, ...bytes.slice(at + 1)); break
      case 5: bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff]); break
    }
  }
  return bytes
}

scenario('broken WebSocket frames and broken HTTP cost their connection only', async (scene) => {
  const random = scene.random()
  const server = await scene.server()
  const room = await honestRoom(scene, server, 'room')
  for (let attack = 0; attack < 100; attack++) {
    const socket = connectTcp({ port: server.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    scene.defer(() => socket.destroy())
    if (attack % 2 === 0) {
      socket.write('GET /v1/sync/room HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
      await pause(1)
    }
    socket.write(random.bytes(random.integer(1, 400)))
    if (random.chance(0.5)) socket.resetAndDestroy()
  }
  await pause(100)
  await room.unharmed()
})

for (const kind of KINDS) {
  scenario(`${kind}: nothing the server relays makes an honest client throw`, async (scene) => {
    const server = await scene.server()
    const client = await scene.client(kind, server, 'room').synced()
    const errors = []
    const listen = (error) => errors.push(error)
    process.on('uncaughtException', listen)
    scene.defer(() => process.off('uncaughtException', listen))
    const raw = await scene.raw(`${server.syncUrl}/room`)
    for (const payload of Object.values(CRAFTED)) raw.send(payload)
    for (let index = 0; index < 10; index++) {
      const attacker = await scene.raw(`${server.syncUrl}/room`)
      attacker.send(Object.values(CRAFTED)[index * 2 + 5])
    }
    await pause(200)
    client.doc.getText('text').insert(0, 'fine')
    const reader = await scene.client('y-websocket-3', server, 'room').synced()
    await converged([client, reader], { waiting: 'allowed' })
    assert.deepEqual(errors, [])
    assert.equal(client.connections, 1)
  })
}
