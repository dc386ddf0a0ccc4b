// Who is here: seen by everybody at once, gone when the connection is gone, however it ended.

import assert from 'node:assert/strict'
import { KINDS } from '../support/clients.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'
import { AWARENESS, awareness } from '../support/wire.js'

const namesSeenBy = (client) => [...client.others.values()].map(({ name }) => name).sort()
const sees = (client, ...names) => until(`${client.kind} sees [${names}]`, () =>
  JSON.stringify(namesSeenBy(client)) === JSON.stringify(names), { detail: () => namesSeenBy(client) })

for (const kind of KINDS) {
  const other = kind.startsWith('hocuspocus') ? 'y-websocket-3' : 'hocuspocus-4'

  scenario(`${kind}: presence appears, changes and disappears, also when the connection is cut`, async (scene) => {
    const server = await scene.server()
    const watcher = await scene.client(other, server, 'room').synced()
    const leaving = await scene.client(kind, server, 'room').synced()
    leaving.setPresence({ name: 'ada', cursor: 1 })
    await sees(watcher, 'ada')
    leaving.setPresence({ name: 'ada', cursor: 2 })
    await until('the cursor moves', () => [...watcher.others.values()][0].cursor === 2)

    const newcomer = await scene.client(kind, server, 'room').synced()
    await sees(newcomer, 'ada')

    leaving.destroy()
    await sees(watcher)
    await sees(newcomer)

    newcomer.setPresence({ name: 'bo' })
    await sees(watcher, 'bo')
    const begun = performance.now()
    newcomer.cutForGood()
    await sees(watcher)
    assert.ok(performance.now() - begun < 5_000)
  })
}

scenario('a client may neither change nor remove the presence of another', async (scene) => {
  const server = await scene.server()
  const ada = await scene.client('y-websocket-3', server, 'room').synced()
  const watcher = await scene.client('hocuspocus-4', server, 'room').synced()
  ada.setPresence({ name: 'ada' })
  await sees(watcher, 'ada')
  const imposter = await scene.raw(`${server.syncUrl}/room`)
  const { clock } = ada.awareness.meta.get(ada.doc.clientID)
  imposter.send(awareness([{ client: ada.doc.clientID, clock: clock + 5, state: { name: 'eve' } }]))
  imposter.send(awareness([{ client: ada.doc.clientID, clock: clock + 6, state: null }]))
  imposter.send(awareness([{ client: 4711, clock: 1, state: { name: 'mallory' } }]))
  await sees(watcher, 'ada', 'mallory')
  imposter.destroy()
  await sees(watcher, 'ada')
})

scenario('an awareness message that brings nothing new is not sent round', async (scene) => {
  const server = await scene.server()
  const speaker = await scene.raw(`${server.syncUrl}/room`)
  const listener = await scene.raw(`${server.syncUrl}/room`)
  const heard = () => listener.messages.filter(({ type, entries }) => type === AWARENESS && entries.length > 0).length
  speaker.send(awareness([{ client: 7, clock: 1, state: { name: 'ada' } }]))
  await until('the listener hears of it', () => heard() === 1)
  for (let echo = 0; echo < 20; echo++) speaker.send(awareness([{ client: 7, clock: 1, state: { name: 'ada' } }]))
  await pause(200)
  assert.equal(heard(), 1)
  speaker.send(awareness([{ client: 7, clock: 2, state: { name: 'ada' } }]))
  await until('the renewal is sent round', () => heard() === 2)
})

scenario('a client that is present in a room of forty sees the other thirty-nine', async (scene) => {
  const server = await scene.server()
  const clients = Array.from({ length: 40 }, (_, index) =>
    scene.client(['y-websocket-3', 'hocuspocus-4'][index % 2], server, 'crowd'))
  await Promise.all(clients.map((client) => client.synced()))
  clients.forEach((client, index) => client.setPresence({ name: `guest-${index}` }))
  await until('all see all', () => clients.every((client) => client.others.size === 39), {
    detail: () => clients.map((client) => client.others.size),
  })
  clients.slice(20).forEach((client) => client.destroy())
  await until('those who stay see those who stay', () => clients.slice(0, 20).every((client) => client.others.size === 19), {
    detail: () => clients.slice(0, 20).map((client) => client.others.size),
  })
})
