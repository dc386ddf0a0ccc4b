// Servers that share Redis wake each other: what one has no room to do the other does at once, not when it next looks.

import assert from 'node:assert/strict'
import { register, Silence } from '../support/hooks.js'
import { nodes, skipWithoutPostgres } from '../support/nodes.js'
import { ask } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const skip = skipWithoutPostgres || (process.env.WEFT_TEST_REDIS ? false : 'servers hear of each other over Redis')

// Each server has room for one attempt, and looks by itself only once a minute.
const env = {
  WEFT_WEBHOOKS_ATTEMPTS_ALTOGETHER: '1',
  WEFT_WEBHOOKS_POLL_MILLISECONDS: '60000',
  WEFT_WEBHOOKS_TIMEOUT_SECONDS: '120',
}

scenario('what happened at one server is taken up by another at once', { skip, timeout: 120_000 }, async (scene) => {
  const { servers: [first], owner } = await nodes(scene, 2, { env })
  const holes = await Promise.all([new Silence(), new Silence()].map((hole) => hole.start()))
  holes.forEach((hole) => scene.defer(() => hole.dispose()))
  for (const hole of holes) await register(first, owner, hole.url, { event_types: ['project.updated'] })
  await ask(first, 'PATCH', `/v1/projects/${owner.project}`, { token: owner.token, body: { description: 'changed' } })
  // The server where it happened never has room for both.
  await until('both are asked', () => holes.every((hole) => hole.sockets.size > 0), { within: 30_000 })
  assert.equal(holes.reduce((sum, hole) => sum + hole.sockets.size, 0), 2)
})
