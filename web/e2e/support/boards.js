// Boards for real clients: somebody with a project, the page's own board module on the document of a released client,
// and what the server says of the same board.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as Y from 'yjs'
import { ask } from './people.js'
import { until } from './until.js'

const WEB = new URL('../../', import.meta.url)

/** `web/src/board` as a module for Node that uses the same Yjs as the clients. */
async function buildBoardModule () {
  const vite = createRequire(new URL('package.json', WEB)).resolve('vite')
  const { build } = await import(pathToFileURL(vite).href)
  // Below node_modules, so that `yjs` is found as the clients find it.
  const directory = fileURLToPath(new URL('../node_modules/.weft-board/', import.meta.url))
  mkdirSync(directory, { recursive: true })
  const own = `${directory}${randomUUID()}`
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      lib: { entry: fileURLToPath(new URL('src/board/index.ts', WEB)), formats: ['es'], fileName: () => 'board.mjs' },
      outDir: own,
      minify: false,
      rollupOptions: { external: ['yjs'] },
    },
  })
  // Several test files may build at once.
  const path = `${directory}board-${process.pid}.mjs`
  await rename(`${own}/board.mjs`, path)
  await rm(own, { recursive: true })
  const module = await import(pathToFileURL(path).href)
  await rm(path)
  return module
}

export const { BoardEditor, MoveError, pruned, view } = await buildBoardModule()

export const freshId = () => randomUUID()

/** A new board of the project, with its columns "To do", "In progress", "Done". */
export async function newBoard (server, owner, title = 'Looms') {
  const board = await ask(server, 'POST', `/v1/projects/${owner.project}/boards`, { token: owner.token, body: { title } })
  return board.id
}

/** A released client at a board, and an editor of what it holds. */
export class AtBoard {
  /**
   * @param {import('./scenario.js').Scenario} scene
   * @param {{ token: string, id: string }} who
   * @param {{ kind?: string, draw?: (bound: number) => number }} [options]
   */
  constructor (scene, server, board, who, { kind = 'hocuspocus-4', draw = (bound) => Math.floor(Math.random() * bound), ...options } = {}) {
    this.board = board
    this.client = scene.client(kind, server, board, { token: who.token, ...options })
    this.doc = this.client.doc
    const now = () => new Date().toISOString()
    this.editor = new BoardEditor(this.doc, { by: who.id, now, dice: draw, origin: this })
  }

  async ready () {
    await this.client.synced()
    await until('the board is there', () => this.view.columns.length > 0)
    return this
  }

  get view () { return view(this.doc) }
  get shown () { return pruned(this.view) }
  /** The ids of the first, second and last column. */
  get columns () { return this.view.columns.map(({ id }) => id) }
  cardsIn (column) { return this.view.columns.find(({ id }) => id === column)?.cards ?? [] }

  leave () { this.client.disconnect() }
  async comeBack () {
    this.client.connect()
    await this.client.synced()
  }
}

/** What the server shows of a board, in the same form as `AtBoard.shown`. */
export async function shownByServer (server, who, board) {
  return pruned(await ask(server, 'GET', `/v1/boards/${board}/state`, { token: who.token }))
}

/** Waits until all clients and the server show the same board; what they show. */
export async function sameBoard (server, who, board, clients) {
  let seen = []
  await until('all clients and the server show the same board', async () => {
    seen = [await shownByServer(server, who, board), ...clients.map(({ shown }) => shown)].map((one) => canonical(one))
    return new Set(seen).size === 1
  }, {
    every: 20,
    within: 30_000,
    detail: () => clients.map(({ client, doc }, index) => ({
      kind: client.kind,
      synced: client.isSynced,
      connections: client.connections,
      closes: client.closes.slice(-3),
      waiting: doc.store.pendingStructs !== null,
      lacks: Y.encodeStateAsUpdate(clients[0].doc, Y.encodeStateVector(doc)).length,
      hasBeyond: Y.encodeStateAsUpdate(doc, Y.encodeStateVector(clients[0].doc)).length,
      deletions: Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(clients[0].doc)) || 'differ',
      differs: firstDifference(seen[0], seen[index + 1]),
    })),
  })
  return seen[0]
}

/** Where two texts part. */
function firstDifference (one, other) {
  if (one === other) return null
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return `…${one.slice(Math.max(0, at - 80), at + 120)}… on the server, …${other.slice(Math.max(0, at - 80), at + 120)}…`
}

/** The same text for the same JSON. */
function canonical (value) {
  return JSON.stringify(value, (_name, member) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}

/** What happened in the workspace of `who` behind a place, in order; asserts that no number is left out. */
export async function * eventsAfter (server, who, place = 0) {
  for (let after = place; ;) {
    const query = `workspace_id=${who.workspace}&limit=100&after=${after}`
    const page = await ask(server, 'GET', `/v1/events?${query}`, { token: who.token })
    for (const event of page.data) {
      assert.equal(event.sequence, after += 1, 'no number is left out')
      yield event
    }
    if (!page.meta.has_more) return
  }
}

/** Every task of a board as the lists answer it, by the id of its card. */
export async function tasksOf (server, who, board) {
  const tasks = new Map()
  for (let cursor = ''; ;) {
    const page = await ask(server, 'GET', `/v1/boards/${board}/tasks?state=any&limit=100${cursor}`, { token: who.token })
    for (const task of page.data) tasks.set(task.card_id, task)
    if (!page.meta.next_cursor) break
    cursor = `&cursor=${encodeURIComponent(page.meta.next_cursor)}`
  }
  return tasks
}

/** Asserts that the rows of a board say what its document shows: by the server's own check, and by ours on its lists. */
export async function rowsEqualTheBoard (server, who, board, shown) {
  const { consistent, differences } = await ask(server, 'POST', `/v1/boards/${board}:verify`, { token: who.token })
  assert.deepEqual({ consistent, differences }, { consistent: true, differences: [] })
  const tasks = await tasksOf(server, who, board)
  const cards = shown.cards
  assert.deepEqual([...tasks.keys()].sort(), [...cards.keys()].sort(), 'a row for each card and no other')
  for (const [id, card] of cards) {
    const task = tasks.get(id)
    assert.deepEqual({
      title: task.title, state: task.state, column: task.column_id, lane: task.lane_id, due: task.due_date, done: task.done,
      assignees: [...task.assignee_ids].sort(), labels: [...task.label_ids].sort(), items: task.checklist_total, checked: task.checklist_done,
    }, {
      title: card.title, state: card.state, column: card.column, lane: card.lane, due: card.due, done: card.done !== null,
      assignees: [...card.assignees].sort(), labels: [...card.labels].sort(), items: card.checklist.length,
      checked: card.checklist.filter(({ done }) => done).length,
    }, id)
  }
}
