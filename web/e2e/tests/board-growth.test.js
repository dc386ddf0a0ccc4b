// What thousands of moves leave behind in a board: hardly more than the board itself. Long form: WEFT_BOARD_MOVES=10000.

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { AtBoard, newBoard, rowsEqualTheBoard, sameBoard, withProject } from '../support/boards.js'
import { ask, roomyLimits } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const MOVES = Number(process.env.WEFT_BOARD_MOVES ?? 400)
/** Each move that another card's follows leaves some eleven bytes for ever, so a small board that is moved a lot grows most. */
const CARDS = 200
const CALLERS = 8
/** Folding the log and leaving the memory happen in the middle of it all. */
const SETTINGS = { ...roomyLimits, WEFT_ROOMS_COMPACT_AFTER_ROWS: '200', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' }

const bytesOf = ({ doc }) => Y.encodeStateAsUpdate(doc).length

scenario(`${MOVES} moves over REST leave a board of at most four times its live size`, { timeout: 120_000 + MOVES * 60 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: SETTINGS })
  const owner = await withProject(server)
  const board = await newBoard(server, owner)
  const { token } = owner
  const create = (index) => ({ op: 'create', task: { title: `Card number ${index}`, status: 'todo' } })
  const tasks = []
  while (tasks.length < CARDS) {
    const operations = Array.from({ length: 100 }, (_, index) => create(tasks.length + index))
    const made = await ask(server, 'POST', '/v1/tasks:batch', { token, body: { board_id: board, operations } })
    tasks.push(...made.results.map(({ id }) => id))
  }
  const columns = (await ask(server, 'GET', `/v1/boards/${board}/columns`, { token })).data.map(({ id }) => id)
  let left = MOVES
  const caller = async (draw) => {
    while (left > 0) {
      left -= 1
      const body = { column_id: draw.pick(columns), pos: draw.pick(['top', 'bottom']) }
      await ask(server, 'POST', `/v1/tasks/${draw.pick(tasks)}:move`, { token, body })
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, () => caller(random.fork())))
  // The same board, made anew: nothing but what lives.
  const copy = await ask(server, 'POST', `/v1/boards/${board}:duplicate`, { token, body: { with_cards: true } })
  await server.kill9()
  await server.start()
  const [moved, fresh] = await Promise.all([board, copy.id].map((id) => new AtBoard(scene, server, id, owner).ready()))
  await until('both are there', () => moved.view.cards.size === CARDS && fresh.view.cards.size === CARDS)
  await sameBoard(server, owner, board, [moved])
  await rowsEqualTheBoard(server, owner, board, moved.view)
  const [size, live] = [bytesOf(moved), bytesOf(fresh)]
  console.log(`# ${MOVES} moves of ${CARDS} cards: ${size} bytes; the same board made anew: ${live} bytes; ${(size / live).toFixed(2)} times`)
  assert.ok(size <= 4 * live, `${size} bytes for a board of ${live}`)
})
