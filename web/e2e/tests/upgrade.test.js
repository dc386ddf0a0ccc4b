// Data directories that earlier versions have written (storage/tests/fixtures), served by the present one: people log in with what
// they had, read everything, and go on. Postgres dumps of the same are opened by storage/tests/conformance/upgrade.rs; they come
// without the key that opens their secrets, so nobody could log in.

import assert from 'node:assert/strict'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AtBoard, eventsAfter, rowsEqualTheBoard, sameBoard, tasksOf } from '../support/boards.js'
import { ask, roomyLimits } from '../support/people.js'
import { onPostgres } from '../support/postgres.js'
import { scenario } from '../support/scenario.js'
import { freshDataDirectory, runWeft } from '../support/server.js'

const FIXTURES = fileURLToPath(new URL('../../../storage/tests/fixtures/', import.meta.url))
const versions = readdirSync(FIXTURES).flatMap((name) => /^(\d{4})-sqlite$/.exec(name)?.[1] ?? [])
const skip = onPostgres ? 'the data directories are SQLite\'s' : false

const login = async (server, email) =>
  (await ask(server, 'POST', '/v1/users/login', { body: { email, password: 'correct horse battery staple' } })).access_token

async function boardIsThere (scene, server, ada, board) {
  const at = await new AtBoard(scene, server, board, ada).ready()
  const tasks = await tasksOf(server, ada, board)
  assert.equal(tasks.size, 12)
  assert.deepEqual([...tasks.values()].map(({ state }) => state).sort().slice(0, 3), ['archived', 'deleted', 'open'])
  await rowsEqualTheBoard(server, ada, board, at.view)
  const [card] = at.view.columns[0].cards
  at.editor.moveCards([card], at.columns[1], 'first')
  await ask(server, 'POST', `/v1/projects/${ada.project}/tasks`, { token: ada.token, body: { title: 'After the upgrade', board_id: board } })
  await at.client.acked()
  await sameBoard(server, ada, board, [at])
  await rowsEqualTheBoard(server, ada, board, at.view)
  assert.equal(at.view.cards.size, 13)
  return [...tasks.values()].find(({ title }) => title === 'Card 0')
}

for (const version of versions) {
  scenario(`what a version with migration ${version} has written is served and gone on with`, { skip }, async (scene) => {
    const data = freshDataDirectory()
    scene.defer(() => rmSync(data, { recursive: true, force: true }))
    cpSync(`${FIXTURES}${version}-sqlite`, data, { recursive: true })
    const env = { ...roomyLimits, WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8' }
    const server = await scene.server({ data, playground: false, env })
    const token = await login(server, 'ada@example.com')
    const get = async (path) => (await ask(server, 'GET', path, { token })).data
    const workspace = (await get('/v1/workspaces')).find(({ name }) => name === 'Mill').id
    const [project] = await get(`/v1/projects?workspace_id=${workspace}`)
    const ada = { token, id: (await ask(server, 'GET', '/v1/users/me', { token })).id, workspace, project: project.id }

    const documents = new Map((await get(`/v1/projects/${project.id}/documents`)).map((document) => [document.title, document.id]))
    const small = documents.get('Small')
    const text = await ask(server, 'GET', `/v1/documents/${small}/content?format=markdown`, { token })
    for (const words of ['warp and weft', 'paragraph 0', 'paragraph 5', 'the last one']) assert.match(JSON.stringify(text), new RegExp(words))
    await ask(server, 'PATCH', `/v1/documents/${small}/content`, { token, body: [{ op: 'append', content: 'and on', format: 'markdown' }] })
    const [file] = await get(`/v1/documents/${small}/attachments`)
    assert.equal(file.name, 'cat.png')

    if (Number(version) >= 3) {
      const [board] = await get(`/v1/projects/${project.id}/boards`)
      const task = await boardIsThere(scene, server, ada, board.id)
      assert.equal(task.checklist_total, 3)
      if (Number(version) >= 4) {
        const comments = await get(`/v1/documents/${small}/comments`)
        assert.equal(comments.length, 2)
        assert.equal((await get(`/v1/comments/${comments[0].id}/reactions`)).length, 1)
        assert.equal((await get(`/v1/tasks/${task.id}/comments`)).length, 1)
        assert.equal((await get(`/v1/tasks/${task.id}/attachments`)).length, 1)
        assert.equal((await get(`/v1/tasks/${task.id}/reminders`)).length, 1)
        assert.equal((await get(`/v1/projects/${project.id}/views`)).length, 1)
        await ask(server, 'POST', `/v1/documents/${small}/comments`, { token, body: { body: 'After the upgrade' } })
      }
      let events = 0
      for await (const { sequence } of eventsAfter(server, ada)) events = sequence
      assert.ok(events > 30)
    }
    if (Number(version) >= 5) {
      const endpoints = await get(`/v1/webhooks/endpoints?workspace_id=${workspace}`)
      assert.deepEqual(endpoints.map(({ description }) => description).sort(), ['refuses', 'takes'])
      for (const { id } of endpoints) {
        assert.ok((await get(`/v1/webhooks/endpoints/${id}/deliveries`)).length >= 16)
        assert.match((await ask(server, 'GET', `/v1/webhooks/endpoints/${id}/secret`, { token })).secret, /^whsec_/)
      }
    }
    if (Number(version) >= 6) {
      const ben = await login(server, 'ben@example.com')
      const inbox = (await ask(server, 'GET', `/v1/notifications?workspace_id=${workspace}`, { token: ben })).data
      assert.ok(inbox.length >= 3)
      assert.equal((await ask(server, 'GET', `/v1/notifications?workspace_id=${workspace}&state=archived`, { token: ben })).data.length, 1)
    }

    await server.terminate()
    const { code, output } = await runWeft(['doctor', '--data', data])
    assert.equal(code, 0, output)
  })
}
