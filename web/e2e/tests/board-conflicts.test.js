// What two people do to a board at the same time, without a network between them: each rule of docs/board-schema.md by
// name, with released clients. Whoever shows the board shows the same, the server and its rows too.

import assert from 'node:assert/strict'
import { AtBoard, freshId, newBoard, rowsEqualTheBoard, sameBoard } from '../support/boards.js'
import { request, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

/** A board repairs itself after five quiet seconds. */
const REPAIRED = { within: 30_000, every: 100 }
const register = ({ doc }, root, id, name) => doc.getMap(root).get(id).get(name)
const write = ({ doc }, root, id, name, value) => doc.getMap(root).get(id).set(name, value)
const placeOf = (at, id) => at.view.cards.get(id).column

/**
 * The rules. `before` is written and seen by both; then the network goes, `one` and `two` act, and it comes back. `shown`
 * looks at what everybody is shown then. `repaired` becomes true when the server has repaired the board; that changes
 * nothing that is shown but what `repairShows` says.
 *
 * @type {Record<string, Record<string, (at: any) => any>>}
 */
const RULES = {
  'two moves of a card: one of the two places': {
    one: (at) => at.editor.moveCards([at.a], at.columns[1], 'last'),
    two: (at) => at.editor.moveCards([at.a], at.columns[2], 'last'),
    shown: (at) => {
      const places = at.columns.filter((column) => at.cardsIn(column).includes(at.a))
      assert.equal(places.length, 1)
      assert.ok(at.columns.indexOf(places[0]) > 0)
    },
  },
  'a move, and a new order in the old column: one of the two, whole': {
    one: (at) => at.editor.moveCards([at.a], at.columns[1], 'last'),
    two: (at) => at.editor.moveCards([at.a], at.columns[0], 'last'),
    shown: (at) => {
      const [first, second] = at.columns
      const moved = at.cardsIn(second).includes(at.a)
      assert.deepEqual(at.cardsIn(first), moved ? [at.b, at.c] : [at.b, at.c, at.a])
    },
  },
  'a card moves into a column that is deleted: it stands at the end of the first': {
    one: (at) => at.editor.delete('columns', at.columns[1]),
    two: (at) => {
      at.editor.moveCards([at.a], at.columns[1], 'last')
      at.editor.createCard('made-there', 'Made there', at.columns[1])
    },
    shown: (at) => {
      assert.equal(at.columns.length, 2)
      assert.deepEqual(at.cardsIn(at.columns[0]).slice(0, 2), [at.b, at.c])
      assert.deepEqual(new Set(at.cardsIn(at.columns[0]).slice(2)), new Set([at.a, 'made-there']))
    },
    repaired: (at) => [at.a, 'made-there'].every((id) => register(at, 'cards', id, 'place')[0] === at.columns[0]),
  },
  'the last column is deleted: the cards are unsorted': {
    one: (at) => at.columns.slice(1).forEach((column) => at.editor.delete('columns', column)),
    two: (at) => at.editor.delete('columns', at.columns[0]),
    shown: (at) => {
      assert.deepEqual(at.columns, [])
      assert.deepEqual(at.view.unsorted, [at.a, at.b, at.c])
    },
  },
  'a column is deleted and restored: the cards that went into it come back': {
    one: (at) => {
      at.column = at.columns[1]
      at.editor.delete('columns', at.column)
    },
    two: (at) => at.editor.moveCards([at.a], at.columns[1], 'last'),
    shown: (at) => {
      if (at.column === undefined) return
      assert.ok(at.cardsIn(at.columns[0]).includes(at.a))
      at.editor.restore('columns', at.column)
      assert.deepEqual(at.cardsIn(at.column), [at.a])
    },
  },
  'two cards get one key: by id, and a repair gives a key to all but the first': {
    one: (at) => write(at, 'cards', at.a, 'place', [at.columns[1], 'a5']),
    two: (at) => write(at, 'cards', at.b, 'place', [at.columns[1], 'a5']),
    shown: (at) => assert.deepEqual(at.cardsIn(at.columns[1]), [at.a, at.b].sort()),
    repaired: (at) => register(at, 'cards', at.a, 'place')[1] !== register(at, 'cards', at.b, 'place')[1],
  },
  'somebody moves a card between two with one key: it stands between them': {
    before: (at) => {
      for (const id of [at.a, at.b]) write(at, 'cards', id, 'place', [at.columns[1], 'a5'])
    },
    one: (at) => at.editor.moveCards([at.c], at.columns[1], { after: [at.a, at.b].sort()[0] }),
    two: (at) => at.editor.renameCard(at.c, 'Between'),
    shown: (at) => {
      const [low, high] = [at.a, at.b].sort()
      assert.deepEqual(at.cardsIn(at.columns[1]), [low, at.c, high])
      assert.equal(at.view.cards.get(at.c).title, 'Between')
    },
  },
  'keys that are broken, too long or missing: last in the column, and a repair gives them one': {
    before: (at) => at.editor.createCard('d', 'd', at.columns[0]),
    one: (at) => write(at, 'cards', at.a, 'place', [at.columns[0], '!']),
    two: (at) => {
      write(at, 'cards', at.b, 'place', [at.columns[0], `a${'1'.repeat(100_000)}`])
      at.doc.getMap('cards').get(at.c).delete('place')
    },
    shown: (at) => assert.deepEqual(at.cardsIn(at.columns[0]), ['d', ...[at.a, at.b].sort(), at.c]),
    repaired: (at) => [at.a, at.b, at.c].every((id) => /^[A-Za-z][0-9A-Za-z]{1,63}$/.test(register(at, 'cards', id, 'place')?.[1] ?? '')),
  },
  'two columns move: both, in an order that is the same for all': {
    one: (at) => {
      at.first = at.columns[0]
      at.editor.reorder('columns', at.columns[0], 'last')
    },
    two: (at) => at.editor.reorder('columns', at.columns[1], 'last'),
    shown: (at) => {
      assert.equal(at.columns.length, 3)
      if (at.first !== undefined) assert.ok(at.columns.indexOf(at.first) > 0)
    },
  },
  'two columns get one key: by id, and a repair gives them different ones': {
    one: (at) => write(at, 'columns', at.columns[0], 'pos', 'a9'),
    two: (at) => write(at, 'columns', at.columns[1], 'pos', 'a9'),
    shown: (at) => assert.deepEqual(at.columns.slice(-2), at.columns.slice(-2).sort()),
    repaired: (at) => new Set(at.columns.map((id) => register(at, 'columns', id, 'pos'))).size === 3,
  },
  'two groups move to one place: one behind the other': {
    before: (at) => ['d', 'e', 'f'].forEach((id) => at.editor.createCard(id, id, at.columns[0])),
    one: (at) => at.editor.moveCards([at.a, at.b, at.c], at.columns[1], 'first'),
    two: (at) => at.editor.moveCards(['d', 'e', 'f'], at.columns[1], 'first'),
    shown: (at) => {
      const order = at.cardsIn(at.columns[1]).map((id) => (['d', 'e', 'f'].includes(id) ? 'two' : 'one')).join()
      assert.ok(['one,one,one,two,two,two', 'two,two,two,one,one,one'].includes(order), order)
    },
  },
  'a card is deleted and edited: deleted; restored, it has the edit': {
    one: (at) => at.editor.deleteCard(at.a),
    two: (at) => at.editor.renameCard(at.a, 'Edited'),
    shown: (at) => {
      if (at.name !== 'one') return
      assert.deepEqual(at.view.trash, [at.a])
      at.editor.restoreCard(at.a)
      assert.deepEqual([at.view.trash, at.view.cards.get(at.a).title], [[], 'Edited'])
    },
  },
  'a label and a field are deleted while they are used: not shown, kept': {
    before: (at) => {
      at.editor.createLabel('red', 'Red', '#ff0000')
      at.editor.createField('size', 'Size', 'number')
    },
    one: (at) => {
      at.editor.delete('labels', 'red')
      at.editor.delete('fields', 'size')
    },
    two: (at) => {
      at.editor.addTo('labels', at.a, 'red')
      at.editor.setValue(at.a, 'size', 4.5)
    },
    shown: (at) => {
      const { labels, values } = at.view.cards.get(at.a)
      assert.deepEqual([labels, Object.keys(values).length + (values.size ?? 0)], [[], 0])
      if (at.name !== 'one') return
      at.editor.restore('labels', 'red')
      at.editor.restore('fields', 'size')
      assert.deepEqual(at.view.cards.get(at.a).labels, ['red'])
      assert.equal(at.doc.getMap('cards').get(at.a).get('cf').get('size'), 4.5)
    },
  },
  'each of two cards becomes a part of the other: the one with the lower id does': {
    one: (at) => at.editor.setParent(at.a, at.b),
    two: (at) => at.editor.setParent(at.b, at.a),
    shown: (at) => {
      // Their clocks are equal, so the one with the lower id counts; also when the server has repaired it by its own view.
      const [low, high] = [at.a, at.b].sort()
      assert.deepEqual([low, high].map((id) => at.view.cards.get(id).parent), [high, null])
    },
    repaired: (at) => [at.a, at.b].some((id) => register(at, 'cards', id, 'parent').p === null),
  },
  'a card becomes a part of one that is deleted: of nothing, until that comes back': {
    one: (at) => at.editor.deleteCard(at.a),
    two: (at) => at.editor.setParent(at.b, at.a),
    shown: (at) => {
      if (at.name !== 'one') return
      assert.equal(at.view.cards.get(at.b).parent, null)
      at.editor.restoreCard(at.a)
      assert.equal(at.view.cards.get(at.b).parent, at.a)
    },
  },
  'dependencies close a cycle together: the last does not count, and a repair takes it away': {
    one: (at) => at.editor.link(at.a, 'blocks', at.b),
    two: (at) => at.editor.link(at.b, 'blocks', at.a),
    shown: (at) => assert.deepEqual(at.view.links.map(({ cyclic }) => cyclic).sort(), [false, true]),
    repaired: (at) => at.view.links.length === 1,
    repairShows: () => 'fewer links',
  },
  'a column fills beyond its limit: it is over its limit': {
    before: (at) => at.editor.setWip(at.columns[1], { limit: 1, mode: 'hard' }),
    one: (at) => at.editor.moveCards([at.a], at.columns[1], 'last'),
    two: (at) => at.editor.moveCards([at.b], at.columns[1], 'last'),
    shown: (at) => assert.deepEqual([at.view.columns[1].cards.length, at.view.columns[1].over_limit], [2, true]),
  },
  'an item is checked and renamed: both': {
    before: (at) => at.editor.addItem(at.a, 'item', 'Wind'),
    one: (at) => at.editor.changeItem(at.a, 'item', { done: true }),
    two: (at) => at.editor.changeItem(at.a, 'item', { text: 'Wind the beam' }),
    shown: (at) => {
      const [{ done, text }] = at.view.cards.get(at.a).checklist
      assert.deepEqual([done, text], [true, 'Wind the beam'])
    },
  },
  'an item is removed and edited: removed': {
    before: (at) => at.editor.addItem(at.a, 'item', 'Wind'),
    one: (at) => at.editor.removeItem(at.a, 'item'),
    two: (at) => at.editor.changeItem(at.a, 'item', { done: true }),
    shown: (at) => assert.deepEqual(at.view.cards.get(at.a).checklist, []),
  },
  'two write into one title: both stand in it': {
    before: (at) => at.editor.renameCard(at.a, 'Warp'),
    one: (at) => at.editor.renameCard(at.a, 'Warp it'),
    two: (at) => at.editor.renameCard(at.a, 'Do Warp'),
    shown: (at) => assert.equal(at.view.cards.get(at.a).title, 'Do Warp it'),
  },
  'a clock that is no number says nothing, a high one counts as it stands': {
    one: (at) => write(at, 'cards', at.a, 'parent', { p: at.b, prev: null, t: 'much' }),
    two: (at) => write(at, 'cards', at.c, 'parent', { p: at.b, prev: null, t: 900_000 }),
    shown: (at) => {
      assert.equal(at.view.cards.get(at.a).parent, null, 'a clock that is no number says nothing')
      assert.equal(at.view.cards.get(at.c).parent, at.b)
    },
  },
}

/** Three cards in the first column, and both have seen them. */
async function furnish (server, owner, rule, [one, two]) {
  const cards = [freshId(), freshId(), freshId()]
  for (const [at, name] of [[one, 'one'], [two, 'two']]) {
    const [a, b, c] = cards
    Object.assign(at, { name, a, b, c })
  }
  cards.forEach((id, index) => one.editor.createCard(id, `Card ${index}`, one.columns[0]))
  rule.before?.(one)
  await one.client.acked()
  await sameBoard(server, owner, one.board, [one, two])
}

/** What `one` and `two` do without each other, and what comes of it. */
async function meetApart (server, owner, board, rule, both) {
  const [one, two] = both
  both.forEach((at) => at.leave())
  rule.one(one)
  rule.two(two)
  await Promise.all(both.map((at) => at.comeBack()))
  await sameBoard(server, owner, board, both)
  both.forEach((at) => rule.shown(at))
  const shown = await sameBoard(server, owner, board, both)
  await rowsEqualTheBoard(server, owner, board, one.view)
  if (rule.repaired === undefined) return
  await until('the server has repaired the board', () => both.every((at) => rule.repaired(at)), REPAIRED)
  const after = await sameBoard(server, owner, board, both)
  if (rule.repairShows === undefined) assert.equal(after, shown, 'a repair changes nothing that is shown')
  await rowsEqualTheBoard(server, owner, board, one.view)
}

// Several rules at a time: each has a board of its own, and most of the time is waiting for quiet.
scenario('what two do at once ends as the rules say', { timeout: 300_000, concurrency: 6 }, async (scene) => {
  const server = await scene.server({ env: roomyLimits })
  const owner = await withProject(server)
  const play = async (rule) => {
    const board = await newBoard(server, owner)
    const both = [new AtBoard(scene, server, board, owner), new AtBoard(scene, server, board, owner, { kind: 'y-websocket-3' })]
    await Promise.all(both.map((at) => at.ready()))
    await furnish(server, owner, rule, both)
    await meetApart(server, owner, board, rule, both)
    both.forEach((at) => at.client.destroy())
  }
  await Promise.all(Object.entries(RULES).map(([name, rule]) => scene.t.test(name, async () => await play(rule))))
})

scenario('a dependency that would close a cycle is refused over REST', async (scene) => {
  const server = await scene.server({ env: roomyLimits })
  const owner = await withProject(server)
  const board = await newBoard(server, owner)
  const at = await new AtBoard(scene, server, board, owner).ready()
  const make = async (title) => {
    const body = { board_id: board, title }
    return (await request(server, 'POST', `/v1/projects/${owner.project}/tasks`, { token: owner.token, body })).body
  }
  const [warp, weave] = [await make('Warp'), await make('Weave')]
  await until('the editor has both', () => at.view.cards.size === 2)
  at.editor.link(warp.card_id, 'blocks', weave.card_id)
  await at.client.acked()
  const answer = await request(server, 'POST', `/v1/tasks/${weave.id}/dependencies`, {
    token: owner.token, body: { kind: 'blocks', task_id: warp.id },
  })
  assert.deepEqual([answer.status, answer.body.code], [409, 'DEPENDENCY_CYCLE'])
})

scenario('an update that forges the clock of a board is refused, and nobody else is harmed', async (scene) => {
  const server = await scene.server({ env: roomyLimits })
  const owner = await withProject(server)
  const board = await newBoard(server, owner)
  const honest = await new AtBoard(scene, server, board, owner).ready()
  const forger = await new AtBoard(scene, server, board, owner, { kind: 'y-websocket-3' }).ready()
  honest.editor.createCard('one', 'One', honest.columns[0])
  honest.editor.createCard('two', 'Two', honest.columns[0])
  await honest.client.acked()
  await sameBoard(server, owner, board, [honest, forger])
  forger.doc.getMap('cards').get('one').set('parent', { p: 'two', prev: null, t: 2 ** 52 })
  await until('the forger is refused', () => forger.client.closes.length > 0)
  honest.editor.renameCard('one', 'Still here')
  await honest.client.acked()
  const shown = await sameBoard(server, owner, board, [honest])
  assert.match(shown, /Still here/)
  assert.equal(honest.view.cards.get('one').parent, null)
})
