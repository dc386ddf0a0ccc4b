// Addresses of documents and tasks, for people with accounts: they lead to the text, to the board, to the card.

import assert from 'node:assert/strict'
import { person, reaches, useBrowser } from '../support/browser.js'
import { ask, PASSWORD, person as account, roomyLimits } from '../support/people.js'
import { scenario } from '../support/scenario.js'

useBrowser()

async function logIn (page, { email }) {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

scenario('the addresses of documents and tasks lead to the text, to the board, to the card', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const ada = await account(server, 'ada')
  const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })
  const workspace = (await as('POST', '/v1/workspaces', { name: 'Looms' })).id
  const team = (await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Weavers' })).id
  const project = (await as('POST', '/v1/projects', { team_id: team, name: 'Carpets' })).id
  const text = (await as('POST', `/v1/projects/${project}/documents`, { title: 'How to weave' })).id
  const board = (await as('POST', `/v1/projects/${project}/boards`, { title: 'The red one' })).id
  const task = (await as('POST', `/v1/projects/${project}/tasks`, { title: 'Find the wool', board_id: board })).id

  const { page, context, complaints } = await person(scene, `${server.httpUrl}/documents/${text}`)
  await logIn(page, ada)
  await page.locator('[data-testid=rich-editor][data-synced=true] [contenteditable=true]').waitFor()
  await page.getByRole('textbox', { name: 'Rich text of this document' }).click()
  await page.keyboard.type('Over and under.')
  await reaches(page, 'saved')
  assert.equal(await page.getByLabel('Title of the document').inputValue(), 'How to weave')
  const second = await context.newPage()
  await second.goto(`${server.httpUrl}/documents/${text}`)
  await second.getByText('Over and under.').waitFor()

  await second.goto(`${server.httpUrl}/documents/${board}`)
  await second.locator('[data-testid=board][data-ready=true]').waitFor()
  assert.equal(new URL(second.url()).pathname, `/boards/${board}`)

  await second.goto(`${server.httpUrl}/tasks/${task}`)
  await second.getByTestId('card-dialog').waitFor()
  assert.equal(await second.getByTestId('card-dialog').getByLabel('Title of the card').inputValue(), 'Find the wool')
  assert.equal(new URL(second.url()).pathname, `/boards/${board}`)
  assert.deepEqual(complaints.filter((words) => !/40[45]/.test(words)), [])

  await page.goto(`${server.httpUrl}/tasks/${text}`)
  await page.getByText('There is no such task, or you may not see it.').waitFor()
})
