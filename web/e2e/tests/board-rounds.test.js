// A board that people edit live, that programs change over REST, and whose server is killed at random: what was
// answered is there, and the rows of the board always say what its document shows. Long form: WEFT_BOARD_ROUNDS=1000.

import assert from 'node:assert/strict'
import { AtBoard, eventsAfter, freshId, MoveError, newBoard, rowsEqualTheBoard, sameBoard, tasksOf } from '../support/boards.js'
import { ask, PASSWORD, request, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { pause } from '../support/until.js'

const ROUNDS = Number(process.env.WEFT_BOARD_ROUNDS ?? 12)
/** A board is given up for a new one after this many rounds, so that the rounds stay alike. */
const ROUNDS_PER_BOARD = 25
const KINDS = ['hocuspocus-4', 'y-websocket-3', 'y-sweet']
const SETTINGS = { ...roomyLimits, WEFT_ROOMS_COMPACT_AFTER_ROWS: '50', WEFT_ROOMS_IDLE_UNLOAD_SECONDS: '1' }

/** One thing that somebody does at a board; what a rule forbids is not done. */
function act (at, owner, random) {
  const { view, editor } = at
  const [first] = view.columns
  if (first === undefined) return
  const some = (list) => (list.length === 0 ? undefined : random.pick(list))
  const cards = [...view.cards.keys()]
  const [card, other, column] = [some(cards) ?? 'none', some(cards) ?? 'none', some(view.columns)]
  const where = random.pick(['first', 'last', ...column.cards.slice(0, 3).map((id) => ({ before: id }))])
  const id = freshId()
  const moves = [
    () => editor.createCard(id, `card ${random.word()}`, column.id, where),
    () => editor.moveCards([card], column.id, where),
    () => editor.moveCards([card], column.id, where),
    () => editor.moveCards([...new Set([card, other])], column.id, 'first'),
    () => editor.renameCard(card, `renamed ${random.word()}`),
    () => editor.setParent(card, random.chance(0.2) ? null : other),
    () => editor.link(card, random.pick(['blocks', 'relates']), other),
    () => editor.deleteCard(card),
    () => editor.restoreCard(card),
    () => editor.archiveCard(card),
    () => editor.unarchiveCard(card),
    () => editor.addTo('assignees', card, owner.id),
    () => editor.removeFrom('assignees', card, owner.id),
    () => editor.addItem(card, id, random.word()),
    () => editor.changeItem(card, view.cards.get(card)?.checklist[0]?.id ?? 'none', { done: random.chance(0.5) }),
    () => editor.setAttributes(card, { due: '2026-12-24', prio: random.pick(['low', 'urgent']) }),
    () => editor.createLabel(id, random.word(), '#00ff00'),
    () => editor.addTo('labels', card, some(view.labels)?.id ?? 'none'),
    () => view.columns.length < 6 && editor.createColumn(id, random.word(), random.pick(['started', 'completed'])),
    () => view.columns.length > 2 && editor.delete('columns', column.id),
    () => editor.reorder('columns', column.id, 'first'),
  ]
  try {
    random.pick(moves)()
  } catch (error) {
    if (!(error instanceof MoveError)) throw error
  }
}

/** One request of a program. The tasks that were answered with 201 are noted in `promised`. */
async function call (scene, random) {
  const { server, owner, board, promised } = scene
  const tasks = [...promised]
  const task = tasks.length === 0 ? undefined : random.pick(tasks)
  const send = (method, path, body) => request(server, method, path, { token: owner.token, body })
  const create = async () => {
    const answer = await send('POST', `/v1/projects/${owner.project}/tasks`, { board_id: board, title: `task ${freshId()}`, checklist: [{ text: 'first' }] })
    if (answer.status === 201) promised.add(answer.body.id)
    return answer
  }
  const calls = task === undefined
    ? [create]
    : [
        create,
        create,
        () => send('PATCH', `/v1/tasks/${task}`, { title: `renamed ${random.word()}`, priority: 'medium' }),
        () => send('POST', `/v1/tasks/${task}:move`, { pos: random.pick(['top', 'bottom']) }),
        () => send('POST', `/v1/tasks/${task}:move`, { column_id: random.pick(scene.columns), pos: 'top' }),
        () => send('POST', `/v1/tasks/${task}:${random.pick(['archive', 'unarchive', 'restore'])}`),
        () => send('DELETE', `/v1/tasks/${task}`),
        () => send('PUT', `/v1/tasks/${task}/assignees/${owner.id}`),
        () => send('POST', `/v1/tasks/${task}/checklist`, { text: random.word() }),
        () => send('POST', `/v1/tasks/${task}/dependencies`, { kind: 'blocks', task_id: random.pick(tasks) }),
        () => send('POST', '/v1/tasks:batch', { operations: [
          { op: 'update', task_id: task, patch: { priority: 'high' } }, { op: 'move', task_id: task, to: { pos: 'bottom' } },
        ] }),
      ]
  const { status, body } = await random.pick(calls)()
  assert.ok(status < 500 || status === 503, `${status} ${JSON.stringify(body)}`)
}

/** Repeats until told to stop; a server that dies in the middle is no failure. */
async function keepOn (stopped, work, random) {
  while (!stopped()) {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // what fetch throws for a broken connection
    }
    await pause(random.integer(0, 12))
  }
}

/** A fresh board, people at it, and nothing promised yet. */
async function sitDown (scene, state) {
  const { server, owner } = state
  for (const at of state.clients ?? []) at.client.destroy()
  const session = await ask(server, 'POST', '/v1/users/login', { body: { email: owner.email, password: PASSWORD } })
  owner.token = session.access_token
  state.board = await newBoard(server, owner, `Board ${freshId()}`)
  state.promised = new Set()
  state.clients = KINDS.map((kind) => new AtBoard(scene, server, state.board, owner, { kind }))
  await Promise.all(state.clients.map((at) => at.ready()))
  state.columns = state.clients[0].columns
}

async function playRound (state, random) {
  const { server, clients } = state
  let stopped = false
  const isOver = () => stopped
  const everybody = Promise.all([
    ...clients.map((at) => {
      const draw = random.fork()
      return keepOn(isOver, () => act(at, state.owner, draw), draw)
    }),
    ...[random.fork(), random.fork()].map((draw) => keepOn(isOver, () => call(state, draw), draw)),
  ])
  await pause(random.integer(20, 400))
  const dies = random.chance(0.7)
  if (dies) await server.kill9()
  await pause(random.integer(0, 60)) // people go on without a server
  stopped = true
  await everybody
  if (dies) await server.start()
  return dies
}

scenario('through edits, requests and kill -9 the rows of a board say what its document shows', { timeout: 120_000 + ROUNDS * 10_000 }, async (scene) => {
  const random = scene.random()
  const server = await scene.server({ env: SETTINGS })
  const state = { server, owner: await withProject(server), told: 0 }
  let [deaths, tasksSeen] = [0, 0]
  for (let round = 0; round < ROUNDS; round++) {
    if (round % ROUNDS_PER_BOARD === 0) await sitDown(scene, state)
    if (await playRound(state, random)) deaths += 1
    const { owner, board, clients } = state
    await sameBoard(server, owner, board, clients)
    await rowsEqualTheBoard(server, owner, board, clients[0].view)
    const tasks = await tasksOf(server, owner, board)
    const ids = new Set([...tasks.values()].map(({ id }) => id))
    for (const id of state.promised) assert.ok(ids.has(id), `task ${id} was answered with 201 and is gone`)
    for await (const { sequence } of eventsAfter(server, owner, state.told)) state.told = sequence
    tasksSeen = Math.max(tasksSeen, tasks.size)
    if ((round + 1) % 100 === 0) console.log(`# ${round + 1} rounds, ${deaths} deaths`)
  }
  console.log(`# ${ROUNDS} rounds, ${deaths} with kill -9, ${state.told} events, up to ${tasksSeen} tasks on a board: no row differs`)
  assert.ok(state.told > ROUNDS && tasksSeen > 0)
})
