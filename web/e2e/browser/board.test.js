// Boards in a real browser: two people move cards about, with a mouse, a finger or the keys alone, with a server and
// without, and both are left with the same board.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as Y from 'yjs'
import { person, reaches, useBrowser } from '../support/browser.js'
import { ask, joins, PASSWORD, person as account } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const POLL = { every: 20 }

useBrowser()

let documents = 0
/** The address of a board that nobody has seen yet. */
const freshBoard = (server) => `${server.httpUrl}/d/board-${process.pid}-${documents += 1}?view=board`

async function atBoard (scene, url, options) {
  const someone = await person(scene, url, options)
  await someone.page.locator('[data-testid=board][data-ready=true]').waitFor()
  await reaches(someone.page, 'saved')
  return someone
}

/** What is on the board, as the page shows it: titles by the name of their column. */
const shown = (page) => page.evaluate(() => Object.fromEntries([...document.querySelectorAll('.column')].map((column) => [
  column.querySelector('.column-title, .column-field').textContent,
  [...column.querySelectorAll('.bcard-item')].map((item) => item.querySelector('.bcard-title')?.textContent ?? '…'),
])))
/** Waits until the page shows exactly this. */
const shows = (page, wanted) => until(`the board shows ${JSON.stringify(wanted)}`, async () => {
  const seen = await shown(page)
  return Object.entries(wanted).every(([column, titles]) => JSON.stringify(seen[column]) === JSON.stringify(titles))
}, { ...POLL, detail: () => 'see the next line' }).catch(async (error) => { throw new Error(`${error.message}; it shows ${JSON.stringify(await shown(page))}`) })

const column = (page, name) => page.locator('.column', { has: page.getByRole('button', { name, exact: true }) })
const card = (page, title) => page.locator('.bcard', { has: page.getByRole('button', { name: title, exact: true }) })
const dialog = (page) => page.getByTestId('card-dialog')

/** Adds cards at the end of a column, as somebody does who has many. */
async function add (page, name, ...titles) {
  await column(page, name).getByRole('button', { name: 'Add a card', exact: true }).click()
  for (const title of titles) {
    await page.keyboard.type(title)
    await page.keyboard.press('Enter')
  }
  await page.keyboard.press('Escape')
}

/** Drags with the mouse, in steps as a hand does. */
async function drag (page, from, to, { above = true, left = 0.5 } = {}) {
  const [start, end] = [await from.boundingBox(), await to.boundingBox()]
  await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2)
  await page.mouse.down()
  await page.mouse.move(start.x + start.width / 2 + 8, start.y + start.height / 2 + 8, { steps: 3 })
  await page.mouse.move(end.x + end.width * left, above ? end.y + 2 : end.y + end.height - 2, { steps: 8 })
  await page.waitForTimeout(60) // a frame or two: where it would come is found once in each
  await page.mouse.up()
}

scenario('what one does at a board, the other sees, and it is there after a reload', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const ada = await atBoard(scene, url)
  const bo = await atBoard(scene, url)

  // Cards come, at the end and at the top.
  await add(ada.page, 'To do', 'One', 'Two', 'Three')
  await shows(bo.page, { 'To do': ['One', 'Two', 'Three'], 'In progress': [], Done: [] })
  await column(bo.page, 'To do').getByRole('button', { name: 'Add a card at the top of To do' }).click()
  await bo.page.keyboard.type('Zero')
  await bo.page.keyboard.press('Enter')
  await bo.page.keyboard.press('Escape')
  await shows(ada.page, { 'To do': ['Zero', 'One', 'Two', 'Three'] })

  // Dragged within a column and into another one, and the other sees who holds it.
  await drag(ada.page, card(ada.page, 'Three'), card(ada.page, 'One'))
  await shows(bo.page, { 'To do': ['Zero', 'Three', 'One', 'Two'] })
  await drag(bo.page, card(bo.page, 'One'), column(bo.page, 'Done').locator('.column-body'))
  await shows(ada.page, { 'To do': ['Zero', 'Three', 'Two'], Done: ['One'] })
  const held = await card(ada.page, 'Zero').boundingBox()
  await ada.page.mouse.move(held.x + 30, held.y + 15)
  await ada.page.mouse.down()
  await ada.page.mouse.move(held.x + 60, held.y + 60, { steps: 5 })
  await bo.page.locator('.bcard[data-moved-by]').waitFor()
  await ada.page.keyboard.press('Escape')
  await ada.page.mouse.up()
  await until('nobody holds it any more', async () => await bo.page.locator('.bcard[data-moved-by]').count() === 0, POLL)
  await shows(bo.page, { 'To do': ['Zero', 'Three', 'Two'] })
  assert.equal(await dialog(ada.page).count(), 0, 'a drag that was given up opens nothing')

  // Columns: a new one, another name, another place, a limit.
  await ada.page.getByRole('button', { name: 'Add a column' }).click()
  await ada.page.keyboard.type('Review')
  await ada.page.keyboard.press('Enter')
  await column(bo.page, 'Review').waitFor()
  await column(bo.page, 'Review').getByRole('button', { name: 'Review', exact: true }).click()
  await bo.page.keyboard.type('Being looked at')
  await bo.page.keyboard.press('Enter')
  await column(ada.page, 'Being looked at').waitFor()
  await drag(ada.page, column(ada.page, 'Being looked at').locator('.column-head'), column(ada.page, 'Done'), { left: 0.2 })
  await until('the column has moved', async () =>
    Object.keys(await shown(bo.page)).join() === 'To do,In progress,Being looked at,Done', POLL)
  await bo.page.getByRole('button', { name: 'Column To do: actions' }).click()
  await bo.page.getByRole('menuitem', { name: 'Limit of cards…' }).click()
  await bo.page.keyboard.type('2')
  await bo.page.keyboard.press('Enter')
  await until('the column is over its limit', async () =>
    await ada.page.locator('.column[data-over] .column-count').textContent() === '3 / 2', POLL)

  // The title in place.
  await card(ada.page, 'Two').hover()
  await card(ada.page, 'Two').getByRole('button', { name: 'Edit the title' }).click()
  await ada.page.keyboard.type('Two and a half')
  await ada.page.keyboard.press('Enter')
  await card(bo.page, 'Two and a half').waitFor()

  // All of a card.
  await card(ada.page, 'Two and a half').click()
  await dialog(ada.page).waitFor()
  await until('Bo sees that Ada looks at it', async () => await bo.page.locator('.bcard[data-peers]').count() === 1, POLL)
  await ada.page.getByTestId('choose-labels').click()
  await ada.page.keyboard.type('Urgent & <b>bold</b>')
  await ada.page.keyboard.press('Enter')
  await ada.page.keyboard.press('Escape')
  await ada.page.getByTestId('item-field').fill('first thing')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByTestId('item-field').fill('second thing')
  await ada.page.keyboard.press('Enter')
  await dialog(ada.page).getByRole('checkbox', { name: 'first thing' }).check()
  await dialog(ada.page).getByRole('textbox', { name: 'Item', exact: true }).nth(1).press('Alt+ArrowUp')
  await ada.page.getByTestId('card-priority').selectOption('high')
  await ada.page.getByTestId('card-due').fill('2031-05-06')
  await ada.page.getByTestId('assign-me').click()
  await ada.page.getByTestId('add-assignee').click()
  await ada.page.keyboard.type('Zoë Ångström')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByTestId('subtask-field').fill('A part of it')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByTestId('link-kind').selectOption({ label: 'Blocked by' })
  await ada.page.getByTestId('add-link').click()
  await ada.page.keyboard.type('zero')
  await ada.page.keyboard.press('Enter')
  await ada.page.getByTestId('card-description').locator('[contenteditable=true]').click()
  await ada.page.keyboard.type('Why it matters.')
  await card(bo.page, 'Two and a half').click()
  await until('Bo reads the description', async () =>
    (await bo.page.getByTestId('card-description').textContent()).includes('Why it matters.'), POLL)
  assert.deepEqual(await dialog(bo.page).locator('.item-text').evaluateAll((items) => items.map(({ value }) => value)), ['second thing', 'first thing'])
  assert.equal(await dialog(bo.page).getByRole('checkbox', { name: 'first thing' }).isChecked(), true)
  assert.equal(await bo.page.getByTestId('card-due').inputValue(), '2031-05-06')
  assert.match(await dialog(bo.page).locator('.people-list').textContent(), /Zoë Ångström/)
  await bo.page.getByTestId('card-description').locator('[contenteditable=true]').click()
  await bo.page.keyboard.press('Control+End')
  await bo.page.keyboard.type(' And to whom.')
  await until('Ada reads it', async () =>
    (await ada.page.getByTestId('card-description').textContent()).includes('And to whom.'), POLL)
  for (const { page } of [ada, bo]) {
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await dialog(page).waitFor({ state: 'detached' })
  }
  const label = await card(bo.page, 'Two and a half').getAttribute('aria-label')
  for (const part of ['Two and a half', 'High priority', 'blocked', 'labels Urgent & <b>bold</b>', '1 of 2 items done', '0 of 1 sub-tasks done']) {
    assert.ok(label.includes(part), `${part} in ${label}`)
  }
  assert.equal(await bo.page.locator('.chip b').count(), 0, 'what somebody wrote is text')

  await reaches(ada.page, 'saved')
  const before = await shown(ada.page)
  await ada.page.reload()
  await ada.page.locator('[data-testid=board][data-ready=true]').waitFor()
  await shows(ada.page, before)
  await server.kill9()
  await server.start()
  const cy = await atBoard(scene, url)
  await shows(cy.page, before)
  assert.equal(await card(cy.page, 'Two and a half').getAttribute('aria-label'), label)
  for (const { complaints } of [ada, bo, cy]) assert.deepEqual(complaints, [])
})

scenario('the keys alone are enough', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const { page, complaints } = await atBoard(scene, url)
  const other = await atBoard(scene, url)
  const said = (words) => until(`it says "${words}"`, async () => (await page.locator('[role=alert].hidden').textContent()).includes(words), POLL)
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key) }

  // Nothing has the focus: c makes cards in the first column, Escape leads to the last of them.
  await press('c')
  for (const title of ['Alpha', 'Beta', 'Gamma']) {
    await page.keyboard.type(title)
    await press('Enter')
  }
  await press('Escape')
  const focused = () => page.evaluate(() => document.activeElement?.querySelector('.bcard-title')?.textContent)
  await until('the last card has the focus', async () => await focused() === 'Gamma', POLL)
  await press('k', 'ArrowUp')
  assert.equal(await focused(), 'Alpha')

  // Lifted, moved, dropped.
  await press(' ')
  await said('Lifted Alpha. To do, position 1 of 3.')
  await press('ArrowDown')
  await said('To do, position 2 of 3.')
  await press('ArrowRight')
  await said('In progress, position 1 of 1.')
  await shows(other.page, { 'To do': ['Alpha', 'Beta', 'Gamma'] }) // nothing is written before it is dropped
  await press(' ')
  await said('Dropped Alpha. In progress, position 1 of 1.')
  await shows(other.page, { 'To do': ['Beta', 'Gamma'], 'In progress': ['Alpha'] })
  assert.equal(await focused(), 'Alpha')

  // Lifted, and put back.
  await press('Enter', 'ArrowLeft', 'ArrowDown')
  await said('To do, position 2 of 3.')
  await press('Escape')
  await said('Put Alpha back.')
  await shows(page, { 'To do': ['Beta', 'Gamma'], 'In progress': ['Alpha'] })
  assert.equal(await focused(), 'Alpha')

  // Chosen from lists.
  await press('m')
  await page.getByLabel('Column', { exact: true }).selectOption({ label: 'Done' })
  await press('Tab', 'Tab', 'Enter')
  await shows(other.page, { 'In progress': [], Done: ['Alpha'] })
  assert.match(await card(other.page, 'Alpha').getAttribute('aria-label'), /done/)

  // Undone, and done again; what was made is undone into the trash.
  await press('Control+z')
  await shows(other.page, { 'In progress': ['Alpha'], Done: [] })
  assert.doesNotMatch(await card(other.page, 'Alpha').getAttribute('aria-label'), /; done/)
  await press('Control+Shift+z')
  await shows(other.page, { 'In progress': [], Done: ['Alpha'] })
  await press('Control+z', 'Control+z', 'Control+z')
  await shows(other.page, { 'To do': ['Alpha', 'Beta'], 'In progress': [] })
  await press('Control+y')
  await shows(other.page, { 'To do': ['Alpha', 'Beta', 'Gamma'] })

  // Put away, and taken out again.
  await press('k', 'Delete')
  await shows(other.page, { 'To do': ['Beta', 'Gamma'] })
  await page.getByRole('button', { name: 'Archive and trash' }).press('Enter')
  await page.getByRole('tab', { name: 'Archive' }).press('ArrowRight')
  await page.getByRole('tab', { name: 'Trash' }).press('Enter')
  await page.getByRole('button', { name: 'Restore Alpha' }).press('Enter')
  await shows(other.page, { 'To do': ['Alpha', 'Beta', 'Gamma'] })
  await press('Escape')

  // Looked for, once what was open is gone and has given the keyboard back.
  await page.getByRole('tab', { name: 'Trash' }).waitFor({ state: 'detached' })
  const filter = page.getByTestId('filter')
  await filter.waitFor()
  await page.locator('body').press('/')
  await until('the keyboard is with the filter', () => filter.evaluate((field) => field.contains(document.activeElement)), POLL)
  await page.keyboard.type('gam')
  await until('one card is shown', async () => await page.locator('.bcard-item:visible').count() === 1, POLL)
  await press('Escape')
  await until('all cards are shown', async () => await page.locator('.bcard-item:visible').count() === 3, POLL)

  // Opened, closed, back at the card; switched off, letters do nothing.
  await press('j', 'e')
  await dialog(page).waitFor()
  await press('Escape')
  await dialog(page).waitFor({ state: 'detached' })
  const back = await focused()
  assert.ok(['Alpha', 'Beta', 'Gamma'].includes(back), back)
  await press('?')
  await page.getByLabel('Single letters do something').press(' ')
  await press('Escape', 'c')
  assert.equal(await page.locator('.composer').count(), 0)
  assert.deepEqual([...complaints, ...other.complaints], [])
})

scenario('moves without a server come together when it is back', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const ada = await atBoard(scene, url)
  const bo = await atBoard(scene, url)
  await add(ada.page, 'To do', 'A', 'B', 'C', 'D')
  await shows(bo.page, { 'To do': ['A', 'B', 'C', 'D'] })
  await reaches(ada.page, 'saved')
  await server.terminate()
  await reaches(ada.page, 'offline')
  await reaches(bo.page, 'offline')

  await drag(ada.page, card(ada.page, 'A'), column(ada.page, 'Done').locator('.column-body'))
  // Only then are the others where they stay.
  await shows(ada.page, { 'To do': ['B', 'C', 'D'], Done: ['A'] })
  await drag(ada.page, card(ada.page, 'D'), card(ada.page, 'B'))
  await add(ada.page, 'In progress', 'made by Ada')
  await shows(ada.page, { 'To do': ['D', 'B', 'C'], Done: ['A'] })
  await drag(bo.page, card(bo.page, 'A'), column(bo.page, 'In progress').locator('.column-body'))
  await shows(bo.page, { 'To do': ['B', 'C', 'D'], 'In progress': ['A'] })
  await drag(bo.page, card(bo.page, 'B'), card(bo.page, 'D'), { above: false })
  await add(bo.page, 'In progress', 'made by Bo')
  await shows(bo.page, { 'To do': ['C', 'D', 'B'], 'In progress': ['A', 'made by Bo'] })
  // The same letters of one title, from both.
  for (const [page, title] of [[ada.page, 'C from Ada'], [bo.page, 'Bo and C']]) {
    await card(page, 'C').focus()
    await page.keyboard.press('F2')
    await page.keyboard.type(title)
    await page.keyboard.press('Enter')
    await card(page, title).waitFor()
  }

  await server.start()
  await reaches(ada.page, 'saved', { within: 60_000 })
  await reaches(bo.page, 'saved', { within: 60_000 })
  await until('both see the same', async () => JSON.stringify(await shown(ada.page)) === JSON.stringify(await shown(bo.page)), POLL)
  const seen = await shown(ada.page)
  const titles = Object.values(seen).flat()
  assert.deepEqual(titles.toSorted(), ['A', 'B', 'Bo and C from Ada', 'D', 'made by Ada', 'made by Bo'])
  assert.deepEqual(new Set(['made by Ada', 'made by Bo'].filter((title) => seen['In progress'].includes(title))).size, 2)
  assert.equal(seen.Done.includes('A') || seen['In progress'].includes('A'), true)
  assert.deepEqual([...ada.complaints, ...bo.complaints], [])
})

scenario('two pages that begin a board at the same time begin the same one', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const both = await Promise.all([atBoard(scene, url), atBoard(scene, url)])
  for (const { page } of both) await shows(page, { 'To do': [], 'In progress': [], Done: [] })
  // Also when one has worked on its own before it hears of the other.
  const alone = freshBoard(server)
  const [ada, bo] = await Promise.all([person(scene, alone), person(scene, alone.replace('?view=board', ''))])
  await ada.page.locator('[data-testid=board][data-ready=true]').waitFor()
  await add(ada.page, 'Done', 'early')
  await bo.page.getByTestId('tab-board').click()
  for (const { page } of [ada, bo]) await shows(page, { 'To do': [], 'In progress': [], Done: ['early'] })
  for (const { page } of [ada, bo]) assert.equal(Object.keys(await shown(page)).length, 3)
})

scenario('a finger scrolls the board, and drags a card on which it rests', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server()
  const { page, context, complaints } = await atBoard(scene, freshBoard(server), { viewport: { width: 780, height: 800 }, hasTouch: true })
  await add(page, 'To do', 'One', 'Two')
  const touch = await context.newCDPSession(page)
  const finger = (type, x, y) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] })
  const [start, end] = [await card(page, 'One').boundingBox(), await column(page, 'In progress').boundingBox()]
  const [x, y] = [start.x + 40, start.y + 15]
  await finger('touchStart', x + 200, y)
  for (let step = 1; step <= 10; step += 1) await finger('touchMove', x + 200 - step * 20, y)
  await finger('touchEnd')
  const track = page.locator('.board-track')
  await until('the board has scrolled', () => track.evaluate(({ scrollLeft }) => scrollLeft > 50), POLL)
  await shows(page, { 'To do': ['One', 'Two'], 'In progress': [] })
  assert.equal(await dialog(page).count(), 0)
  await track.evaluate((element) => { element.scrollLeft = 0 })
  await finger('touchStart', x, y)
  await page.locator('.ghost').waitFor()
  for (let step = 1; step <= 10; step += 1) await finger('touchMove', x + (end.x + 60 - x) * step / 10, y + step * 4)
  await page.waitForTimeout(60)
  await finger('touchEnd')
  await shows(page, { 'To do': ['Two'], 'In progress': ['One'] })
  assert.deepEqual(complaints, [])
})

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Puts many cards into a board that is there already. */
function fill (doc, columns, count) {
  const cards = doc.getMap('cards')
  doc.transact(() => {
    for (let at = 0; at < count; at += 1) {
      const registers = new Y.Map()
      cards.set(`k${String(at).padStart(5, '0')}`, registers)
      registers.set('title', new Y.Text(`Card number ${at}`))
      registers.set('desc', new Y.XmlFragment())
      for (const name of ['assignees', 'labels', 'watchers', 'check', 'cf', 'files']) registers.set(name, new Y.Map())
      registers.set('place', [columns[at % columns.length], `b${DIGITS[Math.floor(at / 62)]}${DIGITS[at % 62]}`])
    }
  })
}

scenario('2,000 cards are drawn, moved and found', { timeout: 180_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const ada = await atBoard(scene, url)
  await add(ada.page, 'Done', 'an old one')
  const name = new URL(url).pathname.slice('/d/'.length)
  const client = scene.client('hocuspocus-4', server, name)
  await until('the client has the board', () => client.doc.getMap('columns').size === 3)
  fill(client.doc, ['todo', 'todo', 'todo', 'doing'], 2_000)
  const drawn = (page) => until('every card is drawn', async () =>
    await page.evaluate(() => document.querySelectorAll('.bcard-title').length) === 2_001, { within: 90_000, every: 100 })
  await drawn(ada.page)
  assert.deepEqual(await ada.page.locator('.column-count').allTextContents(), ['1500', '500', '1'])
  // What was there keeps its element: nothing is drawn anew.
  await ada.page.locator('[data-card=k00003]').evaluate((element) => { element.dataset.mine = 'yes' })
  await ada.page.locator('[data-card=k00000]').focus()
  await ada.page.keyboard.press('End')
  await until('the last card has the focus', () => ada.page.evaluate(() => document.activeElement?.dataset.card === 'k01998'), POLL)
  await ada.page.keyboard.press(' ')
  await ada.page.keyboard.press('Home')
  await ada.page.keyboard.press(' ')
  await until('it is the first', async () =>
    await ada.page.evaluate(() => document.querySelector('.bcard').dataset.card === 'k01998'), POLL)
  await ada.page.getByTestId('filter').fill('number 1777')
  await until('one is found', async () => await ada.page.locator('.bcard-item:visible').count() === 1, POLL)
  assert.equal(await ada.page.locator('[data-card=k00003]').getAttribute('data-mine'), 'yes')
  const bo = await person(scene, url)
  await drawn(bo.page)
  await until('Bo sees it first', async () =>
    await bo.page.evaluate(() => document.querySelector('.bcard').dataset.card === 'k01998'), POLL)
  assert.deepEqual([...ada.complaints, ...bo.complaints], [])
})

scenario('dependencies that close a circle are marked, and forged ids do no harm', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server()
  const url = freshBoard(server)
  const { page, complaints } = await atBoard(scene, url)
  await add(page, 'To do', 'Egg', 'Hen')
  await reaches(page, 'saved')
  const client = scene.client('hocuspocus-4', server, new URL(url).pathname.slice('/d/'.length))
  await until('the client has the cards', () => client.doc.getMap('cards').size === 2)
  const ids = Object.fromEntries([...client.doc.getMap('cards')].map(([id, registers]) => [registers.get('title').toString(), id]))
  client.doc.transact(() => {
    const links = client.doc.getMap('links')
    links.set(`${ids.Egg}|blocks|${ids.Hen}`, { t: 1 })
    links.set(`${ids.Hen}|blocks|${ids.Egg}`, { t: 2 })
    const cards = client.doc.getMap('cards')
    cards.set('x"><img src=x onerror=alert(1)>', new Y.Map([['title', new Y.Text('evil')]]))
    cards.set('odd', new Y.Map([['title', new Y.Text('<img src=x onerror=alert(1)>')], ['place', ['todo', 'not a key!']], ['color', 'red;background:url(//x)']]))
  })
  await shows(page, { 'To do': ['Egg', 'Hen', '<img src=x onerror=alert(1)>'] })
  assert.match(await card(page, 'Hen').getAttribute('aria-label'), /blocked/)
  await card(page, 'Egg').click()
  await dialog(page).locator('.cyclic').waitFor()
  await dialog(page).getByRole('button', { name: 'Remove the link to Hen' }).last().click()
  await until('a link is gone', () => client.doc.getMap('links').size === 1)
  assert.deepEqual(complaints, [])
})

/** What axe-core finds that matters. */
async function violations (page) {
  await page.evaluate(AXE)
  // What comes in by a transition is measured when it is there.
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`)
}

for (const colorScheme of ['light', 'dark']) {
  scenario(`nobody is shut out, in the ${colorScheme}`, { timeout: 120_000 }, async (scene) => {
    const server = await scene.server()
    const { page } = await atBoard(scene, freshBoard(server), { colorScheme })
    await add(page, 'To do', 'One', 'Two', 'Three')
    await add(page, 'Done', 'Four')
    await page.evaluate(() => {
      const { store } = globalThis.weft.board
      const [one, two] = store.view.columns[0].cards
      for (const tone of ['gray', 'red', 'orange', 'amber', 'green', 'teal', 'blue', 'indigo', 'purple', 'pink', '#ff00aa']) {
        const label = store.createEntry('labels', (board, id) => board.createLabel(id, tone, tone))
        store.act((board) => board.addTo('labels', one, label))
      }
      store.act((board) => board.setAttributes(one, { prio: 'urgent', due: '2020-01-01', est: 3, color: 'red' }))
      store.act((board) => board.setAttributes(two, { prio: 'high', due: new Date().toISOString().slice(0, 10) }))
      store.act((board) => board.addTo('assignees', one, 'Ada'))
      store.act((board) => board.addItem(one, 'i1', 'an item'))
      store.act((board) => board.addItem(one, 'i2', 'another item'))
      store.act((board) => board.changeItem(one, 'i2', { done: true }))
      store.act((board) => board.link(two, 'blocks', one))
      store.act((board) => board.setParent(two, one))
      store.act((board) => board.setWip('todo', { limit: 2, mode: 'soft' }))
      store.act((board) => board.recolor('columns', 'doing', 'purple'))
    })
    await page.locator('.mark.blocked').waitFor()
    assert.deepEqual(await violations(page), [], 'the board')
    await page.getByTestId('filter').fill('o')
    await page.getByRole('button', { name: 'Labels' }).click()
    assert.deepEqual(await violations(page), [], 'a filter')
    await page.keyboard.press('Escape')
    await page.getByTestId('filter').fill('')
    await page.getByRole('button', { name: 'Column To do: actions' }).click()
    assert.deepEqual(await violations(page), [], 'a menu')
    await page.keyboard.press('Escape')
    await card(page, 'One').click()
    await page.locator('[data-testid=card-description] [contenteditable]').waitFor()
    assert.deepEqual(await violations(page), [], 'a card')
    await page.getByTestId('choose-labels').click()
    assert.deepEqual(await violations(page), [], 'the labels')
    await page.getByRole('button', { name: 'Change the label red' }).click()
    assert.deepEqual(await violations(page), [], 'a label')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Archive', exact: true }).click()
    await dialog(page).waitFor({ state: 'detached' })
    assert.deepEqual(await violations(page), [], 'what is said')
    await page.getByRole('button', { name: 'Archive and trash' }).click()
    await page.getByRole('button', { name: 'Restore One' }).waitFor()
    assert.deepEqual(await violations(page), [], 'the archive')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Keys' }).click()
    assert.deepEqual(await violations(page), [], 'the help')
  })
}

scenario('somebody with an account logs in, makes a board, and works on it with others', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false })
  const { paths } = await (await fetch(`${server.httpUrl}/openapi.json`)).json()
  if (!paths['/v1/projects/{project_id}/boards']) {
    scene.t.skip('this server makes no boards yet')
    return
  }
  const ada = await account(server, 'ada')
  const { page, complaints } = await person(scene, `${server.httpUrl}/boards`)
  await page.getByLabel('E-mail address').fill(ada.email)
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.locator('.said.wrong').waitFor()
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await page.getByTestId('new-project').click()
  await page.getByLabel('Name').fill('Carpets')
  await page.getByRole('button', { name: 'Make the project' }).click()
  await page.getByRole('button', { name: 'New board in Carpets' }).click()
  await page.getByLabel('Title').fill('The red one')
  await page.getByRole('button', { name: 'Make the board' }).click()
  await page.locator('[data-testid=board][data-ready=true]').waitFor()
  await reaches(page, 'saved')
  const [, name] = new URL(page.url()).pathname.match(/^\/boards\/([0-9a-f-]{36})$/)
  const [first] = Object.keys(await shown(page))
  await add(page, first, 'Find the wool')
  await reaches(page, 'saved')
  await card(page, 'Find the wool').focus()
  await page.keyboard.press('i')
  await page.getByRole('group', { name: /assigned to ada Weaver/ }).waitFor()

  // A reload, and another tab, need no new login; the list leads back.
  await page.reload()
  await card(page, 'Find the wool').waitFor()
  const second = await page.context().newPage()
  await second.goto(`${server.httpUrl}/boards`)
  await second.getByRole('link', { name: /The red one/ }).click()
  await card(second, 'Find the wool').waitFor()
  await add(second, first, 'Spin it')
  await shows(page, { [first]: ['Find the wool', 'Spin it'] })
  assert.equal(await page.getByTestId('peers').getAttribute('data-peers'), '1', 'two tabs are one person')
  await server.kill9()
  await reaches(page, 'offline')
  await server.start()
  await reaches(page, 'saved', { within: 60_000 })
  const state = await ask(server, 'GET', `/v1/documents/${name}`, { token: ada.token })
  assert.equal(state.kind, 'board')

  // A card has an address. Who may read alone sees it there, and can change nothing.
  await card(page, 'Spin it').click()
  await dialog(page).waitFor()
  const link = await until('the address leads to the card', () => page.url().includes('?card=') && page.url(), POLL)
  const bo = await account(server, 'bo')
  await joins(server, ada, state.workspace_id, bo, 'guest')
  await ask(server, 'PUT', `/v1/documents/${name}/shares/${bo.id}`, { token: ada.token, body: { role: 'viewer' } })
  const reader = await person(scene, link)
  await reader.page.getByLabel('E-mail address').fill(bo.email)
  await reader.page.getByLabel('Password').fill(PASSWORD)
  await reader.page.getByRole('button', { name: 'Log in', exact: true }).click()
  await dialog(reader.page).waitFor()
  assert.equal(await dialog(reader.page).getByLabel('Title of the card').inputValue(), 'Spin it')
  assert.equal(await dialog(reader.page).getByLabel('Title of the card').getAttribute('readonly'), '')
  await reader.page.getByRole('button', { name: 'Close', exact: true }).click()
  assert.match(await reader.page.getByTestId('notice').textContent(), /may read/)
  assert.equal(await reader.page.getByRole('button', { name: 'Add a card', exact: true }).count(), 0)
  await drag(reader.page, card(reader.page, 'Spin it'), card(reader.page, 'Find the wool'))
  await reader.page.keyboard.press('Escape')
  await card(reader.page, 'Spin it').focus()
  await reader.page.keyboard.press('Delete')
  await shows(reader.page, { [first]: ['Find the wool', 'Spin it'] })
  await page.getByRole('button', { name: 'Close', exact: true }).click()

  // Logged out here is logged out there; without a login there is nothing to be seen.
  await page.getByTestId('account').click()
  await page.getByRole('menuitem', { name: /Log out/ }).click()
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await second.getByRole('heading', { name: 'Log in' }).waitFor()
  assert.equal(await page.locator('.bcard').count(), 0)
  assert.deepEqual(complaints.filter((text) => !/401/.test(text)), [])
  // A guest sees neither the project nor its people, and is told so.
  assert.deepEqual(reader.complaints.filter((text) => !/40[34]/.test(text)), [])
  assert.deepEqual(await violations(page), [])
})
