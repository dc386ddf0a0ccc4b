// Clients give up a connection on which they heard nothing for 30 s (y-sweet: 5 s), and pings do not count. Alone on
// a quiet document, without presence, they must still hear something.

import assert from 'node:assert/strict'
import { KINDS } from '../support/clients.js'
import { scenario } from '../support/scenario.js'
import { pause } from '../support/until.js'

const QUIET_MILLISECONDS = 42_000 // 30 s, the interval of the clients' own check, and some

scenario('a lone client without presence stays connected to a quiet document', { timeout: 90_000 }, async (scene) => {
  const server = await scene.server()
  const clients = KINDS.map((kind) => scene.client(kind, server, `quiet-${kind}`, { awareness: null }))
  await Promise.all(clients.map((client) => client.synced()))
  await pause(QUIET_MILLISECONDS)
  for (const client of clients) {
    assert.deepEqual({ kind: client.kind, connections: client.connections, closes: client.closes },
      { kind: client.kind, connections: 1, closes: [] })
    assert.ok(client.isConnected)
  }
})
