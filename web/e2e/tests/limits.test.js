// Every limit, lowered and gone over: a clear answer with a documented code, and nobody else is hurt.

import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import * as Y from 'yjs'
import { KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { signToken } from '../support/token.js'
import { pause, until } from '../support/until.js'
import { AUTH, authentication, awareness, CLOSE, named, stepOne, SYNC, SYNC_STATUS, update } from '../support/wire.js'

const SECRET = 'an application secret of more than thirty-two bytes'
const limits = (settings) => Object.fromEntries(Object.entries(settings).map(([key, value]) =>
  [`WEFT_LIMITS_${key.toUpperCase()}`, String(value)]))

/** An update that inserts `text` into a fresh document. */
function insertion (text) {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

/** Opens a document over a bare Hocuspocus socket. */
async function openNamed (raw, name, token = 'none') {
  raw.send(named(name, authentication(token, '4.8.0')))
  raw.send(named(name, stepOne()))
  return await raw.message(`an answer for ${name}`, (message) => message.name === name &&
    ((message.type === SYNC && message.step === 1) || (message.type === AUTH && message.kind === 1)))
}

scenario('w4: max_message_bytes: a larger message closes its connection with 4413 and a reason', async (scene) => {
  const server = await scene.server({ env: limits({ max_message_bytes: 65_536 }) })
  const honest = await scene.client('y-websocket-3', server, 'room').synced()
  const large = insertion('x'.repeat(70_000))
  const [raw, collab] = [await scene.raw(`${server.syncUrl}/room`), await scene.raw(server.collabUrl)]
  raw.send(update(insertion('fits')))
  await until('a message that fits is taken', () => honest.doc.getText('text').toString() === 'fits')
  raw.send(update(large))
  assert.deepEqual(await raw.closure(), { code: 4413, reason: 'message-too-large' })
  await openNamed(collab, 'room')
  collab.send(named('room', update(large)))
  assert.deepEqual(await collab.closure(), { code: 4413, reason: 'message-too-large' })
  assert.equal(honest.connections, 1)
  assert.equal(honest.doc.getText('text').toString(), 'fits')

  // The real clients: 3.1 stops instead of sending the same again for ever.
  const stubborn = await scene.client('y-websocket-3', server, 'room').synced()
  stubborn.doc.getText('text').insert(0, 'x'.repeat(70_000))
  await until('the client stops', () => stubborn.closes.length === 1 && !stubborn.provider.shouldConnect)
})

scenario('w4: max_message_bytes: a frame that only claims to be huge is not waited for', async (scene) => {
  const server = await scene.server({ env: limits({ max_message_bytes: 65_536 }) })
  const raw = await scene.raw(`${server.syncUrl}/room`)
  const before = server.memory()
  // The head of a masked binary frame of 2^40 bytes, and a little of its body.
  raw.socket._socket.write(Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, ...Buffer.alloc(64)]))
  await raw.closure()
  assert.ok(server.memory() - before < 8 * 1024 * 1024)
})

scenario('max_document_bytes: an edit that would outgrow the document is refused, the document stays usable', async (scene) => {
  const server = await scene.server({ env: limits({ max_document_bytes: 100_000 }) })
  const writer = await scene.client('hocuspocus-4', server, 'book').synced()
  writer.doc.getText('text').insert(0, 'x'.repeat(80_000))
  await writer.acked()
  const raw = await scene.raw(`${server.syncUrl}/book`)
  raw.send(update(insertion('y'.repeat(40_000))))
  assert.deepEqual(await raw.closure(), { code: 4413, reason: 'document-too-large' })
  const reader = await scene.client('y-websocket-3', server, 'book').synced()
  assert.equal(reader.doc.getText('text').length, 80_000)
  writer.doc.getText('text').delete(0, 70_000)
  await writer.acked()
  writer.doc.getText('text').insert(0, 'room again')
  await writer.acked()
  await converged([writer, reader])

  const collab = await scene.raw(server.collabUrl)
  await openNamed(collab, 'book')
  await openNamed(collab, 'other')
  collab.send(named('book', update(insertion('y'.repeat(95_000)))))
  await until('the edit is refused', () => collab.closed?.code === 4413 || collab.messages.some((message) =>
    message.name === 'book' && ((message.type === SYNC_STATUS && !message.applied) || message.type === CLOSE ||
      (message.type === AUTH && message.kind === 1 && message.text === 'document-too-large'))), {
    detail: () => ({ closed: collab.closed, messages: collab.messages.slice(-3) }),
  })
  assert.ok(reader.isConnected && reader.connections === 1)
})

scenario('max_document_bytes: holds over REST, too', async (scene) => {
  const server = await scene.server({ env: limits({ max_document_bytes: 100_000 }) })
  const send = (method, path, body, type = 'application/json') =>
    fetch(server.httpUrl + path, { method, body, headers: { 'content-type': type, 'if-match': '*' } })
  const created = await send('POST', '/v1/documents', JSON.stringify({ name: 'small' }))
  const path = `/v1/documents/${(await created.json()).id}/content`
  const paragraph = [{ type: 'paragraph', content: [{ type: 'text', text: 'x'.repeat(40_000) }] }]
  const append = () => send('PATCH', path, JSON.stringify([{ op: 'append', content: paragraph }]))
  assert.deepEqual([(await append()).status, (await append()).status, (await append()).status], [200, 200, 413])
  assert.equal((await send('PUT', path, 'x'.repeat(100_001), 'text/markdown')).status, 413)
  assert.equal((await send('PUT', path, 'little', 'text/markdown')).status, 200, 'it can still be made smaller')
})

scenario('max_clients_per_document: one more waits outside until one leaves', async (scene) => {
  const server = await scene.server({ env: limits({ max_clients_per_document: 3 }) })
  const clients = []
  for (const kind of ['y-websocket-3', 'hocuspocus-4', 'y-sweet']) clients.push(await scene.client(kind, server, 'small').synced())
  const raw = await scene.raw(`${server.syncUrl}/small`)
  assert.deepEqual(await raw.closure(), { code: 1013, reason: 'document-full' })
  const collab = await scene.raw(server.collabUrl)
  const answer = await openNamed(collab, 'small')
  assert.deepEqual([answer.type, answer.kind, answer.text], [AUTH, 1, 'document-full'])
  assert.equal((await openNamed(collab, 'elsewhere')).step, 1, 'the socket is good for other documents')
  const waiting = scene.client('y-websocket-3', server, 'small')
  await until('the waiting client was turned away', () => waiting.closes.length > 0)
  clients[0].destroy()
  await waiting.synced()
  clients[1].doc.getText('text').insert(0, 'hello')
  await converged([waiting, clients[1]])
})

scenario('max_documents_per_socket: one more is denied, the others stay, a closed one makes room', async (scene) => {
  const server = await scene.server({ env: limits({ max_documents_per_socket: 5 }) })
  const socket = scene.socket('hocuspocus-4', server)
  const clients = Array.from({ length: 5 }, (_, index) => scene.client('hocuspocus-4', server, `page-${index}`, { socket }))
  await Promise.all(clients.map((client) => client.synced()))
  const sixth = scene.client('hocuspocus-4', server, 'page-5', { socket })
  await until('the sixth is denied', () => sixth.refusals.length > 0)
  clients[0].doc.getText('text').insert(0, 'undisturbed')
  await clients[0].acked()
  sixth.destroy()
  clients[4].destroy()
  await pause(50)
  await scene.client('hocuspocus-4', server, 'page-6', { socket }).synced()
  assert.equal(socket.connections, 1)
})

/** Sends `count` updates as fast as TCP takes them; resolves when the server has taken all in. */
async function burst (scene, server, count, bytes) {
  const doc = new Y.Doc()
  const raw = await scene.raw(server.collabUrl)
  await openNamed(raw, 'burst')
  doc.on('update', (edit) => raw.send(named('burst', update(edit))))
  const begun = performance.now()
  for (let sent = 0; sent < count; sent++) doc.getMap('map').set(`key-${sent}`, 'x'.repeat(bytes))
  const acknowledged = () => raw.messages.filter(({ type, applied }) => type === SYNC_STATUS && applied).length
  await until('every update is acknowledged', () => acknowledged() === count, { within: 30_000, detail: acknowledged })
  return { took: performance.now() - begun, doc, raw }
}

for (const [what, settings, count, bytes] of [
  ['messages_per_second', { messages_per_second: 100, messages_burst: 100 }, 400, 1],
  ['bytes_per_second', { bytes_per_second: 102_400, bytes_burst: 102_400, max_message_bytes: 65_536 }, 400, 1000],
]) {
  scenario(`${what}: over it a connection is read more slowly, loses nothing, and slows nobody else`, async (scene) => {
    const server = await scene.server({ env: limits(settings) })
    const [one, two] = [await scene.client('y-websocket-3', server, 'calm').synced(), await scene.client('hocuspocus-4', server, 'calm').synced()]
    const bursting = burst(scene, server, count, bytes)
    const latencies = []
    for (let edit = 0; edit < 20; edit++) {
      const begun = performance.now()
      one.doc.getArray('list').push([edit])
      await until('the edit arrives', () => two.doc.getArray('list').length === edit + 1, { every: 1 })
      latencies.push(performance.now() - begun)
      await pause(50)
    }
    const { took, doc, raw } = await bursting
    console.log(`# ${what}: a burst of ${count} took ${Math.round(took)} ms; others' edits at most ${Math.max(...latencies).toFixed(1)} ms`)
    assert.ok(took > 2_000, `not slowed: ${took} ms`)
    assert.ok(latencies.sort((left, right) => left - right)[10] < 250)
    assert.equal(raw.closed, null)
    const reader = await scene.client('y-websocket-3', server, 'burst').synced()
    assert.deepEqual(reader.doc.getMap('map').toJSON(), doc.getMap('map').toJSON())
  })
}

scenario('max_unauthenticated_sockets: strangers cannot take all places', async (scene) => {
  const server = await scene.server({
    playground: false,
    env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}`, ...limits({ max_unauthenticated_sockets: 5, authentication_timeout_seconds: 2 }) },
  })
  const token = signToken(SECRET)
  const known = await scene.client('hocuspocus-4', server, 'room', { token }).synced()
  const strangers = []
  for (let index = 0; index < 5; index++) strangers.push(await scene.raw(server.collabUrl))
  const late = await scene.raw(server.collabUrl)
  assert.deepEqual(await late.closure(), { code: 1013, reason: 'server-full' })
  known.doc.getText('text').insert(0, 'undisturbed')
  await known.acked()
  // y-websocket shows its token with the request and is never a stranger.
  await scene.client('y-websocket-3', server, 'room', { token }).synced()
  for (const stranger of strangers) assert.deepEqual(await stranger.closure({ within: 5_000 }), { code: 4508, reason: 'authentication-timeout' })
  await scene.client('hocuspocus-3', server, 'room', { token }).synced()
})

scenario('max_unauthenticated_sockets: of many who come at once and show their tokens nobody is refused', async (scene) => {
  const server = await scene.server({
    playground: false,
    env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}`, ...limits({ max_unauthenticated_sockets: 2 }) },
  })
  const token = signToken(SECRET)
  const clients = Array.from({ length: 60 }, (_, index) => scene.client(KINDS[index % KINDS.length], server, 'crowd', { token }))
  await Promise.all(clients.map((client) => client.synced()))
  for (const client of clients) assert.deepEqual(client.closes, [], client.kind)
})

scenario('authentication_timeout_seconds: a socket that only talks is closed as well', async (scene) => {
  const server = await scene.server({
    playground: false,
    env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}`, ...limits({ authentication_timeout_seconds: 1 }) },
  })
  const raw = await scene.raw(server.collabUrl)
  const talking = setInterval(() => raw.send(named('room', authentication('rubbish', '4.8.0'))), 100)
  scene.defer(() => clearInterval(talking))
  const begun = performance.now()
  assert.equal((await raw.closure()).code, 4508)
  assert.ok(performance.now() - begun < 4_000)
})

for (const [limit, value, frames] of [
  ['max_queued_messages_before_authentication', 50, Array(51).fill(named('room', update(insertion('x'))))],
  ['max_queued_bytes_before_authentication', 65_536, Array(40).fill(named('room', update(insertion('x'.repeat(1_000_000)))))],
]) {
  scenario(`${limit}: more than that is not kept for a stranger`, async (scene) => {
    const protection = { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}` }
    const server = await scene.server({ playground: false, env: { ...protection, ...limits({ [limit]: value }) } })
    const raw = await scene.raw(server.collabUrl)
    const before = server.memory()
    const begun = performance.now()
    for (const frame of frames) raw.send(frame)
    const { code } = await raw.closure()
    assert.equal(code, 4508)
    assert.ok(performance.now() - begun < 8_000, 'it was the time-out for strangers that closed it')
    assert.ok(server.memory() - before < 24 * 1024 * 1024, `${server.memory() - before} bytes kept for a stranger`)
    const reader = await scene.client('y-websocket-3', server, 'room', { token: signToken(SECRET) }).synced()
    assert.equal(reader.doc.getText('text').length, 0)
  })
}

scenario('header_timeout_seconds and max_header_bytes: slow and endless requests are cut off', async (scene) => {
  const server = await scene.server({ env: limits({ header_timeout_seconds: 1, max_header_bytes: 8_192 }) })
  const begin = () => {
    const socket = connectTcp({ port: server.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    scene.defer(() => socket.destroy())
    const state = { ended: false, text: '' }
    socket.on('data', (data) => { state.text += data })
    socket.on('close', () => { state.ended = true })
    return { socket, state }
  }
  const slow = Array.from({ length: 20 }, () => {
    const { socket, state } = begin()
    socket.write('GET /v1/sync/room HTTP/1.1\r\n')
    const dripping = setInterval(() => socket.write('x'), 100)
    scene.defer(() => clearInterval(dripping))
    return state
  })
  const silent = begin().state
  await until('the slow ones are cut off', () => [...slow, silent].every(({ ended }) => ended), { within: 6_000 })
  const endless = begin()
  endless.socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(60_000)}`)
  await until('the endless head is refused', () => endless.state.ended || endless.state.text.includes('431'))
  await scene.client('y-websocket-3', server, 'room').synced()
})

scenario('max_sockets: further ones wait, and come in when one leaves', async (scene) => {
  const server = await scene.server({ env: limits({ max_sockets: 4 }) })
  const clients = []
  for (let index = 0; index < 4; index++) clients.push(await scene.client('y-websocket-3', server, 'room').synced())
  const waiting = scene.client('hocuspocus-4', server, 'room')
  await pause(500)
  assert.ok(!waiting.isSynced)
  clients[0].doc.getText('text').insert(0, 'undisturbed')
  await converged(clients)
  clients[3].destroy()
  await waiting.synced()
})

scenario('max_awareness_…: too large a state or too many of them are not passed on', async (scene) => {
  const server = await scene.server({ env: limits({ max_awareness_state_bytes: 1_024, max_awareness_clients_per_connection: 3 }) })
  const watcher = await scene.client('hocuspocus-4', server, 'room').synced()
  const crowd = await scene.raw(`${server.syncUrl}/room`)
  crowd.send(awareness(Array.from({ length: 10 }, (_, index) => ({ client: index + 1, clock: 1, state: { index } }))))
  await until('some are seen', () => watcher.others.size > 0)
  await pause(100)
  assert.equal(watcher.others.size, 3)
  const loud = await scene.raw(`${server.syncUrl}/room`)
  loud.send(awareness([{ client: 99, clock: 1, state: { noise: 'x'.repeat(2_000) } }]))
  await pause(200)
  assert.ok(![...watcher.others.keys()].includes(99))
  assert.equal(watcher.connections, 1)
})

scenario('max_pending_bytes: edits that wait for missing ones are bounded, and come in when these arrive', async (scene) => {
  const server = await scene.server({ env: limits({ max_pending_bytes: 20_000 }) })
  const doc = new Y.Doc()
  const edits = []
  doc.on('update', (edit) => edits.push(edit))
  for (let edit = 0; edit < 200; edit++) doc.getText('text').insert(0, `${edit} ${'x'.repeat(300)}`)
  const reader = await scene.client('y-websocket-3', server, 'gaps').synced()
  const raw = await scene.raw(`${server.syncUrl}/gaps`)
  for (const edit of edits.slice(1)) raw.send(update(edit)) // 60 kB that wait for the first
  await pause(300)
  assert.equal(reader.doc.getText('text').length, 0)
  assert.ok(raw.closed !== null || raw.messages.some(({ type, step }) => type === SYNC && step === 0), 'the sender is asked or sent away')
  const missing = await scene.raw(`${server.syncUrl}/gaps`)
  missing.send(update(edits[0]))
  await until('what no longer waits is there', () => reader.doc.getText('text').length > 0)
  await pause(200)
  assert.ok(reader.doc.getText('text').length < doc.getText('text').length, 'not everything was kept')
  // A client that keeps its document simply syncs.
  const healing = await scene.client('y-websocket-3', server, 'gaps', { doc }).synced()
  await converged([healing, reader])
  assert.equal(reader.doc.getText('text').length, doc.getText('text').length)
})

scenario('max_nesting: types nested deeper than that are refused', async (scene) => {
  const server = await scene.server({ env: limits({ max_nesting: 10 }) })
  const honest = await scene.client('y-websocket-3', server, 'deep').synced()
  const nested = (depth) => {
    const doc = new Y.Doc()
    let map = doc.getMap('map')
    for (let level = 0; level < depth; level++) map = map.set('in', new Y.Map())
    return Y.encodeStateAsUpdate(doc)
  }
  const shallow = await scene.raw(`${server.syncUrl}/deep`)
  shallow.send(update(nested(8)))
  await until('shallow nesting is fine', () => honest.doc.getMap('map').has('in'))
  const deep = await scene.raw(`${server.syncUrl}/deep`)
  deep.send(update(nested(12)))
  assert.equal((await deep.closure()).code, 4400)
  honest.doc.getText('text').insert(0, 'still here')
  const reader = await scene.client('hocuspocus-4', server, 'deep').synced()
  await converged([honest, reader])
})

scenario('ping_seconds and unresponsive_seconds: a dead peer is let go, a living one is not', async (scene) => {
  const server = await scene.server({ env: limits({ ping_seconds: 1, unresponsive_seconds: 2 }) })
  const watcher = await scene.client('hocuspocus-4', server, 'room').synced()
  const dead = await scene.client('y-websocket-3', server, 'room').synced()
  dead.setPresence({ name: 'dead' })
  await until('it is seen', () => watcher.others.size === 1)
  dead.stopReading() // answers no more pings, sends no close
  await until('it is gone', () => watcher.others.size === 0, { within: 8_000 })
  assert.equal(watcher.connections, 1)
  await pause(2_500)
  assert.equal(watcher.connections, 1)
})

scenario('names that no document can have are refused with 4404', async (scene) => {
  const server = await scene.server()
  for (const name of ['x'.repeat(5_000), '%00', 'a%0Ab']) {
    const raw = await scene.raw(`${server.syncUrl}/${name}`)
    assert.equal((await raw.closure()).code, 4404, name.slice(0, 20))
  }
  const collab = await scene.raw(server.collabUrl)
  const long = 'x'.repeat(5_000)
  const answer = await openNamed(collab, long).catch(() => null)
  if (answer !== null) assert.equal(answer.kind, 1)
  else assert.notEqual(collab.closed, null)
})

for (const kind of KINDS) {
  scenario(`${kind}: ordinary bursts stay under the default limits`, async (scene) => {
    const server = await scene.server()
    const [writer, reader] = [await scene.client(kind, server, 'busy').synced(), await scene.client('y-websocket-3', server, 'busy').synced()]
    for (let edit = 0; edit < 2_000; edit++) writer.doc.getText('text').insert(edit, 'x')
    await converged([writer, reader])
    assert.deepEqual([writer.connections, reader.connections], [1, 1])
  })
}
