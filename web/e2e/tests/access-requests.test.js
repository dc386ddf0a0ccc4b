// Somebody who does not see a document asks for it and is let in, and who watches it hears that it was changed: with the released
// clients and a mail server that is not ours.

import assert from 'node:assert/strict'
import { inboxOf } from '../support/inbox.js'
import { MailSink } from '../support/mails.js'
import { nodes } from '../support/nodes.js'
import { ask, joins, person, request } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

/** A server that sends through a sink, Ada, who has a document, and two guests who do not see it. */
async function world (scene) {
  const guests = []
  const { servers: [server], owner: ada } = await nodes(scene, 1, {
    before: async (server, ada) => {
      for (const name of ['cem', 'dov']) {
        guests.push(await person(server, name))
        await joins(server, ada, ada.workspace, guests.at(-1), 'guest')
      }
    },
  })
  const sink = await new MailSink().start()
  scene.defer(() => sink.dispose())
  Object.assign(server.env, sink.env)
  await server.restart()
  const as = (who) => (method, path, body) => ask(server, method, path, { token: who.token, body })
  const document = (await as(ada)('POST', `/v1/projects/${ada.project}/documents`, { title: 'Patterns', kind: 'text' })).id
  return { server, ada, guests, sink, as, document, path: `/v1/documents/${document}` }
}

const told = (server, who, type, count = 1) => until(`${who.email} was told ${type}`, async () => {
  const row = (await inboxOf(server, who)).find((row) => row.type === type)
  return row?.count === count && row
})

scenario('who asks for a document and is let in edits it; what was declined stays unsaid', { timeout: 120_000 }, async (scene) => {
  const { server, ada, guests: [cem, dov], sink, as, document, path } = await world(scene)
  const shut = scene.client('hocuspocus-4', server, document, { token: cem.token })
  await until('the document is not his to open', () => shut.refusals.length > 0)
  shut.destroy()

  const message = 'I weave the border\r\nBcc: eve@example.org\r\n<script>alert(1)</script>'
  await as(cem)('POST', `${path}/access-requests`, { message: message.replaceAll('\r', '') })
  await as(dov)('POST', `${path}/access-requests`, {})
  await until('both were mailed', () => sink.with('asks to see Patterns').length === 2)
  const [mail] = sink.with('I weave the border')
  assert.deepEqual([mail.to, mail.defects], [[ada.email], []])
  assert.ok(!mail.html.includes('<script') && !mail.headers.some(([name]) => name === 'bcc'))
  const { data } = await as(ada)('GET', `${path}/access-requests?sort=created_at`)
  assert.deepEqual(data.map(({ user_id: id }) => id), [cem.id, dov.id])

  await as(ada)('POST', `${path}/access-requests/${dov.id}:decline`)
  await as(ada)('POST', `${path}/access-requests/${cem.id}:grant`, { role: 'editor' })
  await told(server, cem, 'document_shared')
  const own = await scene.client('hocuspocus-4', server, document, { token: cem.token }).synced()
  own.doc.getText('text').insert(0, 'The border')
  await own.acked()
  assert.deepEqual(await inboxOf(server, dov), [], 'nobody says no')
  assert.equal((await request(server, 'GET', path, { token: dov.token })).status, 404)
  await until('Ada has nothing left to decide', async () => (await inboxOf(server, ada, 'unread')).length === 0)
})

scenario('whoever watches a document hears once that others changed it, however they did', { timeout: 120_000 }, async (scene) => {
  const { server, ada, guests: [cem, dov], as, document, path } = await world(scene)
  for (const { id } of [cem, dov]) await as(ada)('PUT', `${path}/shares/${id}`, { role: 'editor' })
  for (const who of [ada, cem]) await as(who)('PUT', `${path}/subscription`, { state: 'watching' })
  const clients = await Promise.all([cem, dov].map(({ token }) => scene.client('hocuspocus-4', server, document, { token }).synced()))
  // Both at once, so that one row of the log may hold edits of both.
  for (let round = 0; round < 20; round++) {
    clients.forEach((client, index) => client.doc.getText('text').insert(0, `${index}`))
  }
  await Promise.all(clients.map((client) => client.acked()))
  const row = await told(server, ada, 'document_changed', 2)
  assert.equal(row.title.endsWith('changed Patterns'), true, row.title)
  assert.deepEqual(row.actors.map(({ user_id: id }) => id).sort(), [cem.id, dov.id].sort())
  const his = await told(server, cem, 'document_changed')
  assert.deepEqual(his.actors.map(({ user_id: id }) => id), [dov.id], 'not of his own')
  assert.equal((await inboxOf(server, dov)).some(({ type }) => type === 'document_changed'), false, 'he does not watch')
  const { data } = await as(ada)('GET', `/v1/events?workspace_id=${ada.workspace}&types=document.updated`)
  assert.deepEqual(data.map(({ actor_user_id: id }) => id).sort(), [cem.id, dov.id].sort(), 'one of each, for forty edits')
})
