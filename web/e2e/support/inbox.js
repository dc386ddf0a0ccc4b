// What somebody is told: their inbox, read to its end, and what it says against what is counted.

import assert from 'node:assert/strict'
import { ask } from './people.js'
import { until } from './until.js'

/** Every row of a list of the API. */
export async function everyRow (server, who, path) {
  const rows = []
  for (let cursor = ''; cursor !== null;) {
    const page = await ask(server, 'GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor}`, { token: who.token })
    rows.push(...page.data)
    cursor = page.meta.next_cursor === null ? null : `&cursor=${encodeURIComponent(page.meta.next_cursor)}`
  }
  return rows
}

/** @param {'inbox' | 'unread' | 'archived' | 'snoozed'} [state] */
export const inboxOf = (server, who, state = 'inbox') => everyRow(server, who, `/v1/notifications?state=${state}`)

/** Asserts that the counters of `who` say what listing everything says; the number of rows. */
export async function countersEqualRows (server, who, what) {
  const counts = await ask(server, 'GET', '/v1/notifications/counts', { token: who.token })
  const rows = await inboxOf(server, who)
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, `${what}: no row is listed twice`)
  const recount = (rows) => ({
    unread: rows.filter(({ read_at: at }) => at === null).length,
    unseen: rows.filter(({ seen_at: at }) => at === null).length,
  })
  const { workspaces, ...all } = counts
  assert.deepEqual(all, recount(rows), `${what}: counts and rows`)
  for (const { workspace_id: workspace, ...some } of workspaces) {
    assert.deepEqual(some, recount(rows.filter((row) => row.workspace_id === workspace)), `${what}: a workspace`)
  }
  assert.equal(workspaces.reduce((sum, { unread }) => sum + unread, 0), all.unread, `${what}: the workspaces make up all`)
  return rows.length
}

/** Waits until everything that happened before was told: `author` speaks to `others` at a task, and they hear of it. */
export async function everythingIsTold (server, author, others, task) {
  const body = { body: 'Are you there?', mentions: others.map(({ id }) => id) }
  const { id } = await ask(server, 'POST', `/v1/tasks/${task}/comments`, { token: author.token, body })
  await Promise.all(others.map((other) => until('everything was told', async () => {
    const { data } = await ask(server, 'GET', '/v1/notifications?limit=100', { token: other.token })
    return data.some(({ comment_id: comment }) => comment === id)
  }, { within: 30_000, every: 20 })))
}
