// What thousands of moves leave behind in a board: hardly more than the board itself, or it is made anew; and whoever had it
// before loads it again instead of bringing everything twice. Long form: WEFT_BOARD_MOVES=10000.

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { AtBoard, newBoard, rowsEqualTheBoard, sameBoard, shownByServer } from '../support/boards.js'
import { ask, roomyLimits, withProject } from '../support/people.js'
import { databaseFor, onPostgres } from '../support/postgres.js'
import { scenario } from '../support/scenario.js'
import { freshDataDirectory, runWeft } from '../support/server.js'
import { corruptInlineSnapshot, onDatabase, snapshotOf } from '../support/storage.js'
import { until } from '../support/until.js'

const MOVES = Number(process.env.WEFT_BOARD_MOVES ?? 400)
/** Each move that another card's follows leaves some eleven bytes for ever, so a small board that is moved a lot grows most. */
const CARDS = 200
const FEW_CARDS = 20
const CALLERS = 8
/** Folding the log and leaving the memory happen in the middle of it all. */
const SETTINGS = { ...roomyLimits, WEFT_ROOMS_COMPACT_AFTER_ROWS: '200', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' }
const AT_ONCE = { WEFT_ROOMS_RENEW_BOARDS_AFTER_SECONDS: '0' }
/** A small board that is moved often enough to outgrow what it shows. */
const MANY_MOVES = Math.max(MOVES, 3_500)

/** Whether a client was told that its document is one that was left behind. */
const isLeftBehind = ({ client }) => [...client.closes, ...(client.documentCloses ?? [])].some(({ reason }) => reason === 'document-renewed')

const bytesOf = ({ doc }) => Y.encodeStateAsUpdate(doc).length

/** A board with `count` cards, `extra` in the first of them, and its tasks and columns. */
async function boardWith (server, owner, count) {
  const { token } = owner
  const board = await newBoard(server, owner)
  const create = (index) => ({ op: 'create', task: { title: `Card number ${index}`, status: 'todo', description: `Number *${index}*` } })
  const tasks = []
  while (tasks.length < count) {
    const operations = Array.from({ length: Math.min(100, count - tasks.length) }, (_, index) => create(tasks.length + index))
    const made = await ask(server, 'POST', '/v1/tasks:batch', { token, body: { board_id: board, operations } })
    tasks.push(...made.results.map(({ id }) => id))
  }
  const columns = (await ask(server, 'GET', `/v1/boards/${board}/columns`, { token })).data.map(({ id }) => id)
  return { board, tasks, columns }
}

/** Moves cards of the board over REST, several at a time. */
async function move (server, { token }, { tasks, columns }, random, count) {
  let left = count
  const caller = async (draw) => {
    while (left > 0) {
      left -= 1
      const body = { column_id: draw.pick(columns), pos: draw.pick(['top', 'bottom']) }
      await ask(server, 'POST', `/v1/tasks/${draw.pick(tasks)}:move`, { token, body })
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, () => caller(random.fork())))
}

scenario(`${MOVES} moves over REST leave a board of at most four times its live size`, { timeout: 120_000 + MOVES * 60 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: SETTINGS })
  const owner = await withProject(server)
  const { token } = owner
  const made = await boardWith(server, owner, CARDS)
  await move(server, owner, made, random, MOVES)
  // The same board, made anew: nothing but what lives.
  const copy = await ask(server, 'POST', `/v1/boards/${made.board}:duplicate`, { token, body: { with_cards: true } })
  await server.kill9()
  await server.start()
  const [moved, fresh] = await Promise.all([made.board, copy.id].map((id) => new AtBoard(scene, server, id, owner).ready()))
  await until('both are there', () => moved.view.cards.size === CARDS && fresh.view.cards.size === CARDS)
  await sameBoard(server, owner, made.board, [moved])
  await rowsEqualTheBoard(server, owner, made.board, moved.view)
  const [size, live] = [bytesOf(moved), bytesOf(fresh)]
  console.log(`# ${MOVES} moves of ${CARDS} cards: ${size} bytes; the same board made anew: ${live} bytes; ${(size / live).toFixed(2)} times`)
  assert.ok(size <= 4 * live, `${size} bytes for a board of ${live}`)
})

scenario(`${MANY_MOVES} moves of a few cards: the board is made anew, and who had it before is told to load it again`, { timeout: 180_000 + MANY_MOVES * 60 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: SETTINGS })
  const owner = await withProject(server)
  const { token } = owner
  const made = await boardWith(server, owner, FEW_CARDS)
  const kinds = ['y-websocket-3', 'hocuspocus-4', 'y-sweet']
  const old = await Promise.all(kinds.map((kind) => new AtBoard(scene, server, made.board, owner, { kind }).ready()))
  await move(server, owner, made, random, MANY_MOVES)
  const before = await sameBoard(server, owner, made.board, old)
  const outgrown = bytesOf(old[0])
  // Whoever is away edits on, and must not bring back what was left behind.
  for (const one of old) one.leave()
  const inFirst = old[0].view.cards.keys().next().value
  old[0].editor.renameCard(inFirst, 'Renamed offline')

  await server.kill9()
  Object.assign(server.env, AT_ONCE)
  await server.start()
  const now = await new AtBoard(scene, server, made.board, owner).ready()
  await until('all cards are there', () => now.view.cards.size === FEW_CARDS)
  assert.equal(await sameBoard(server, owner, made.board, [now]), before, 'the same board to the last detail')
  await rowsEqualTheBoard(server, owner, made.board, now.view)
  const live = bytesOf(now)
  console.log(`# ${MANY_MOVES} moves of ${FEW_CARDS} cards: ${outgrown} bytes, ${live} made anew; ${(outgrown / live).toFixed(1)} times`)
  assert.ok(outgrown > 4 * live, `${outgrown} bytes were not worth it`)

  for (const one of old) one.client.connect()
  await until('each of them hears that the document is another one', () => old.every(isLeftBehind), {
    within: 20_000, detail: () => old.map(({ client }) => [client.kind, client.closes.slice(-3), client.documentCloses]),
  })
  assert.equal(await sameBoard(server, owner, made.board, [now]), before, 'nothing of the past came back')

  // Life goes on: edits, a crash, folding, and the board is made anew no second time.
  const again = await new AtBoard(scene, server, made.board, owner, { kind: 'y-websocket-3' }).ready()
  again.editor.renameCard(inFirst, 'Renamed online')
  await move(server, owner, made, random, 250)
  await until('the edit is saved', async () => JSON.stringify(await shownByServer(server, owner, made.board)).includes('Renamed online'))
  await server.kill9()
  await server.start()
  await Promise.all([now, again].map(({ client }) => client.synced()))
  await until('both are where the server is', () => now.view.cards.size === FEW_CARDS && again.view.cards.size === FEW_CARDS)
  await sameBoard(server, owner, made.board, [now, again])
  await rowsEqualTheBoard(server, owner, made.board, now.view)
  assert.equal([now, again].flatMap(({ client }) => client.closes).filter(({ reason }) => reason === 'document-renewed').length, 0)

  // What was left behind is in the history, and from all of it the same board can be made.
  await server.terminate()
  const env = databaseFor(server.data)
  const doctor = await runWeft(['doctor', '--data', server.data], { env })
  assert.equal(doctor.code, 0, doctor.output)
  if (onPostgres) return
  if (snapshotOf(server.data, made.board).kind === 'inline') corruptInlineSnapshot(server.data, made.board)
  else onDatabase(server.data, 'db.execute("UPDATE snapshots SET checksum = zeroblob(32) WHERE document_id = (SELECT id FROM documents WHERE name = ?)", arguments)', made.board)
  const damaged = await runWeft(['doctor', '--data', server.data], { env })
  assert.notEqual(damaged.code, 0, 'the damage is seen')
  const rebuild = await runWeft(['rebuild', '--data', server.data], { env })
  assert.equal(rebuild.code, 0, rebuild.output)
  await server.start()
  const last = await new AtBoard(scene, server, made.board, owner).ready()
  await sameBoard(server, owner, made.board, [now, last])
})

scenario('a board that one server makes anew is loaded again by those at another one', { skip: onPostgres ? false : 'several servers need Postgres', timeout: 300_000 }, async (scene) => {
  const random = scene.random()
  const env = { ...SETTINGS, ...databaseFor(freshDataDirectory()), WEFT_PUBLIC_URL: 'http://weft.example.org', WEFT_AUTH_ENCRYPTION_SECRETS: `main:${'k'.repeat(64)}` }
  const there = await scene.server({ env })
  const here = await scene.server({ env: { ...env, ...AT_ONCE } })
  const owner = await withProject(there)
  const made = await boardWith(there, owner, FEW_CARDS)
  const inThePast = await new AtBoard(scene, there, made.board, owner).ready()
  await move(there, owner, made, random, MANY_MOVES)
  const before = await sameBoard(there, owner, made.board, [inThePast])
  const first = await new AtBoard(scene, here, made.board, owner).ready()
  await until('who had it open at the other server hears of it', () => isLeftBehind(inThePast), { within: 20_000 })
  const second = await new AtBoard(scene, there, made.board, owner, { kind: 'y-websocket-3' }).ready()
  assert.equal(await sameBoard(there, owner, made.board, [first, second]), before)
  first.editor.renameCard(first.view.cards.keys().next().value, 'Renamed here')
  await until('an edit arrives at the other server', () => JSON.stringify(second.shown).includes('Renamed here'), { within: 20_000 })
  assert.ok(bytesOf(inThePast) > 4 * bytesOf(second))
  await rowsEqualTheBoard(there, owner, made.board, second.view)
})
