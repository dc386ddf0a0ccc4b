// Inboxes: counters are those of the rows whatever several people do at once, and each thing is told once, whichever servers tell
// it and whenever one dies. Long form: WEFT_INBOX_OPERATIONS=10000 WEFT_INBOX_KILLS=50 (make events-proof).

import assert from 'node:assert/strict'
import { countersEqualRows, everyRow, everythingIsTold, inboxOf } from '../support/inbox.js'
import { keepAsking, killAtRandom } from '../support/kills.js'
import { nodes, skipWithoutPostgres } from '../support/nodes.js'
import { ask, joins, person, request } from '../support/people.js'
import { onPostgres } from '../support/postgres.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const OPERATIONS = Number(process.env.WEFT_INBOX_OPERATIONS ?? 200)
const KILLS = Number(process.env.WEFT_INBOX_KILLS ?? 5)
const BATCH = 40
/** What the server may answer to somebody whose right is just being taken away, or who is not the only one to change a row. */
const REFUSALS = [403, 404, 409, 412, 422]

/** Servers, Ada, who has a board with tasks and documents, and guests with whom all of it is shared. */
async function inboxes (scene, count, { guests: names, tasks = 5, documents = 3 }) {
  const guests = []
  const { servers, owner: ada } = await nodes(scene, count, {
    before: async (server, ada) => {
      for (const name of names) {
        const guest = await person(server, name)
        await joins(server, ada, ada.workspace, guest, 'guest')
        guests.push(guest)
      }
    },
  })
  const as = (method, path, body) => ask(servers[0], method, path, { token: ada.token, body })
  const board = (await as('POST', `/v1/projects/${ada.project}/boards`, { title: 'Looms' })).id
  const world = { servers, ada, guests, board, as, tasks: [], documents: [] }
  while (world.documents.length < documents) {
    world.documents.push((await as('POST', `/v1/projects/${ada.project}/documents`, { title: `Plan ${world.documents.length}`, kind: 'text' })).id)
  }
  for (const shared of [board, ...world.documents]) {
    for (const { id } of guests) await as('PUT', `/v1/documents/${shared}/shares/${id}`, { role: 'editor' })
  }
  while (world.tasks.length < tasks) {
    const body = { board_id: board, title: `Warp ${world.tasks.length}`, assignee_ids: guests.map(({ id }) => id) }
    world.tasks.push((await as('POST', `/v1/projects/${ada.project}/tasks`, body)).id)
  }
  return world
}

/** One thing that `who` does, at random, to what is said or to their own inbox. */
class Doings {
  constructor (world, random) {
    this.world = world
    this.random = random
    this.done = {}
    /** Threads at documents, to reply to: `[document, comment]`. */
    this.threads = []
  }

  async try (who, what, method, path, body) {
    const { status, body: answer } = await request(this.random.pick(this.world.servers), method, path, { token: who.token, body })
    if (status >= 300 && !REFUSALS.includes(status)) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`)
    const key = status < 300 ? what : `${what} refused`
    this.done[key] = (this.done[key] ?? 0) + 1
    return status < 300 ? answer : undefined
  }

  async mention (who, random) {
    const { ada, guests, tasks, documents } = this.world
    const mentions = [ada, ...guests].filter(({ id }) => id !== who.id && random.chance(0.5)).map(({ id }) => id)
    const body = { body: `Weave ${random.word()}`, mentions }
    // The first task is there to see whether everything was told.
    if (random.chance(0.4)) return await this.try(who, 'task comment', 'POST', `/v1/tasks/${random.pick(tasks.slice(1))}/comments`, body)
    if (this.threads.length > 8 && random.chance(0.9)) {
      const [document, parent] = random.pick(this.threads)
      return await this.try(who, 'reply', 'POST', `/v1/documents/${document}/comments`, { ...body, parent_id: parent })
    }
    const document = random.pick(documents)
    const made = await this.try(who, 'comment', 'POST', `/v1/documents/${document}/comments`, body)
    if (made) this.threads.push([document, made.id])
  }

  /** Reads, puts away, puts off, and takes it all back. */
  async row (who, random) {
    const state = random.pick(['inbox', 'inbox', 'unread', 'archived', 'snoozed'])
    const { data: rows } = await ask(random.pick(this.world.servers), 'GET', `/v1/notifications?limit=100&state=${state}`, { token: who.token })
    if (rows.length === 0) return
    const row = random.pick(rows)
    const soon = new Date(Date.now() + random.integer(200, 800)).toISOString()
    const later = new Date(Date.now() + 30 * 86_400_000).toISOString()
    const [what, form] = random.pick([
      ['read', { read: true }], ['unread', { read: false }], ['seen', { seen: true }],
      ['archive', { archived: true }], ['take out of the archive', { archived: false }],
      ['snooze', { snoozed_until: random.chance(0.1) ? soon : later }], ['snooze no longer', { snoozed_until: null }],
      ['all at once', { read: random.chance(0.5), archived: random.chance(0.5), snoozed_until: random.chance(0.5) ? later : null }],
    ])
    await this.try(who, what, 'PATCH', `/v1/notifications/${row.id}`, form)
  }

  async many (who, random) {
    const { data: rows } = await ask(random.pick(this.world.servers), 'GET', '/v1/notifications?limit=20', { token: who.token })
    if (rows.length === 0) return
    const what = random.pick(['read-all', 'seen'])
    await this.try(who, what, 'POST', `/v1/notifications:${what}`, { before: random.pick(rows).updated_at })
  }

  async mute (who, random) {
    const path = random.chance(0.5) ? `/v1/tasks/${random.pick(this.world.tasks)}` : `/v1/documents/${random.pick(this.world.documents)}`
    const state = random.pick(['muted', 'watching'])
    if (random.chance(0.2)) await this.try(who, 'leave it open', 'DELETE', `${path}/subscription`)
    else await this.try(who, state, 'PUT', `${path}/subscription`, { state })
  }

  /** Ada takes a right away, or gives it back. Tasks stay shared, so that everybody can be asked whether they were told. */
  async right (_who, random) {
    const { ada, guests, documents } = this.world
    const path = `/v1/documents/${random.pick(documents)}/shares/${random.pick(guests).id}`
    if (random.chance(0.5)) await this.try(ada, 'lost right', 'DELETE', path)
    else await this.try(ada, 'right', 'PUT', path, { role: random.pick(['viewer', 'commenter', 'editor']) })
  }

  async next (who, random) {
    const doing = random.pick(['mention', 'mention', 'mention', 'row', 'row', 'row', 'row', 'many', 'mute', 'right'])
    await this[doing](who, random)
  }
}

scenario('counts equal a recount whatever several people do at once', { timeout: 90_000 + OPERATIONS * 200 }, async (scene) => {
  const random = scene.random()
  const world = await inboxes(scene, onPostgres ? 3 : 1, { guests: ['bo', 'cem', 'dov'] })
  const { servers, ada, guests, tasks } = world
  const people = [ada, ...guests]
  const doings = new Doings(world, random)
  let rows = 0
  for (let done = 0; done < OPERATIONS; done += BATCH) {
    await Promise.all(people.map(async (who) => {
      const own = random.fork()
      for (let number = 0; number < BATCH / people.length; number++) await doings.next(who, own)
    }))
    await everythingIsTold(random.pick(servers), ada, guests, tasks[0])
    // What was put off for a moment comes back by itself.
    await until('nothing is about to come back', async () => {
      const snoozed = await Promise.all(people.map((who) => inboxOf(servers[0], who, 'snoozed')))
      return snoozed.flat().every((row) => Date.parse(row.snoozed_until) > Date.now() + 3_600_000)
    }, { every: 50 })
    for (const who of people) rows = Math.max(rows, await countersEqualRows(random.pick(servers), who, `after ${done + BATCH} operations`))
  }
  console.log(`# ${OPERATIONS} operations of ${people.length} people on ${servers.length} servers, up to ${rows} rows in an inbox: counts equal rows after every ${BATCH}; ${JSON.stringify(doings.done)}`)
  assert.ok(rows > 0)
})

for (const [count, skip] of [[1, false], [4, skipWithoutPostgres]]) {
  scenario(`a hundred events at once from ${count} servers are one row for each thread`, { skip }, async (scene) => {
    const random = scene.random()
    const { servers, ada, guests: [cem], tasks, as } = await inboxes(scene, count, { guests: ['cem'], tasks: 5, documents: 1 })
    await everythingIsTold(servers[0], ada, [cem], tasks[0])
    const threads = tasks.slice(1)
    for (const { id } of await inboxOf(servers[0], cem)) {
      await ask(servers[0], 'PATCH', `/v1/notifications/${id}`, { token: cem.token, body: { archived: true } })
    }
    await Promise.all(Array.from({ length: 100 }, (_, number) => {
      const body = { body: `No. ${number}`, mentions: random.chance(0.5) ? [cem.id] : [] }
      return ask(servers[number % count], 'POST', `/v1/tasks/${threads[number % threads.length]}/comments`, { token: ada.token, body })
    }))
    await everythingIsTold(servers[0], ada, [cem], tasks[0])
    const rows = (await inboxOf(servers.at(-1), cem)).filter(({ subject }) => subject.id !== tasks[0])
    assert.deepEqual(rows.map(({ subject, count }) => [subject.id, count]).sort(), threads.map((task) => [task, 100 / threads.length]).sort())
    for (const { actors } of rows) assert.deepEqual(actors.map(({ user_id: id }) => id), [ada.id])
    assert.deepEqual(await inboxOf(servers[0], ada), [], 'nobody is told of their own doing')
    await countersEqualRows(servers[0], cem, 'at the end')
    assert.ok((await as('GET', `/v1/tasks/${threads[0]}/comments`)).data.length > 0)
  })
}

scenario('a server that is killed while it tells makes one row of each mention', { timeout: 90_000 + KILLS * 5_000 }, async (scene) => {
  const random = scene.random()
  const { servers, ada, guests: [cem], tasks, documents } = await inboxes(scene, onPostgres ? 2 : 1, { guests: ['cem'], tasks: 1 })
  const people = keepAsking(random, { servers, count: 3, longestPause: 40 }, (own, server) => {
    const body = { body: `You, ${own.word()}?`, mentions: [cem.id] }
    return ask(server, 'POST', `/v1/documents/${own.pick(documents)}/comments`, { token: ada.token, body })
  })
  await killAtRandom(random, servers, KILLS, { answered: () => people.answered, most: 20, within: 30_000 })
  await people.stop()
  await everythingIsTold(servers[0], ada, [cem], tasks[0])
  const said = []
  for (const document of documents) {
    for (const { id, mentions } of await everyRow(servers[0], ada, `/v1/documents/${document}/comments`)) {
      assert.equal(mentions.length, 1)
      said.push(id)
    }
  }
  const rows = (await inboxOf(servers[0], cem)).filter(({ type, subject }) => type === 'mentioned' && subject.kind === 'document')
  assert.deepEqual(rows.map(({ comment_id: id }) => id).sort(), said.sort(), 'one row of each mention')
  assert.ok(rows.every(({ count }) => count === 1), 'each was counted once')
  assert.ok(said.length >= people.answered && people.answered > 0, `${said.length} comments of ${people.answered} that were answered`)
  await countersEqualRows(servers[0], cem, 'at the end')
  console.log(`# ${KILLS} kills of ${servers.length} servers: ${said.length} mentions, each in one row and counted once`)
})
