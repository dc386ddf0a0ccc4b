// Hocuspocus sockets carry many documents: each is opened, closed, refused and acknowledged by itself.

import assert from 'node:assert/strict'
import { HOCUSPOCUS_KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'
import { authentication, AUTH, close, CLOSE, named, stepOne, SYNC } from '../support/wire.js'

for (const kind of HOCUSPOCUS_KINDS) {
  scenario(`${kind}: fifty documents on one socket stay apart`, async (scene) => {
    const server = await scene.server()
    const socket = scene.socket(kind, server)
    const clients = Array.from({ length: 50 }, (_, index) => scene.client(kind, server, `page-${index}`, { socket }))
    await Promise.all(clients.map((client) => client.synced()))
    clients.forEach((client, index) => client.doc.getText('text').insert(0, `page ${index}`))
    await Promise.all(clients.map((client) => client.acked()))
    for (const index of [0, 17, 49]) {
      const reader = await scene.client('y-websocket-3', server, `page-${index}`).synced()
      assert.equal(reader.doc.getText('text').toString(), `page ${index}`)
    }
    assert.equal(socket.connections, 1)
  })

  scenario(`${kind}: a document is closed and opened again on the same socket`, async (scene) => {
    const server = await scene.server()
    const socket = scene.socket(kind, server)
    const staying = await scene.client(kind, server, 'staying', { socket }).synced()
    const watcher = await scene.client('y-websocket-3', server, 'coming-and-going').synced()
    for (let visit = 1; visit <= 3; visit++) {
      const visitor = await scene.client(kind, server, 'coming-and-going', { socket }).synced()
      visitor.setPresence({ visit })
      await until('the visitor is seen', () => [...watcher.others.values()].some((state) => state.visit === visit))
      visitor.doc.getArray('list').push([visit])
      await visitor.acked()
      await converged([visitor, watcher])
      visitor.destroy()
      // 2.x leaves the server in the dark when one of several documents goes; its presence message says goodbye.
      await until('the visitor is gone', () => watcher.others.size === 0)
    }
    staying.doc.getText('text').insert(0, 'undisturbed')
    await staying.acked()
    assert.equal(socket.connections, 1)
    assert.deepEqual(watcher.doc.getArray('list').toJSON(), [1, 2, 3])
  })

  scenario(`${kind}: stateless messages reach the document's other Hocuspocus clients and no other document`, async (scene) => {
    const server = await scene.server()
    const [sender, receiver, elsewhere] = await Promise.all(['here', 'here', 'elsewhere'].map((name) =>
      scene.client(kind, server, name).synced()))
    const bystander = await scene.client('y-websocket-3', server, 'here').synced()
    sender.sendStateless('{"ring":"🔔"}')
    await until('the message arrives', () => receiver.statelessMessages.length > 0)
    assert.deepEqual(receiver.statelessMessages, ['{"ring":"🔔"}'])
    assert.deepEqual(elsewhere.statelessMessages, [])
    bystander.doc.getText('text').insert(0, 'still here')
    await converged([sender, receiver, bystander])
    assert.equal(bystander.connections, 1)
  })

  scenario(`${kind}: unsyncedChanges returns to zero after every burst`, async (scene) => {
    const server = await scene.server()
    const client = await scene.client(kind, server, 'counted').synced()
    for (const burst of [1, 7, 200]) {
      for (let edit = 0; edit < burst; edit++) client.doc.getArray('list').push([edit])
      assert.equal(client.pending, burst, 'every edit waits for its acknowledgement')
      await client.acked()
    }
    await pause(100)
    assert.equal(client.pending, 0, 'no acknowledgement too many')
    // An undone and redone selection sends deletions that the server has already: they are acknowledged too.
    client.doc.getArray('list').delete(0, 100)
    await client.acked()
  })
}

scenario('hocuspocus-4: two sessions of one document share a socket', async (scene) => {
  const server = await scene.server()
  const socket = scene.socket('hocuspocus-4', server)
  const left = scene.client('hocuspocus-4', server, 'split-view', { socket, sessionAwareness: true })
  const right = scene.client('hocuspocus-4', server, 'split-view', { socket, sessionAwareness: true })
  await Promise.all([left.synced(), right.synced()])
  left.setPresence({ pane: 'left' })
  right.setPresence({ pane: 'right' })
  left.doc.getText('text').insert(0, 'from the left ')
  right.doc.getText('text').insert(0, 'from the right ')
  await Promise.all([left.acked(), right.acked()])
  await converged([left, right])
  await until('each sees the other', () => left.others.size === 1 && right.others.size === 1)
  left.destroy()
  await until('the left pane is gone, the right one stays', () => right.others.size === 0)
  right.doc.getText('text').insert(0, 'alone ')
  await right.acked()
  const reader = await scene.client('y-websocket-3', server, 'split-view').synced()
  await converged([right, reader])
  assert.equal(socket.connections, 1)
})

scenario('closing a document that is not open does not end the next opening', async (scene) => {
  const server = await scene.server()
  const raw = await scene.raw(server.collabUrl)
  raw.send(named('late', close()))
  raw.send(named('late', authentication('', '4.8.0')))
  raw.send(named('late', stepOne()))
  await raw.message('the answer to step 1', ({ type, step }) => type === SYNC && step === 1)
  assert.equal(raw.messages[0].type, AUTH, 'authenticated comes first')
  await pause(100)
  assert.ok(!raw.messages.some(({ type }) => type === CLOSE))
})
