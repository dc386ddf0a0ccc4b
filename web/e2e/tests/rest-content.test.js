// Documents over REST: the same documents that people edit live, read and changed as Markdown, HTML, JSON and updates.

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { scenario } from '../support/scenario.js'
import { signToken } from '../support/token.js'
import { pause, until } from '../support/until.js'

const SECRET = 'an application secret of more than thirty-two bytes'
const PROTECTED = { playground: false, env: { WEFT_AUTH_DOCUMENT_TOKEN_SECRETS: `main:${SECRET}` } }

/** A small REST client: answers with status, headers, text and, where it is one, the JSON value. */
const api = (server, token) => async (method, path, { body, headers = {} } = {}) => {
  const authorization = token ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(server.httpUrl + path, { method, body, headers: { ...authorization, ...headers } })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, etag: response.headers.get('etag'), text, json }
}

const markdown = { 'content-type': 'text/markdown' }
const asMarkdown = { headers: { accept: 'text/markdown' } }
const create = async (call, name, content) => {
  const created = await call('POST', '/v1/documents', { body: JSON.stringify({ name, format: 'markdown', content }) })
  assert.equal(created.status, 201, created.text)
  return created
}

/** The text of each paragraph of a live client's document. */
const paragraphs = (doc) => doc.getXmlFragment('prosemirror').toArray().map((block) => block.toArray().map((text) => text.toString()).join(''))

scenario('a document made over REST is there for live editors, and their edits are there over REST', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json, headers } = await create(call, 'notes/today', '# Plan\n\nfirst **bold** step')
  assert.equal(headers.get('location'), `/v1/documents/${json.id}`)
  const client = await scene.client('hocuspocus-4', server, 'notes/today').synced()
  const fragment = client.doc.getXmlFragment('prosemirror')
  assert.equal(fragment.get(0).nodeName, 'heading')
  fragment.get(1).get(0).insert(0, 'the ')
  await client.acked()
  const path = `/v1/documents/${json.id}/content`
  assert.equal((await call('GET', path, asMarkdown)).text.trim(), '# Plan\n\nthe first **bold** step')
  assert.match((await call('GET', `${path}?format=html`)).text, /<h1>Plan<\/h1>/)
  assert.equal((await call('GET', path)).json.type, 'doc')
  const listed = await call('GET', '/v1/documents?name=notes%2Ftoday')
  assert.equal(listed.json.data[0].id, json.id)
})

scenario('what people type survives a hundred PUTs of the same document, and nothing is doubled', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json } = await create(call, 'busy', 'typed:\n\ncounter 0')
  const path = `/v1/documents/${json.id}/content`
  const client = await scene.client('hocuspocus-4', server, 'busy').synced()
  const line = client.doc.getXmlFragment('prosemirror').get(0).get(0)
  let typed = ''
  let typing = true
  const typist = (async () => {
    for (let key = 0; typing; key++) {
      const letter = String.fromCharCode(97 + (key % 26))
      line.insert(line.length, letter)
      typed += letter
      // Somebody who types faster than anybody can, but leaves a gap now and then that a read and a write fit into.
      await pause(key % 4 === 0 ? 60 : 3)
    }
  })()
  let conflicts = 0
  for (let put = 1; put <= 100;) {
    const { text, etag } = await call('GET', path, asMarkdown)
    const body = text.replace(/counter \d+/, `counter ${put}`)
    const answer = await call('PUT', path, { body, headers: { ...markdown, 'if-match': etag } })
    assert.ok([200, 412].includes(answer.status), answer.text)
    if (answer.status === 200) put++
    else conflicts++
  }
  typing = false
  await typist
  await client.acked()
  const expected = [`typed:${typed}`, 'counter 100']
  await until('the last PUT has reached the client', () => paragraphs(client.doc)[1] === expected[1])
  assert.deepEqual(paragraphs(client.doc), expected)
  assert.equal((await call('GET', path, asMarkdown)).text.trim(), expected.join('\n\n'))
  scene.t.diagnostic(`${typed.length} letters typed during 100 PUTs, ${conflicts} of them asked again after a 412`)
})

scenario('of two who read the same version only one may write', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json } = await create(call, 'contested', 'start')
  const path = `/v1/documents/${json.id}/content`
  const { etag } = await call('GET', path)
  const put = (body, condition) => call('PUT', path, { body, headers: { ...markdown, ...condition } })
  const answers = await Promise.all(['ann', 'bob'].map((name) => put(name, { 'if-match': etag })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412])
  assert.equal((await put('eve', {})).status, 428)
  assert.equal((await put('eve', { 'if-match': '*' })).status, 200)
  const now = await call('GET', path)
  assert.equal((await call('GET', path, { headers: { 'if-none-match': now.etag } })).status, 304)
})

scenario('what REST has answered is there after kill -9', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json } = await create(call, 'firm', 'begin')
  const path = `/v1/documents/${json.id}/content`
  for (let line = 0; line < 20; line++) {
    const operation = [{ op: 'append', content: [{ type: 'paragraph', content: [{ type: 'text', text: `line ${line}` }] }] }]
    const answer = await call('PATCH', path, { body: JSON.stringify(operation), headers: { 'content-type': 'application/json' } })
    assert.equal(answer.status, 200, answer.text)
  }
  await server.kill9()
  await server.start()
  const lines = (await call('GET', path, asMarkdown)).text.trim().split('\n\n')
  assert.deepEqual(lines, ['begin', ...Array.from({ length: 20 }, (_, line) => `line ${line}`)])
})

scenario('updates made elsewhere are taken in, hostile ones are not', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json } = await create(call, 'merged', 'here')
  const path = `/v1/documents/${json.id}/content`
  const yjs = { 'content-type': 'application/vnd.yjs.update' }
  const doc = new Y.Doc()
  Y.applyUpdate(doc, new Uint8Array(await (await fetch(`${server.httpUrl}${path}?format=yjs`)).arrayBuffer()))
  doc.getMap('settings').set('colour', 'green')
  assert.equal((await call('PATCH', path, { body: Y.encodeStateAsUpdate(doc), headers: yjs })).status, 200)
  const client = await scene.client('y-websocket-3', server, 'merged').synced()
  assert.equal(client.doc.getMap('settings').get('colour'), 'green')
  const hostile = Buffer.from('010166ffffffff0f040101740668656c6c6f2000', 'hex')
  assert.equal((await call('PATCH', path, { body: hostile, headers: yjs })).status, 422)
  assert.equal((await call('PATCH', path, { body: Buffer.alloc(40 << 20), headers: yjs })).status, 413)
})

scenario('bad requests are answered with a problem that says where, and harm nobody', async (scene) => {
  const server = await scene.server()
  const call = api(server)
  const { json } = await create(call, 'plain', 'text')
  const path = `/v1/documents/${json.id}/content`
  const put = (body, type) => call('PUT', path, { body, headers: { 'content-type': type, 'if-match': '*' } })
  const cases = [
    [await put('{', 'application/json'), 422, 'CONTENT_NOT_ACCEPTED'],
    [await put('{"type":"doc","content":[{"type":7}]}', 'application/json'), 422, 'CONTENT_NOT_ACCEPTED'],
    [await put(`${'['.repeat(100_000)}`, 'application/json'), 422, 'CONTENT_NOT_ACCEPTED'],
    [await put('x'.repeat(5 << 20), 'text/markdown'), 413, 'BODY_TOO_LARGE'],
    [await put('x', 'image/png'), 415, 'UNKNOWN_FORMAT'],
    [await call('GET', '/v1/documents/nobody'), 404, 'NOT_FOUND'],
    [await call('GET', `/v1/documents/${'0'.repeat(8)}-0000-7000-8000-000000000000`), 404, 'NOT_FOUND'],
    [await call('GET', '/v1/documents?page=1'), 400, 'INVALID_QUERY'],
    [await call('POST', '/v1/documents', { body: '{"name":"plain"}' }), 409, 'DOCUMENT_EXISTS'],
    [await call('POST', '/v1/documents', { body: '{"name":""}' }), 422, 'INVALID_DOCUMENT'],
    [await call('POST', '/v1/documents', { body: '{"name":"x","owner":1}' }), 400, 'INVALID_BODY'],
    [await call('DELETE', path), 405, 'METHOD_NOT_ALLOWED'],
  ]
  for (const [answer, status, code] of cases) {
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/)
    assert.equal(answer.json.code, code)
    assert.equal(typeof answer.json.message, 'string')
  }
  assert.match(cases[1][0].json.details[0].field, /content\[0\]/)
  const script = '<p>hi<script>alert(1)</script><a href="javascript:alert(1)">x</a><img src=x onerror=alert(1)></p>'
  assert.equal((await put(script, 'text/html')).status, 200)
  assert.doesNotMatch((await call('GET', `${path}?format=html`)).text, /script|onerror/i)
})

scenario('tokens decide over REST as they do over sockets', async (scene) => {
  const server = await scene.server(PROTECTED)
  const writer = api(server, signToken(SECRET, { documents: ['team/*'] }))
  const { json } = await create(writer, 'team/plan', 'secret')
  const path = `/v1/documents/${json.id}`
  for (const stranger of [api(server), api(server, 'rubbish')]) {
    assert.equal((await stranger('GET', path)).status, 401)
    assert.equal((await stranger('GET', '/v1/documents?name=team%2Fplan')).status, 401)
  }
  const other = api(server, signToken(SECRET, { documents: ['elsewhere'] }))
  assert.equal((await other('GET', `${path}/content`)).status, 404)
  assert.deepEqual((await other('GET', '/v1/documents')).json.data, [])
  assert.equal((await other('POST', '/v1/documents', { body: '{"name":"team/more"}' })).status, 404)
  const reader = api(server, signToken(SECRET, { documents: ['team/*'], scope: 'read-only' }))
  assert.equal((await reader('GET', `${path}/content`)).status, 200)
  const put = await reader('PUT', `${path}/content`, { body: 'x', headers: { ...markdown, 'if-match': '*' } })
  assert.equal(put.status, 403)
  assert.equal((await writer('GET', `${path}/content`, asMarkdown)).text.trim(), 'secret')
  assert.equal((await fetch(`${server.httpUrl}${path}?token=${signToken(SECRET, {})}`)).status, 401, 'no token in an address')
})
