// Receivers of webhooks that hang, drip or let nobody in do not delay one that answers.
// Long form: WEFT_ISOLATION_EVENTS=1000 (make events-proof).

import assert from 'node:assert/strict'
import { lastSequence, listEvents } from '../support/feed.js'
import { ClosedDoor, Drip, Receiver, register, Silence } from '../support/hooks.js'
import { nodes, tellingSettings } from '../support/nodes.js'
import { ask } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const EVENTS = Number(process.env.WEFT_ISOLATION_EVENTS ?? 100)
const BLACK_HOLES = [...Array(12).fill(Silence), ...Array(4).fill(Drip), ...Array(4).fill(ClosedDoor)]
const TYPES = ['project.updated']
/** Events of one phase go out at this distance, in milliseconds, whether the ones before have come or not. */
const PACE_MILLISECONDS = 20

/** A quantile of numbers, rounded. */
const quantile = (numbers, part) => Math.round([...numbers].sort((one, other) => one - other)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))])

scenario(`${BLACK_HOLES.length} receivers that hang do not delay one that answers`, { timeout: 60_000 + EVENTS * 400 }, async (scene) => {
  // As it comes: how often a server looks for itself is part of what is measured.
  const { WEFT_WEBHOOKS_POLL_MILLISECONDS: _, ...settings } = tellingSettings
  const { servers: [server], owner } = await nodes(scene, 1, { env: settings })
  const receiver = await new Receiver().start()
  scene.defer(() => receiver.dispose())
  await register(server, owner, receiver.url, { event_types: TYPES })
  const change = (description) =>
    ask(server, 'PATCH', `/v1/projects/${owner.project}`, { token: owner.token, body: { description } })
  let made = 0
  /** Makes events, and waits until they came: their delays from the commit to the receiver, in milliseconds. */
  const phase = async (count) => {
    const begun = receiver.deliveries.length
    const begin = performance.now()
    const under = []
    for (let number = 0; number < count; number++) {
      await pause(Math.max(0, begin + number * PACE_MILLISECONDS - performance.now()))
      under.push(change(`change ${made++}`))
    }
    await Promise.all(under)
    await until(`${count} deliveries`, () => receiver.deliveries.length >= begun + count, {
      within: 60_000, detail: () => receiver.deliveries.length - begun,
    })
    return receiver.deliveries.slice(begun).map(({ body, at }) => at - Date.parse(JSON.parse(body).timestamp))
  }
  await phase(10)
  const start = await lastSequence(server, owner)
  const without = await phase(EVENTS / 2)
  const holes = await Promise.all(BLACK_HOLES.map((Hole) => new Hole().start()))
  holes.forEach((hole) => scene.defer(() => hole.dispose()))
  const endpoints = []
  for (const hole of holes) endpoints.push(await register(server, owner, hole.url, { event_types: TYPES }))
  const beside = await phase(EVENTS)
  const stuck = await Promise.all(endpoints.map(({ id }) => ask(server, 'GET', `/v1/webhooks/endpoints/${id}/stats`, { token: owner.token })))
  assert.ok(stuck.every((stats) => stats.succeeded === 0 && stats.pending + stats.failed >= EVENTS), `none of them takes anything: ${JSON.stringify(stuck[0])}`)
  for (const { id } of endpoints) await ask(server, 'DELETE', `/v1/webhooks/endpoints/${id}`, { token: owner.token, headers: { 'if-match': '*' } })
  without.push(...await phase(EVENTS / 2))

  const sequences = receiver.deliveries.map(({ body }) => JSON.parse(body).data.sequence).filter((sequence) => sequence > start)
  const expected = (await listEvents(server, owner, start, `&types=${TYPES}`)).map(({ sequence }) => sequence)
  assert.deepEqual([...sequences].sort((one, other) => one - other), expected, 'each event came once')
  // Up to four are under way at once, so one may come before the three that left just before it.
  sequences.forEach((sequence, index) => assert.ok(Math.abs(expected.indexOf(sequence) - index) < 4, `event ${sequence} came in its turn`))
  const figures = {
    events: EVENTS, black_holes: BLACK_HOLES.length,
    without_ms: { p50: quantile(without, 0.5), p99: quantile(without, 0.99) },
    with_ms: { p50: quantile(beside, 0.5), p99: quantile(beside, 0.99) },
  }
  figures.ratio_p99 = Number((figures.with_ms.p99 / Math.max(1, figures.without_ms.p99)).toFixed(2))
  console.log(`# ${JSON.stringify(figures)}`)
  // A machine that is busy may be slow; one black hole that holds something up is a matter of many seconds.
  assert.ok(figures.with_ms.p99 < 10 * Math.max(500, figures.without_ms.p99), 'the delay is of another order')
})
