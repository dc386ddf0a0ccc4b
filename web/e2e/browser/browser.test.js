// The playground in a real browser: two people see each other type, the mark tells the truth about what is saved,
// and the text outlives the server.

import assert from 'node:assert/strict'
import { person, reaches, saveState, sharedAddress, useBrowser } from '../support/browser.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const RICH = '[data-testid=rich-editor] [contenteditable=true]'
const CODE = '[data-testid=code-editor] .cm-content'

useBrowser()

/** The visible text of an editor, without the names at other people's cursors. */
const textOf = (page, editor) => page.locator(editor).evaluate((element) => {
  const copy = element.cloneNode(true)
  for (const caret of copy.querySelectorAll('.collaboration-carets__caret, .cm-ySelectionCaret')) caret.remove()
  return copy.textContent.replace(/\u2060|\u200b/g, '')
})
const shows = (page, editor, text) => until(`the page shows "${text}"`, async () =>
  (await textOf(page, editor)).includes(text), { every: 20 })

scenario('two people type into one document, and it outlives the server', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const ada = await person(scene, `${server.httpUrl}/`)
  await reaches(ada.page, 'saved')
  const address = await sharedAddress(ada.page)
  assert.ok(address.startsWith(server.httpUrl), address)
  const bo = await person(scene, address)
  await reaches(bo.page, 'saved')

  // Rich text, both ways.
  await ada.page.locator(RICH).click()
  await ada.page.keyboard.type('Ada was here. ')
  await shows(bo.page, RICH, 'Ada was here.')
  await bo.page.locator(RICH).click()
  await bo.page.keyboard.press('Control+End')
  await bo.page.keyboard.type('Bo too.')
  await shows(ada.page, RICH, 'Bo too.')
  await reaches(ada.page, 'saved')
  await reaches(bo.page, 'saved')

  // Who is here.
  await ada.page.getByTestId('name-input').fill('Ada Lovelace')
  await ada.page.keyboard.press('Enter')
  await until('Bo sees Ada\'s name', async () => (await bo.page.getByTestId('peers').innerText()).includes('Ada Lovelace'), { every: 20 })

  // Code, both ways.
  await ada.page.getByTestId('tab-code').click()
  await bo.page.getByTestId('tab-code').click()
  await ada.page.locator(CODE).click()
  await ada.page.keyboard.type('let answer = 42')
  await shows(bo.page, CODE, 'let answer = 42')
  await bo.page.locator(CODE).click()
  await bo.page.keyboard.press('Control+End')
  await bo.page.keyboard.type(' // indeed')
  await shows(ada.page, CODE, 'let answer = 42 // indeed')
  await reaches(ada.page, 'saved')

  // The server dies. The mark says so; typing goes on; all comes back.
  await server.kill9()
  await reaches(ada.page, 'offline')
  await reaches(bo.page, 'offline')
  await ada.page.getByTestId('tab-rich').click()
  await ada.page.locator(RICH).click()
  await ada.page.keyboard.press('Control+End')
  await ada.page.keyboard.type(' Written offline.')
  assert.notEqual(await saveState(ada.page), 'saved')
  await server.start()
  await reaches(ada.page, 'saved', { within: 60_000 })
  await reaches(bo.page, 'saved', { within: 60_000 })
  await bo.page.getByTestId('tab-rich').click()
  await shows(bo.page, RICH, 'Written offline.')

  // Somebody new, after another crash, finds everything.
  await server.kill9()
  await server.start()
  const cy = await person(scene, address)
  await reaches(cy.page, 'saved')
  for (const text of ['Ada was here.', 'Bo too.', 'Written offline.']) await shows(cy.page, RICH, text)
  await cy.page.getByTestId('tab-code').click()
  await shows(cy.page, CODE, 'let answer = 42 // indeed')

  // Those who leave are no longer here.
  await bo.page.close()
  await ada.page.close()
  await until('Cy is alone', async () => (await cy.page.getByTestId('peers').getAttribute('data-peers')) === '1', { every: 50 })

  for (const { complaints } of [ada, bo, cy]) assert.deepEqual(complaints, [])
})

scenario('a browser that is cut off keeps what is typed and brings it back', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const ada = await person(scene, `${server.httpUrl}/`)
  await reaches(ada.page, 'saved')
  const bo = await person(scene, await sharedAddress(ada.page))
  await reaches(bo.page, 'saved')
  await ada.page.locator(RICH).click()
  await ada.page.keyboard.type('before ')
  await shows(bo.page, RICH, 'before')
  await server.terminate()
  await reaches(ada.page, 'offline')
  await ada.page.locator(RICH).click()
  await ada.page.keyboard.press('Control+End')
  await ada.page.keyboard.type('from Ada ')
  await bo.page.locator(RICH).click()
  await bo.page.keyboard.press('Control+End')
  await bo.page.keyboard.type('from Bo ')
  await server.start()
  await reaches(ada.page, 'saved', { within: 60_000 })
  await reaches(bo.page, 'saved', { within: 60_000 })
  for (const { page } of [ada, bo]) {
    await shows(page, RICH, 'from Ada')
    await shows(page, RICH, 'from Bo')
  }
  assert.equal(await textOf(ada.page, RICH), await textOf(bo.page, RICH))
  assert.deepEqual([...ada.complaints, ...bo.complaints], [])
})

scenario('the page says saved only when it is', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const ada = await person(scene, `${server.httpUrl}/`)
  await reaches(ada.page, 'saved')
  const address = await sharedAddress(ada.page)
  for (let round = 0; round < 3; round++) {
    await ada.page.locator(RICH).click()
    await ada.page.keyboard.press('Control+End')
    await ada.page.keyboard.type(`round ${round}; `)
    await reaches(ada.page, 'saved')
    await server.kill9()
    await reaches(ada.page, 'offline')
    await ada.page.close()
    await server.start()
    ada.page = (await person(scene, address)).page
    await reaches(ada.page, 'saved')
    await shows(ada.page, RICH, `round ${round};`)
  }
})
