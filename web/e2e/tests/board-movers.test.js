// Many move one card at the same time, over REST and over sockets: it is in one place, and what is told of it is one
// unbroken story.

import assert from 'node:assert/strict'
import { AtBoard, eventsAfter, newBoard, rowsEqualTheBoard, sameBoard } from '../support/boards.js'
import { ask, request, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const MOVERS = 50
const MOVES = 4

scenario(`a card that ${MOVERS} move over REST and ${MOVERS} over sockets is in one place, and each move is told once`, { timeout: 180_000 }, async (scene) => {
  const random = scene.random()
  const env = { ...roomyLimits, WEFT_LIMITS_MAX_SOCKETS_PER_USER: '200' }
  const server = await scene.server({ env })
  const owner = await withProject(server)
  const board = await newBoard(server, owner)
  const make = (title) => ask(server, 'POST', `/v1/projects/${owner.project}/tasks`, { token: owner.token, body: { board_id: board, title } })
  const [task] = [await make('Contested'), await make('Neighbour')]
  const kinds = ['hocuspocus-4', 'y-websocket-3', 'y-sweet']
  const clients = Array.from({ length: MOVERS }, (_, index) => new AtBoard(scene, server, board, owner, { kind: kinds[index % 3] }))
  await Promise.all(clients.map((client) => client.ready()))
  await until('everybody sees both cards', () => clients.every(({ view }) => view.cards.size === 2))
  const columns = clients[0].columns

  let answered = 0
  const overRest = async (draw) => {
    for (let move = 0; move < MOVES; move++) {
      const body = { column_id: draw.pick(columns), pos: draw.pick(['top', 'bottom']) }
      const answer = await request(server, 'POST', `/v1/tasks/${task.id}:move`, { token: owner.token, body })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      answered++
    }
  }
  const overSocket = async (client, draw) => {
    for (let move = 0; move < MOVES; move++) {
      client.editor.moveCards([task.card_id], draw.pick(columns), draw.pick(['first', 'last']))
      await pause(draw.integer(0, 40))
    }
  }
  await Promise.all([
    ...clients.map(() => overRest(random.fork())),
    ...clients.map((client) => overSocket(client, random.fork())),
  ])
  await sameBoard(server, owner, board, clients)
  await rowsEqualTheBoard(server, owner, board, clients[0].view)

  const { view } = clients[0]
  assert.equal(columns.filter((column) => clients[0].cardsIn(column).includes(task.card_id)).length, 1)
  const moves = []
  for await (const event of eventsAfter(server, owner)) {
    if (event.type === 'task.moved' && event.task_id === task.id) moves.push(event)
  }
  // Each begins where the one before it ended, none ends where it began, and the last ends where the card is.
  let place = { column: columns[0], after: null }
  for (const { sequence, data } of moves) {
    assert.deepEqual(data.before, place, `event ${sequence}`)
    assert.notDeepEqual(data.after, data.before, `event ${sequence}`)
    place = data.after
  }
  assert.equal(place.column, view.cards.get(task.card_id).column)
  assert.equal(answered, MOVERS * MOVES)
  assert.ok(moves.length >= MOVERS, `${moves.length} moves are too few to show anything`)
  console.log(`# ${answered} moves over REST and ${MOVERS * MOVES} over sockets, of which ${moves.length} had an effect`)
})
