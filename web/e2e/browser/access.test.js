// Asking to see a document, in the pages: by whoever does not see it, and as those find it who may share it. And what an iPhone is told
// that has the pages in a tab.

import assert from 'node:assert/strict'
import { person, useBrowser } from '../support/browser.js'
import { ask, joins, PASSWORD, person as account, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'

useBrowser()

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

async function looking (scene, server, who, path, options) {
  const { page, context } = await person(scene, server.httpUrl, options)
  if (options?.before) await context.addInitScript(options.before)
  await page.goto(server.httpUrl + path)
  await page.getByLabel('E-mail address').fill(who.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  return page
}

scenario('who does not see a document asks for it where it would be, and is let in where it is', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const [ada, cem] = [await withProject(server), await account(server, 'cem')]
  await joins(server, ada, ada.workspace, cem, 'guest')
  const path = `/v1/projects/${ada.project}/documents`
  const document = (await ask(server, 'POST', path, { token: ada.token, body: { title: 'Patterns' } })).id
  const his = await looking(scene, server, cem, `/documents/${document}`)
  await his.getByTestId('ask-access').getByRole('textbox').fill('I weave <b>the border</b>')
  await his.getByRole('button', { name: 'Ask to see it' }).click()
  await his.getByText('those who may share it are told').waitFor()

  const hers = await looking(scene, server, ada, `/documents/${document}`)
  const row = hers.getByTestId('askers').getByRole('listitem')
  await row.getByText('I weave <b>the border</b>').waitFor()
  assert.match(await row.innerText(), /cem Weaver asks to see this/)
  await row.getByRole('combobox').selectOption('editor')
  await row.getByRole('button', { name: 'Let in' }).click()
  await row.waitFor({ state: 'detached' })

  await his.getByRole('button', { name: 'Try again' }).click()
  await his.locator('[data-testid=rich-editor][data-synced=true] [contenteditable=true]').waitFor()
  assert.equal(await his.getByTestId('askers').isVisible(), false, 'that is for its owners')
})

scenario('an iPhone is told to put the pages on its home screen, and nothing else is', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const ada = await withProject(server)
  // As in a tab of Safari there.
  const before = 'delete window.PushManager'
  const phone = await looking(scene, server, ada, '/preferences', { userAgent: IPHONE, viewport: { width: 390, height: 844 }, before })
  await phone.getByTestId('devices').getByText('Add to Home Screen').waitFor()
  assert.equal(await phone.getByRole('switch', { name: 'Notify me on this device' }).count(), 0)
  const desk = await looking(scene, server, ada, '/preferences')
  await desk.getByRole('switch', { name: 'Notify me on this device' }).waitFor()
  assert.equal(await desk.getByText('Add to Home Screen').count(), 0)
})
