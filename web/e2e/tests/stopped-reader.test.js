// One reader stops reading, at the level of TCP. It costs the server a bounded amount of memory and nobody else
// anything; when it reads again it ends with the same document as everybody else.
// Long form: WEFT_READER_UPDATES=40000 (the short form sends 16,000 updates of 4 KB).

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'
import { stepOne } from '../support/wire.js'

const UPDATES = Number(process.env.WEFT_READER_UPDATES ?? 16_000)
const UPDATE_BYTES = 4096
const MEBIBYTE = 1024 * 1024
// What the stopped reader may add to the peak of the same flood without one: its outbox (limits.outbox_bytes, 1 MiB)
// and one difference in the making; the rest is the noise of a busy server, which varies that much from one flood to
// the next without any stopped reader. The backlog itself would be 64 MiB and more.
const COST_BOUND_BYTES = 40 * MEBIBYTE
// The test is about a reader's share: the writer may send as fast as the server takes it.
const SETTINGS = {
  WEFT_LIMITS_MESSAGES_PER_SECOND: '1000000',
  WEFT_LIMITS_MESSAGES_BURST: '1000000',
  WEFT_LIMITS_BYTES_PER_SECOND: '1073741824',
  WEFT_LIMITS_BYTES_BURST: '1073741824',
}

/** Overwrites a few keys of a map, so that the document stays small however much is written. */
async function flood (writer, updates, random) {
  const map = writer.doc.getMap('map')
  const filler = random.word(UPDATE_BYTES)
  for (let sent = 0; sent < updates; sent++) {
    map.set(`key-${sent % 4}`, `${sent} ${filler}`)
    if (sent % 50 === 49) {
      const socket = writer.record.current
      await until('the server takes what is written', () => socket.bufferedAmount < 4 * MEBIBYTE, { within: 60_000 })
      await pause(0)
    }
  }
}

/** Round trips of small edits between two clients of another document and of the same one, in milliseconds. */
async function measureLatency (writer, reader, stopped) {
  const latencies = []
  const list = writer.doc.getArray('list')
  while (!stopped()) {
    const begun = performance.now()
    const length = list.length
    list.push([length])
    await until('the edit reaches the other reader', () => reader.doc.getArray('list').length > length, { every: 1 })
    latencies.push(performance.now() - begun)
    await pause(50)
  }
  return latencies.sort((left, right) => left - right)
}

for (const kind of ['y-websocket-3', 'hocuspocus-4', 'y-sweet']) {
  scenario(`${kind}: a reader that stops reading costs a bounded amount and converges when it reads again`, { timeout: 240_000 }, async (scene) => {
    const random = scene.random()
    const server = await scene.server({ env: SETTINGS })
    const writer = await scene.client('y-websocket-3', server, 'flood').synced()
    const [active, stopped] = [
      await scene.client('hocuspocus-4', server, 'flood').synced(),
      await scene.client(kind, server, 'flood').synced(),
    ]
    const [calmWriter, calmReader] = await Promise.all(['y-websocket-3', 'hocuspocus-4'].map((calm) =>
      scene.client(calm, server, 'calm').synced()))

    // The same without a stopped reader, until memory no longer grows from that.
    let usual = 0
    for (let calm = 0, grew = true; grew && calm < 5; calm++) {
      await flood(writer, UPDATES, random)
      await converged([writer, active, stopped], { within: 60_000 })
      grew = server.memory('VmHWM') - usual > COST_BOUND_BYTES / 4
      usual = server.memory('VmHWM')
    }
    await pause(500)
    server.resetPeakMemory()

    stopped.stopReading()
    let flooding = true
    const latency = measureLatency(calmWriter, calmReader, () => !flooding)
    const begun = performance.now()
    await flood(writer, UPDATES, random)
    await converged([writer, active], { within: 60_000 })
    const took = performance.now() - begun
    flooding = false
    const latencies = await latency
    const peak = server.memory('VmHWM')
    console.log(`# ${kind}: ${UPDATES} updates of ${UPDATE_BYTES} bytes in ${Math.round(took)} ms; ` +
      `peak memory ${(usual / MEBIBYTE).toFixed(1)} MiB without and ${(peak / MEBIBYTE).toFixed(1)} MiB with a stopped reader; ` +
      `other document's edits: median ${latencies[latencies.length >> 1]?.toFixed(1)} ms, worst ${latencies.at(-1)?.toFixed(1)} ms`)
    assert.ok(peak - usual < COST_BOUND_BYTES, `the stopped reader cost ${peak - usual} bytes`)
    assert.ok(latencies[latencies.length >> 1] < 250, 'others wait for the stopped reader')

    const received = stopped.record.messages
    stopped.resumeReading()
    await converged([writer, active, stopped], { within: 60_000 })
    const caughtUp = stopped.record.messages - received
    console.log(`# ${kind}: caught up with ${caughtUp} messages on ${stopped.connections} connection(s)`)
    assert.ok(caughtUp < UPDATES / 2, 'it got differences, not the backlog')

    // It is a full member again, in both directions.
    stopped.doc.getText('text').insert(0, 'back')
    await converged([writer, active, stopped])
    const newcomer = await scene.client('y-websocket-3', server, 'flood').synced()
    await converged([writer, newcomer])
    // Yjs keeps some bytes of every value that was overwritten, but not the value.
    assert.ok(Y.encodeStateAsUpdate(newcomer.doc).length < UPDATES * 128)
  })
}

scenario('many who ask for a large document and do not read it cost one copy, not one each', { timeout: 120_000 }, async (scene) => {
  const [READERS, DOCUMENT_BYTES] = [60, 8 * MEBIBYTE]
  const server = await scene.server({ env: SETTINGS })
  const writer = await scene.client('hocuspocus-4', server, 'large').synced()
  writer.doc.getText('text').insert(0, 'large '.repeat(DOCUMENT_BYTES / 6))
  await writer.acked({ within: 30_000 })
  const newcomer = await scene.client('y-websocket-3', server, 'large').synced({ within: 30_000 })
  await converged([writer, newcomer])
  await pause(500)
  server.resetPeakMemory()
  const before = server.memory('VmHWM')
  const readers = await Promise.all(Array.from({ length: READERS }, () => scene.raw(`${server.syncUrl}/large`)))
  for (const reader of readers) {
    reader.socket.pause()
    reader.send(stepOne())
  }
  await pause(2_000)
  const cost = server.memory('VmHWM') - before
  console.log(`# ${READERS} readers of ${DOCUMENT_BYTES / MEBIBYTE} MiB cost ${(cost / MEBIBYTE).toFixed(0)} MiB`)
  assert.ok(cost < 8 * DOCUMENT_BYTES, `${cost} bytes for ${READERS} readers of ${DOCUMENT_BYTES}`)
  for (const reader of readers) reader.socket.resume()
  for (const reader of readers) {
    await until('whoever reads again gets all of it, in one message', () => reader.frames.some((frame) => frame.length > DOCUMENT_BYTES - 10), { within: 60_000 })
  }
})
