// Who may do what: tokens signed by the application decide, for every client and for every single edit.

import assert from 'node:assert/strict'
import { get } from 'node:http'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { HOCUSPOCUS_KINDS, Y_WEBSOCKET_KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { signToken } from '../support/token.js'
import { pause, until } from '../support/until.js'
import { AUTH, authentication, named, stepOne, stepTwo, SYNC, SYNC_STATUS, update } from '../support/wire.js'

const SECRET = 'an application secret of more than thirty-two bytes'
const PROTECTED = { playground: false, env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}` } }
const token = (claims) => signToken(SECRET, claims)
const hourAgo = () => Math.floor(Date.now() / 1000) - 3600

const BAD_TOKENS = {
  'no token': undefined,
  'an empty token': '',
  rubbish: 'not.a.token',
  'another secret': signToken('another secret that has also more than 32 bytes', {}),
  'an expired token': token({ exp: hourAgo() }),
  'another audience': token({ aud: 'elsewhere' }),
  'no signature': `${token({}).split('.').slice(0, 2).join('.')}.`,
  'algorithm none': `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token({}).split('.')[1]}.`,
}

for (const [what, bad] of Object.entries(BAD_TOKENS)) {
  scenario(`${what} opens nothing`, async (scene) => {
    const server = await scene.server(PROTECTED)
    const query = bad === undefined ? '' : `?token=${encodeURIComponent(bad)}`
    const raw = await scene.raw(`${server.syncUrl}/secret${query}`)
    assert.equal((await raw.closure()).code, 4401)
    assert.deepEqual(raw.frames, [], 'nothing was said before')
    const collab = await scene.raw(server.collabUrl)
    collab.send(named('secret', authentication(bad ?? '', '4.8.0')))
    collab.send(named('secret', stepOne()))
    const { kind } = await collab.message('an answer to the token', ({ type }) => type === AUTH)
    assert.equal(kind, 1, 'denied')
    await pause(50)
    assert.ok(!collab.messages.some(({ type }) => type === SYNC))
  })
}

scenario('w9: a token opens the documents it names and no others', async (scene) => {
  const server = await scene.server(PROTECTED)
  const narrow = token({ documents: ['notes', 'team/*'] })
  for (const name of ['notes', 'team/plan', 'team/a/b']) {
    await scene.client('y-websocket-3', server, name, { token: narrow }).synced()
    await scene.client('hocuspocus-4', server, name, { token: narrow }).synced()
  }
  for (const name of ['notes2', 'team', 'other']) {
    const refused = scene.client('y-websocket-3', server, name, { token: narrow })
    await until('y-websocket is refused', () => refused.closes.length > 0)
    assert.equal(refused.closes[0].code, 4403)
    await pause(50)
    assert.equal(refused.provider.shouldConnect, false, 'and does not come back')
    const denied = scene.client('hocuspocus-4', server, name, { token: narrow })
    await until('Hocuspocus is denied', () => denied.refusals.length > 0)
    assert.equal(denied.refusals[0], 'forbidden')
  }
})

for (const kind of HOCUSPOCUS_KINDS) {
  scenario(`${kind}: one document denied, the others on the socket open, and a good token opens it later`, async (scene) => {
    const server = await scene.server(PROTECTED)
    const socket = scene.socket(kind, server)
    const narrow = token({ documents: ['open'] })
    const open = await scene.client(kind, server, 'open', { socket, token: narrow }).synced()
    const denied = scene.client(kind, server, 'closed', { socket, token: narrow })
    await until('the document is denied', () => denied.refusals.length > 0)
    open.doc.getText('text').insert(0, 'unharmed')
    await open.acked()
    denied.destroy()
    const allowed = await scene.client(kind, server, 'closed', { socket, token: token({ documents: ['closed'] }) }).synced()
    allowed.doc.getText('text').insert(0, 'let in')
    await allowed.acked()
    assert.equal(socket.connections, 1)
  })

  scenario(`${kind}: read-only sees everything, is seen, and changes nothing`, async (scene) => {
    const server = await scene.server(PROTECTED)
    const writer = await scene.client('hocuspocus-4', server, 'paper', { token: token() }).synced()
    writer.doc.getText('text').insert(0, 'printed')
    const reader = scene.client(kind, server, 'paper', { token: token({ scope: 'read-only', sub: 'reader' }) })
    await until('the reader sees the text', () => reader.doc.getText('text').toString() === 'printed')
    assert.equal(reader.scope, 'readonly')
    reader.setPresence({ name: 'reader' })
    await until('the reader is seen', () => [...writer.others.values()].some(({ name }) => name === 'reader'))
    reader.doc.getText('text').insert(0, 'scribbled ')
    await pause(200)
    assert.ok(reader.provider.unsyncedChanges > 0, 'a refused edit is never acknowledged')
    writer.doc.getText('text').insert(7, ' on')
    await until('the reader sees what the writer does', () => reader.doc.getText('text').toString().includes('printed on'))
    assert.equal(writer.doc.getText('text').toString(), 'printed on')
    const newcomer = await scene.client('y-websocket-3', server, 'paper', { token: token() }).synced()
    assert.equal(newcomer.doc.getText('text').toString(), 'printed on')
  })
}

for (const kind of Y_WEBSOCKET_KINDS) {
  scenario(`${kind}: read-only changes nothing, also not by reconnecting with edits`, async (scene) => {
    const server = await scene.server(PROTECTED)
    const writer = await scene.client('hocuspocus-4', server, 'paper', { token: token() }).synced()
    writer.doc.getText('text').insert(0, 'printed')
    await writer.acked()
    const reader = await scene.client(kind, server, 'paper', { token: token({ scope: 'read-only' }) }).synced()
    reader.setPresence({ name: 'reader' })
    await until('the reader is seen', () => [...writer.others.values()].some(({ name }) => name === 'reader'))
    reader.doc.getText('text').insert(0, 'scribbled ')
    reader.disconnect()
    reader.doc.getText('text').insert(0, 'offline ')
    reader.connect()
    await reader.synced()
    await pause(200)
    const newcomer = await scene.client('y-websocket-3', server, 'paper', { token: token() }).synced()
    assert.equal(newcomer.doc.getText('text').toString(), 'printed')
    await converged([writer, newcomer])
  })
}

scenario('w10: sync statuses of a read-only connection say what was refused', async (scene) => {
  const server = await scene.server(PROTECTED)
  const writer = await scene.client('hocuspocus-4', server, 'paper', { token: token() }).synced()
  writer.doc.getText('text').insert(0, 'printed')
  await writer.acked()
  const known = Y.encodeStateAsUpdate(writer.doc)
  const fresh = new Y.Doc()
  fresh.getText('text').insert(0, 'scribbled')
  const news = Y.encodeStateAsUpdate(fresh)

  const raw = await scene.raw(server.collabUrl)
  const statuses = () => raw.messages.filter(({ type }) => type === SYNC_STATUS).map(({ applied }) => applied)
  raw.send(named('paper', authentication(token({ scope: 'read-only' }), '4.8.0')))
  raw.send(named('paper', stepOne()))
  const { text } = await raw.message('the scope', ({ type }) => type === AUTH)
  assert.equal(text, 'readonly')
  raw.send(named('paper', stepTwo(known)))
  raw.send(named('paper', stepTwo()))
  raw.send(named('paper', stepTwo(news)))
  raw.send(named('paper', update(news)))
  await until('four answers', () => statuses().length === 4, { detail: statuses })
  assert.deepEqual(statuses(), [true, true, false, false])
})

scenario('edits and questions before the authentication is decided are kept, in order, and answered after it', async (scene) => {
  const server = await scene.server(PROTECTED)
  const doc = new Y.Doc()
  const edits = []
  doc.on('update', (bytes) => edits.push(bytes))
  for (let edit = 0; edit < 50; edit++) doc.getArray('list').push([edit])
  const raw = await scene.raw(server.collabUrl)
  raw.send(named('early', stepOne()))
  for (const edit of edits) raw.send(named('early', update(edit)))
  await pause(100)
  assert.deepEqual(raw.frames, [], 'nothing is answered before')
  raw.send(named('early', authentication(token(), '4.8.0')))
  await until('all edits are acknowledged', () => raw.messages.filter(({ type, applied }) => type === SYNC_STATUS && applied).length === 50)
  assert.equal(raw.messages[0].type, AUTH)
  const reader = await scene.client('y-websocket-3', server, 'early', { token: token() }).synced()
  assert.deepEqual(reader.doc.getArray('list').toJSON(), Array.from({ length: 50 }, (_, index) => index))
})

scenario('the same provider is let in after a denial when its token has become good', async (scene) => {
  const server = await scene.server(PROTECTED)
  const raw = await scene.raw(server.collabUrl)
  raw.send(named('later', authentication('bad', '4.8.0')))
  raw.send(named('later', stepOne()))
  await raw.message('a denial', ({ type, kind }) => type === AUTH && kind === 1)
  raw.send(named('later', authentication(token(), '4.8.0')))
  raw.send(named('later', stepOne()))
  await raw.message('the answer to step 1', ({ type, step }) => type === SYNC && step === 1)
})

scenario('a token that is replaced by a bad one closes the document', async (scene) => {
  const server = await scene.server(PROTECTED)
  const doc = new Y.Doc()
  doc.getText('text').insert(0, 'too late')
  const raw = await scene.raw(server.collabUrl)
  raw.send(named('paper', authentication(token(), '4.8.0')))
  raw.send(named('paper', stepOne()))
  await raw.message('the answer to step 1', ({ type, step }) => type === SYNC && step === 1)
  raw.send(named('paper', authentication(token({ exp: hourAgo() }), '4.8.0')))
  await raw.message('a denial', ({ type, kind }) => type === AUTH && kind === 1)
  raw.send(named('paper', update(Y.encodeStateAsUpdate(doc))))
  await pause(200)
  const reader = await scene.client('y-websocket-3', server, 'paper', { token: token() }).synced()
  assert.equal(reader.doc.getText('text').toString(), '')
})

scenario('a token that expires ends what it had opened', async (scene) => {
  const server = await scene.server({ playground: false, env: { ...PROTECTED.env, WEFT_AUTH_LEEWAY_SECONDS: '0' } })
  const brief = token({ exp: Math.floor(Date.now() / 1000) + 3 })
  const raw = await scene.raw(`${server.syncUrl}/fleeting?token=${brief}`)
  const collab = await scene.raw(server.collabUrl)
  collab.send(named('fleeting', authentication(brief, '4.8.0')))
  await collab.message('the way in', ({ type, kind }) => type === AUTH && kind === 2)
  assert.equal((await raw.closure({ within: 15_000 })).code, 4401)
  await collab.message('the end of it', ({ type, kind }) => type === AUTH && kind === 1, { within: 15_000 })
  const seen = collab.frames.length
  collab.send(named('fleeting', stepOne()))
  await pause(200)
  assert.equal(collab.frames.length, seen, 'what comes afterwards is not answered')
})

scenario('w9: a document that the token does not name, on a socket that has others, is denied without a word of it', async (scene) => {
  const server = await scene.server(PROTECTED)
  const owner = scene.client('hocuspocus-4', server, 'theirs', { token: token({ documents: ['theirs'] }) })
  await owner.synced()
  owner.doc.getText('text').insert(0, 'secret')
  await owner.acked()
  const raw = await scene.raw(server.collabUrl)
  raw.send(named('mine', authentication(token({ documents: ['mine'] }), '4.8.0')))
  raw.send(named('mine', stepOne()))
  await raw.message('the own document', ({ name, type }) => name === 'mine' && type === SYNC)
  for (const claim of [token({ documents: ['mine'] }), '']) {
    raw.send(named('theirs', authentication(claim, '4.8.0')))
    raw.send(named('theirs', stepOne()))
    raw.send(named('theirs', Uint8Array.of(3)))
  }
  await until('both are denied', () => raw.messages.filter(({ name, type, kind }) => name === 'theirs' && type === AUTH && kind === 1).length === 2)
  raw.send(named('mine', stepOne()))
  await pause(100)
  assert.ok(raw.messages.filter(({ name }) => name === 'theirs').every(({ type }) => type === AUTH), 'nothing else is said about it')
  assert.ok(raw.messages.filter(({ name, type }) => name === 'mine' && type === SYNC).length >= 2, 'and the own document goes on')
})

scenario('w3: a token in an address reaches no log', async (scene) => {
  const server = await scene.server({ ...PROTECTED, env: { ...PROTECTED.env, WEFT_LOG_LEVEL: 'debug' } })
  const secret = token({ documents: ['notes'] })
  await scene.client('y-websocket-3', server, 'notes', { token: secret }).synced()
  const refused = scene.client('y-websocket-3', server, 'other', { token: secret })
  await until('it is refused', () => refused.closes.length > 0)
  assert.ok(server.log.includes('/v1/sync/notes'), 'the request itself is logged')
  const signature = secret.split('.')[2]
  assert.ok(!server.log.includes(secret) && !server.log.includes(signature))
})

scenario('w1: pages of other origins open no socket', async (scene) => {
  const server = await scene.server({ ...PROTECTED, env: { ...PROTECTED.env, WEFT_AUTH_ALLOWED_ORIGINS: 'https://app.example.com' } })
  const tricks = [
    'null', 'https://app.example.com.evil.org', 'https://evil-app.example.com', 'http://app.example.com',
    'https://app.example.com:8443', 'https://app.example.com@evil.org', 'https://APP.example.com.', `http://${server.host}`,
  ]
  for (const origin of tricks) assert.equal(await upgrade(server, origin), 403, origin)
  assert.equal(await upgrade(server, 'https://app.example.com'), 101)
  assert.equal(await upgrade(server, undefined), 101, 'programs that are no browsers send none')
})

scenario('w15: a cookie opens nothing, whatever it holds: another page cannot use a login that a browser carries', async (scene) => {
  const server = await scene.server(PROTECTED)
  const good = token({ documents: ['*'] })
  for (const name of ['token', 'access_token', '__Host-weft', 'session', 'authorization']) {
    const headers = { cookie: `${name}=${good}` }
    const socket = new WebSocket(`${server.syncUrl}/secret`, { headers })
    const code = await new Promise((resolve, reject) => { socket.once('close', resolve); socket.once('error', reject) })
    assert.equal(code, 4401, name)
    const { status } = await fetch(`${server.httpUrl}/v1/documents`, { headers })
    assert.equal(status, 401, name)
  }
})

/** The status with which an upgrade from `origin` is answered. */
function upgrade (server, origin) {
  return new Promise((resolve, reject) => {
    const request = get(`${server.httpUrl}/v1/collab`, {
      headers: {
        connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...(origin === undefined ? {} : { origin }),
      },
    })
    request.on('response', (response) => { response.resume(); resolve(response.statusCode) })
    request.on('upgrade', (response, socket) => { socket.destroy(); resolve(101) })
    request.on('error', reject)
  })
}
