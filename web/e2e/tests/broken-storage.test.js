// Storage that fails. A document that cannot be loaded is never served empty, never overwritten and never takes
// others with it; the operator's tools name it and repair what can be repaired.

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { freshDataDirectory, runWeft } from '../support/server.js'
import { command, corruptInlineSnapshot, filesBelow, onDatabase, snapshotOf, storedDigest } from '../support/storage.js'
import { pause, until } from '../support/until.js'
import { AUTH, authentication, named, stepOne, SYNC } from '../support/wire.js'

const QUARANTINED = { code: 4510, reason: 'document-quarantined' }
// Everything is folded into a snapshot at once.
const FOLDING = { WEFT_ROOMS_COMPACT_AFTER_ROWS: '5', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' }
const isRoot = process.getuid() === 0

/** Text that does not compress to nothing. */
const prose = (random, length) => Array.from({ length: Math.ceil(length / 8) }, () => random.word(8)).join('').slice(0, length)

/** Writes documents of the given sizes, ends the server and returns what the documents say. */
async function stored (scene, server, sizes) {
  const random = scene.random()
  const texts = {}
  for (const [name, size] of Object.entries(sizes)) {
    const writer = await scene.client('hocuspocus-4', server, name).synced()
    texts[name] = prose(random, size)
    const text = writer.doc.getText('text')
    for (let part = 0; part < 20; part++) {
      text.insert(text.length, texts[name].slice(part * size / 20, (part + 1) * size / 20))
      await writer.acked()
    }
    writer.destroy()
  }
  await until('all is folded', () => Object.keys(sizes).every((name) => snapshotOf(server.data, name).kind !== 'none'), { every: 100 })
  await server.terminate()
  return texts
}

/** Every kind of client is told that the document is locked, and sees no empty document instead. */
async function expectQuarantine (scene, server, name) {
  const raw = await scene.raw(`${server.syncUrl}/${name}`)
  assert.deepEqual(await raw.closure(), QUARANTINED)
  assert.ok(!raw.messages.some(({ type, step }) => type === SYNC && step === 1), 'no empty document was shown')
  const collab = await scene.raw(server.collabUrl)
  collab.send(named(name, authentication('none', '4.8.0')))
  collab.send(named(name, stepOne()))
  await until('Hocuspocus is told', () => collab.closed?.code === QUARANTINED.code ||
    collab.messages.some((message) => message.type === AUTH && message.kind === 1 && message.text === QUARANTINED.reason), {
    detail: () => ({ closed: collab.closed, messages: collab.messages }),
  })
  assert.ok(!collab.messages.some(({ type, step }) => type === SYNC && step === 1))
  for (const kind of KINDS) {
    const client = scene.client(kind, server, name)
    client.doc.getText('text').insert(0, 'written into the void ')
    await until(`${kind} is told`, () => client.closes.length > 0 || client.refusals.length > 0)
    assert.ok(!client.isSynced)
    client.destroy()
  }
}

/** The document reads as it did, and takes edits. */
async function expectHealthy (scene, server, name, text) {
  const [reader, other] = [await scene.client('y-websocket-3', server, name).synced(), await scene.client('hocuspocus-4', server, name).synced()]
  assert.equal(reader.doc.getText('text').toString(), text)
  other.doc.getArray('list').push(['alive'])
  await other.acked()
  await converged([reader, other])
  reader.destroy()
  other.destroy()
}

async function expectDoctor (server, { code, names = [], silentOn = [] }) {
  const { code: actual, output } = await runWeft(['doctor', '--data', server.data])
  assert.equal(actual, code, output)
  for (const name of names) assert.ok(output.includes(`"${name}"`), output)
  for (const name of silentOn) assert.ok(!output.includes(`"${name}"`), output)
}

const DAMAGES = {
  'a corrupted snapshot in the database': {
    sizes: { damaged: 20_000, intact: 1_000 },
    kind: 'inline',
    damage: (data) => corruptInlineSnapshot(data, 'damaged'),
  },
  'a corrupted snapshot file': {
    sizes: { damaged: 300_000, intact: 300_000 },
    kind: 'blob',
    damage (data) {
      const { path } = snapshotOf(data, 'damaged')
      const bytes = readFileSync(path)
      bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 64)
      writeFileSync(path, bytes)
    },
  },
  'a truncated snapshot file': {
    sizes: { damaged: 300_000, intact: 300_000 },
    kind: 'blob',
    damage (data) {
      const { path } = snapshotOf(data, 'damaged')
      writeFileSync(path, readFileSync(path).subarray(0, 1_000))
    },
  },
  'a missing snapshot file': {
    sizes: { damaged: 300_000, intact: 1_000 },
    kind: 'blob',
    damage (data) { renameSync(snapshotOf(data, 'damaged').path, join(data, 'moved away')) },
  },
}

for (const [what, { sizes, kind, damage }] of Object.entries(DAMAGES)) {
  scenario(`${what} quarantines its document, and rebuild recovers it from the log`, { timeout: 120_000 }, async (scene) => {
    const server = await scene.server({ env: FOLDING })
    const texts = await stored(scene, server, sizes)
    assert.equal(snapshotOf(server.data, 'damaged').kind, kind)
    damage(server.data)
    const digest = storedDigest(server.data, 'damaged')
    const blobs = filesBelow(join(server.data, 'blobs'))

    await server.start()
    await expectQuarantine(scene, server, 'damaged')
    await expectHealthy(scene, server, 'intact', texts.intact)
    assert.equal(storedDigest(server.data, 'damaged'), digest, 'the stored rows are as they were')
    const blobsAfter = filesBelow(join(server.data, 'blobs'))
    for (const path of Object.keys(blobs)) assert.equal(blobsAfter[path], blobs[path], path)
    await server.terminate()

    // A restart does not forget it, and the tools name it.
    await expectDoctor(server, { code: 1, names: ['damaged'], silentOn: ['intact'] })
    await server.start()
    await expectQuarantine(scene, server, 'damaged')
    await server.terminate()
    assert.equal(storedDigest(server.data, 'damaged'), digest)

    const { code, output } = await runWeft(['rebuild', '--data', server.data])
    assert.equal(code, 0, output)
    assert.ok(output.includes('damaged'), output)
    await expectDoctor(server, { code: 0 })
    await server.start()
    await expectHealthy(scene, server, 'damaged', texts.damaged)
    await expectHealthy(scene, server, 'intact', texts.intact)
  })
}

scenario('a corrupted row of the log quarantines its document, and rebuild keeps what is readable', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ env: { WEFT_ROOMS_COMPACT_AFTER_ROWS: '100000', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '3600' } })
  const writer = await scene.client('hocuspocus-4', server, 'damaged').synced()
  for (let edit = 0; edit < 20; edit++) {
    // Keys are independent of one another: losing one edit does not hold up the others.
    const other = await scene.client('hocuspocus-4', server, 'damaged').synced()
    other.doc.getMap('map').set(`key-${edit}`, edit)
    await other.acked()
    other.destroy()
  }
  await until('all is there', () => writer.doc.getMap('map').size === 20)
  await server.kill9()
  writer.destroy()
  const rows = Number(onDatabase(server.data, "print(db.execute('SELECT count(*) FROM updates').fetchone()[0])"))
  assert.ok(rows >= 10, `${rows} rows`)
  onDatabase(server.data, `
document, seq = db.execute('SELECT document_id, seq FROM updates ORDER BY seq LIMIT 1 OFFSET 5').fetchone()
db.execute("UPDATE updates SET bytes = x'ffffffffffffff' WHERE document_id = ? AND seq = ?", (document, seq))`)
  const digest = storedDigest(server.data, 'damaged')
  await server.start()
  await expectQuarantine(scene, server, 'damaged')
  await server.terminate()
  assert.equal(storedDigest(server.data, 'damaged'), digest)
  await expectDoctor(server, { code: 1, names: ['damaged'] })
  const { code, output } = await runWeft(['rebuild', '--data', server.data])
  assert.ok(code === 0 || code === 1, output)
  await server.start()
  const reader = await scene.client('y-websocket-3', server, 'damaged').synced()
  assert.ok(reader.doc.getMap('map').size >= 19 - (20 - rows), `${reader.doc.getMap('map').size} of 20 keys recovered`)
})

scenario('an unreadable snapshot file is answered, and served again once it can be read', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ env: FOLDING })
  const texts = await stored(scene, server, { damaged: 300_000, intact: 1_000 })
  const { path } = snapshotOf(server.data, 'damaged')
  // A directory in the file's place is unreadable for everybody, root included.
  renameSync(path, `${path}.kept`)
  command('mkdir', path)
  await server.start()
  const raw = await scene.raw(`${server.syncUrl}/damaged`)
  const { code } = await raw.closure()
  assert.ok([4503, 4510].includes(code), `code ${code}`)
  await expectHealthy(scene, server, 'intact', texts.intact)
  await server.terminate()
  await expectDoctor(server, { code: 1, names: ['damaged'], silentOn: ['intact'] })
  rmSync(path, { recursive: true })
  renameSync(`${path}.kept`, path)
  await runWeft(['rebuild', '--data', server.data])
  await server.start()
  await expectHealthy(scene, server, 'damaged', texts.damaged)
})

/** A small file system of its own, in memory. */
function smallDisk (scene, megabytes) {
  const directory = mkdtempSync(join(tmpdir(), 'weft-e2e-disk-'))
  command('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory)
  scene.defer(() => {
    command('umount', '-l', directory)
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}

const canMount = isRoot && (() => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-e2e-probe-'))
  try {
    command('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory)
    command('umount', directory)
    return true
  } catch {
    return false
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})()
const mounting = { timeout: 120_000, skip: !canMount && 'needs the right to mount a small file system' }

scenario('a full disk: nothing is acknowledged that is not stored, nothing stored is lost, and it heals', mounting, async (scene) => {
  const random = scene.random()
  const disk = smallDisk(scene, 24)
  const server = await scene.server({ data: disk, env: { WEFT_LIMITS_STORAGE_PATIENCE_SECONDS: '2', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' } })
  const quiet = await scene.client('hocuspocus-4', server, 'quiet').synced()
  quiet.doc.getText('text').insert(0, 'safe')
  await quiet.acked()

  const ballast = join(disk, 'ballast')
  const free = () => Number(command('df', '--output=avail', '-B1', disk).split('\n')[1])
  writeFileSync(ballast, Buffer.alloc(Math.max(0, free() - 4 * 1024 * 1024)))

  const writer = await scene.client('hocuspocus-4', server, 'greedy').synced()
  const acknowledged = []
  let refused = false
  for (let edit = 0; edit < 200 && !refused; edit++) {
    writer.doc.getMap('map').set(`key-${edit}`, prose(random, 100_000))
    refused = await writer.acked({ within: 6_000 }).then(() => false, () => true)
    if (!refused) acknowledged.push(`key-${edit}`)
  }
  assert.ok(refused, 'the disk never became full')
  assert.ok(acknowledged.length > 3)
  await until('the writer is told', () => writer.closes.length > 0 || writer.refusals.length > 0 || writer.documentCloses.length > 0)
  const raw = await scene.raw(`${server.syncUrl}/greedy`)
  console.log(`# full disk: ${acknowledged.length} edits acknowledged before; closes ${JSON.stringify(writer.closes.slice(0, 2))} ${JSON.stringify(writer.refusals.slice(0, 2))}`)
  assert.ok(writer.closes.some(({ code }) => code === 4503) || writer.refusals.includes('storage-unavailable') || writer.documentCloses.some(({ reason }) => reason === 'storage-unavailable'))
  raw.destroy()

  // Reading goes on.
  const reader = await scene.client('y-websocket-3', server, 'quiet').synced()
  assert.equal(reader.doc.getText('text').toString(), 'safe')

  // A crash with a full disk loses nothing acknowledged either.
  await server.kill9()
  rmSync(ballast)
  await server.start()
  await writer.acked({ within: 40_000 })
  const after = await scene.client('y-websocket-3', server, 'greedy').synced()
  for (const key of acknowledged) assert.equal(after.doc.getMap('map').get(key)?.length, 100_000, key)
  await converged([writer, after])
  const safe = await scene.client('y-sweet', server, 'quiet').synced()
  assert.equal(safe.doc.getText('text').toString(), 'safe')
  writer.destroy()
  await server.terminate()
  await expectDoctor(server, { code: 0 })
})

scenario('a full disk heals without a restart', mounting, async (scene) => {
  const random = scene.random()
  const disk = smallDisk(scene, 24)
  const server = await scene.server({ data: disk, env: { WEFT_LIMITS_STORAGE_PATIENCE_SECONDS: '2' } })
  const writer = await scene.client('hocuspocus-4', server, 'greedy').synced()
  const ballast = join(disk, 'ballast')
  const free = Number(command('df', '--output=avail', '-B1', disk).split('\n')[1])
  writeFileSync(ballast, Buffer.alloc(free - 2 * 1024 * 1024))
  for (let edit = 0; edit < 60; edit++) writer.doc.getMap('map').set(`key-${edit}`, prose(random, 100_000))
  await pause(4_000)
  assert.ok(!writer.isAcked, 'acknowledged without a place to put it')
  rmSync(ballast)
  await writer.acked({ within: 60_000 })
  await server.kill9()
  writer.destroy()
  await server.start()
  const reader = await scene.client('y-websocket-3', server, 'greedy').synced()
  assert.equal(reader.doc.getMap('map').size, 60)
})

scenario('a data directory that becomes read-only: edits are refused with a reason, and nothing is changed', mounting, async (scene) => {
  const disk = smallDisk(scene, 64)
  const server = await scene.server({ data: disk, env: { WEFT_LIMITS_STORAGE_PATIENCE_SECONDS: '2', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' } })
  const writer = await scene.client('hocuspocus-4', server, 'paper').synced()
  writer.doc.getText('text').insert(0, 'before')
  await writer.acked()
  writer.destroy()
  await server.terminate()
  command('mount', '-o', 'remount,ro', disk)
  const before = filesBelow(disk)
  // Either it says at once why it cannot start, or it starts and refuses edits.
  const started = await server.start({ within: 5_000 }).then(() => true, () => false)
  if (started) {
    const late = scene.client('hocuspocus-4', server, 'paper')
    late.doc.getText('text').insert(0, 'after ')
    await until('the client is told', () => late.closes.some(({ code }) => code === 4503) || late.refusals.includes('storage-unavailable'))
    assert.ok(!late.isAcked)
    late.destroy()
    await server.kill9()
  } else {
    assert.ok(/read-?only/i.test(server.log), `says why: ${server.log}`)
    server.unexpectedExit = null
  }
  assert.deepEqual(filesBelow(disk), before, 'nothing was changed')
  command('mount', '-o', 'remount,rw', disk)
  await server.start()
  const reader = await scene.client('y-websocket-3', server, 'paper').synced()
  assert.ok(reader.doc.getText('text').toString().endsWith('before'))
})

scenario('two servers on one data directory: the second says so and leaves', async (scene) => {
  const server = await scene.server()
  const writer = await scene.client('hocuspocus-4', server, 'only').synced()
  writer.doc.getText('text').insert(0, 'one')
  await writer.acked()
  const { code, output } = await runWeft(['serve', '--playground', '--listen', '127.0.0.1:0', '--data', server.data], { within: 15_000 })
  assert.notEqual(code, 0)
  assert.ok(output.length > 0 && output.length < 4_000, output)
  writer.doc.getText('text').insert(0, 'still ')
  await writer.acked()
})

scenario('a data directory that cannot be created is named', async () => {
  const blocked = freshDataDirectory()
  const file = join(blocked, 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o400)
  const { code, output } = await runWeft(['serve', '--playground', '--listen', '127.0.0.1:0', '--data', join(file, 'data')], { within: 15_000 })
  assert.notEqual(code, 0)
  assert.ok(output.includes(file), output)
  assert.ok(statSync(file).isFile())
  rmSync(blocked, { recursive: true })
})
