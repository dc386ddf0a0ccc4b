// Notifications in a real browser: what concerns somebody comes to them at once, they read it, put it away and off, by
// mouse or by keys alone, and it goes on after the server was gone.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { person, useBrowser } from '../support/browser.js'
import { deviceOf } from '../support/devices.js'
import { Receiver } from '../support/hooks.js'
import { ask, joins, PASSWORD, person as account, roomyLimits } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const POLL = { every: 20 }
const SOON = { ...POLL, within: 30_000 }

useBrowser()

/** A server that sends mails, and has a gateway that passes on to devices what is told. */
async function withEveryWay (scene) {
  const gateway = await new Receiver().start()
  scene.defer(() => gateway.dispose())
  const env = {
    WEFT_NOTIFICATIONS_EMAIL: 'on',
    WEFT_NOTIFICATIONS_ADAPTER_URL: gateway.url,
    WEFT_NOTIFICATIONS_ADAPTER_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    WEFT_NOTIFICATIONS_POLL_MILLISECONDS: '100',
    WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8',
  }
  return { gateway, env }
}

/** Ada and Bo share a workspace with a board; Bo looks at `path`, and Ada does what concerns Bo. */
async function loom (scene, { path = '/inbox', options, env = {} } = {}) {
  const server = await scene.server({ playground: false, env: { ...roomyLimits, ...env } })
  const { paths } = await (await fetch(`${server.httpUrl}/openapi.json`)).json()
  assert.ok(paths['/v1/notifications'], 'the server has notifications')
  const [ada, bo] = [await account(server, 'ada'), await account(server, 'bo')]
  const as = (method, address, body) => ask(server, method, address, { token: ada.token, body })
  const workspace = (await as('POST', '/v1/workspaces', { name: 'Looms' })).id
  await joins(server, ada, workspace, bo, 'member')
  const team = (await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Weavers' })).id
  await as('PUT', `/v1/teams/${team}/members/${bo.id}`, { role: 'member' })
  const project = (await as('POST', '/v1/projects', { team_id: team, name: 'Carpets' })).id
  await as('PUT', `/v1/projects/${project}/members/${bo.id}`, { role: 'editor' })
  const board = (await as('POST', `/v1/projects/${project}/boards`, { title: 'The red one' })).id
  const task = async (title) => (await as('POST', `/v1/projects/${project}/tasks`, { title, board_id: board })).id
  const mention = (id, words) => as('POST', `/v1/tasks/${id}/comments`, { body: `@[bo](user:${bo.id}) ${words}` })
  // What happened so far may have told Bo something already: begin with nothing unread.
  const told = () => ask(server, 'GET', '/v1/notifications/counts', { token: bo.token })
  const readAll = () => ask(server, 'POST', '/v1/notifications:read-all', { token: bo.token, body: { before: new Date().toISOString() } })
  await until('nothing is unread', async () => { await readAll(); return (await told()).unread === 0 }, { every: 300 })
  const looking = await person(scene, `${server.httpUrl}${path}`, options)
  const streams = { opened: 0 }
  looking.context.on('request', (request) => { if (request.url().includes('/v1/notifications/stream')) streams.opened += 1 })
  await logIn(looking.page, bo)
  await looking.page.getByTestId('bell').waitFor()
  await until('what happens is followed', () => streams.opened === 1, SOON)
  return { server, streams, ada, bo, as, workspace, project, board, task, mention, told, ...looking }
}

async function logIn (page, { email }) {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

const unread = (page) => page.getByTestId('bell').getAttribute('data-unread')
const bellSays = (page, count) => until(`the bell says ${count}`, async () => await unread(page) === String(count), SOON)
const row = (page, words) => page.getByTestId('inbox').locator('li').filter({ hasText: words })
const state = (page, name) => page.getByRole('navigation', { name: 'Which notifications' }).getByRole('link', { name }).click()
// Asked in one go: a row that is drawn anew has another element, with the focus on it.
const isFocused = (page, words) => page.evaluate((words) => {
  const line = document.activeElement
  return line.matches('.inbox-list .notification') && line.textContent.includes(words)
}, words)
/** Lets the page ask for lists until they are held; then those that are under way have been answered. */
async function holdable (page) {
  let passing = 0
  let held = null
  await page.route('**/v1/notifications?*', async (route) => {
    if (held !== null) {
      await held
      return route.continue()
    }
    passing += 1
    try {
      await route.fulfill({ response: await route.fetch() })
    } finally {
      passing -= 1
    }
  })
  return {
    async hold () {
      let release
      held = new Promise((resolve) => { release = resolve })
      await until('what was asked for is there', () => passing === 0, SOON)
      return release
    },
  }
}
const press = async (page, key) => { await page.keyboard.press(key) }

async function violations (page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`)
}

scenario('a mention comes at once, is read, archived and snoozed by keys alone, and leads to its card', { timeout: 180_000 }, async (scene) => {
  const { page, task, mention, complaints } = await loom(scene)
  await bellSays(page, 0)
  const wool = await task('Find the wool')
  await mention(wool, 'have you <b>seen</b> it?')
  await bellSays(page, 1)
  await row(page, 'have you').waitFor()
  assert.equal(await row(page, 'have you').locator('b').count(), 0, 'what somebody wrote is text')
  const dye = await task('Mix the dye')
  await mention(dye, 'which red is it?')
  await bellSays(page, 2)
  await row(page, 'which red').waitFor()

  // The newest stands first. Keys: down and up, read and unread.
  await press(page, 'j')
  await until('the first has the focus', () => isFocused(page, 'which red'), POLL)
  await press(page, 'j')
  await until('the second has the focus', () => isFocused(page, 'have you'), POLL)
  await press(page, 'u')
  await bellSays(page, 1)
  assert.ok(await isFocused(page, 'have you'), 'the focus stays')
  await press(page, 'u')
  await bellSays(page, 2)
  await press(page, 'k')

  // Archived, and taken back; archived for good, the focus goes to the neighbour.
  await press(page, 'e')
  await row(page, 'which red').waitFor({ state: 'detached' })
  await bellSays(page, 1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await row(page, 'which red').waitFor()
  await bellSays(page, 2)
  await page.keyboard.press('j')
  await until('the first has the focus again', () => isFocused(page, 'which red'), POLL)
  await press(page, 'e')
  await until('the neighbour has the focus', () => isFocused(page, 'have you'), POLL)
  await press(page, 's')
  await page.getByRole('menuitem', { name: /^Tomorrow/ }).press('Enter')
  await row(page, 'have you').waitFor({ state: 'detached' })
  await bellSays(page, 0)
  await state(page, 'Snoozed')
  await row(page, 'have you').waitFor()
  await state(page, 'Archived')
  await row(page, 'which red').waitFor()
  await row(page, 'which red').getByRole('button', { name: /^Back into the inbox/ }).click()
  await row(page, 'which red').waitFor({ state: 'detached' })
  await state(page, 'Inbox')
  await row(page, 'which red').waitFor()

  // What happens in a thread again is the same row, unread and on top.
  await mention(dye, 'and how much of it?')
  await bellSays(page, 1)
  await row(page, 'how much').waitFor()
  assert.equal(await row(page, /which red|how much/).count(), 1, 'a thread is one row')

  // Enter opens the card, and it is read.
  await row(page, 'how much').locator('.notification').focus()
  await press(page, 'Enter')
  await page.getByTestId('card-dialog').waitFor()
  assert.equal(await page.getByTestId('card-dialog').getByLabel('Title of the card').inputValue(), 'Mix the dye')
  await bellSays(page, 0)
  assert.deepEqual(complaints, [])
})

scenario('the bell shows the newest, and reads only what it has shown', { timeout: 180_000 }, async (scene) => {
  const { page, task, mention, told } = await loom(scene, { path: '/boards' })
  const wool = await task('Find the wool')
  await mention(wool, 'have you seen it?')
  await bellSays(page, 1)
  await page.getByTestId('bell').click()
  const panel = page.getByTestId('bell-panel')
  const lists = await holdable(page)
  await panel.getByText('have you seen it?').waitFor()
  await until('what was shown is seen', async () => (await told()).unseen === 0, SOON)
  assert.equal((await told()).unread, 1, 'seen is not read')

  // Something comes that the panel does not show yet when the button is pressed: it stays unread.
  const show = await lists.hold()
  await mention(await task('Mix the dye'), 'which red is it?')
  await bellSays(page, 2)
  await panel.getByRole('button', { name: 'Mark all read' }).click()
  await bellSays(page, 1)
  show()
  await panel.locator('li[data-unread]').filter({ hasText: 'which red' }).waitFor()
  await panel.locator('li:not([data-unread])').filter({ hasText: 'have you' }).waitFor()
  await panel.getByRole('button', { name: 'Mark all read' }).click()
  await bellSays(page, 0)
  await panel.getByRole('link', { name: 'Open the inbox' }).click()
  await page.getByRole('heading', { name: 'Inbox' }).waitFor()
  await row(page, 'which red').waitFor()
})

scenario('what comes while the list is read is not lost with an answer that is older', { timeout: 180_000 }, async (scene) => {
  const { page, task, mention } = await loom(scene)
  await mention(await task('Find the wool'), 'at first')
  await row(page, 'at first').waitFor()
  // The server has answered, and the page does not have the answer yet.
  let answered = false
  let deliver
  const delivered = new Promise((resolve) => { deliver = resolve })
  await page.route('**/v1/notifications?*', async (route) => {
    const response = await route.fetch()
    answered = true
    await delivered
    await route.fulfill({ response })
  }, { times: 1 })
  await state(page, 'Unread')
  await until('the list is answered', () => answered, SOON)
  await mention(await task('Mix the dye'), 'meanwhile')
  await row(page, 'meanwhile').waitFor()
  deliver()
  await row(page, 'at first').waitFor()
  await row(page, 'meanwhile').waitFor()
})

scenario('tabs share one stream, another one takes it over, and a server that was gone is followed again', { timeout: 180_000 }, async (scene) => {
  const { server, page, context, task, mention, streams, complaints } = await loom(scene)
  const wool = await task('Find the wool')
  const second = await context.newPage()
  await second.goto(`${server.httpUrl}/inbox`)
  await second.getByTestId('bell').waitFor()
  await mention(wool, 'one')
  await bellSays(page, 1)
  await bellSays(second, 1)
  await row(second, 'one').waitFor()
  assert.equal(streams.opened, 1, 'the second tab listens to the first')
  await page.close()
  await until('the second tab follows', () => streams.opened === 2, SOON)
  const dye = await task('Mix the dye')
  await mention(dye, 'two')
  await bellSays(second, 2)

  // What is read elsewhere is read here.
  const third = await context.newPage()
  await third.goto(`${server.httpUrl}/inbox`)
  await row(third, 'two').waitFor()
  await third.getByRole('button', { name: 'Mark all read' }).click()
  await bellSays(second, 0)
  await second.locator('.inbox-list > li:not([data-unread])').filter({ hasText: 'two' }).waitFor()
  await third.close()

  await server.kill9()
  await server.start()
  await mention(await task('Cut the thread'), 'three')
  await bellSays(second, 1)
  await row(second, 'three').waitFor()
  assert.deepEqual(complaints, [])
})

scenario('what somebody does not want to be told does not come', { timeout: 180_000 }, async (scene) => {
  const { page, task, mention, told, complaints } = await loom(scene, { path: '/preferences', env: { WEFT_NOTIFICATIONS_WEB_PUSH: 'false' } })
  const box = (name) => page.getByRole('checkbox', { name, exact: true })
  const isKept = () => page.getByTestId('kept').filter({ hasText: 'Kept.' }).waitFor()
  await box('Mentions: In Weft').uncheck()
  await isKept()
  // This server has no way but the inbox.
  assert.deepEqual((await page.getByRole('columnheader').allTextContents()).filter(Boolean), ['In Weft'])
  assert.equal(await page.getByLabel('Send me nothing in these hours').count(), 0)
  await page.reload()
  await page.getByRole('table').waitFor()
  assert.equal(await box('Mentions: In Weft').isChecked(), false, 'it is kept')

  const wool = await task('Find the wool')
  await mention(wool, 'not to be told')
  await box('Mentions: In Weft').check()
  await page.getByTestId('kept').filter({ hasText: 'Kept.' }).waitFor()
  await mention(await task('Mix the dye'), 'to be told')
  await bellSays(page, 1)
  assert.equal((await told()).unread, 1)
  await page.getByRole('link', { name: 'Inbox', exact: true }).click()
  await row(page, 'to be told').waitFor()
  assert.equal(await row(page, 'not to be told').count(), 0)
  assert.deepEqual(complaints, [])
})

scenario('mails and what comes on devices are chosen for themselves, and all of it is read again', { timeout: 180_000 }, async (scene) => {
  const { gateway, env } = await withEveryWay(scene)
  const { server, bo, page, task, mention, complaints } = await loom(scene, { path: '/preferences', env })
  const box = (name) => page.getByRole('checkbox', { name, exact: true })
  const isKept = () => page.getByTestId('kept').filter({ hasText: 'Kept.' }).waitFor()
  const read = () => ask(server, 'GET', '/v1/notification-preferences', { token: bo.token })
  const ways = async () => {
    const { in_app: inApp, email, push } = (await read()).types.find(({ type }) => type === 'mentioned')
    return { inApp, email, push }
  }
  const pushed = (words) => gateway.deliveries.some(({ body }) => body.includes(words))

  await page.getByRole('columnheader', { name: 'On devices' }).waitFor()
  assert.ok(await box('Mentions: On devices').isChecked(), 'it is wanted by who has said nothing')
  assert.ok(await box('Roles: On devices').isEnabled() && await box('Roles: In Weft').isDisabled())
  await box('Mentions: On devices').uncheck()
  await isKept()
  assert.deepEqual(await ways(), { inApp: true, email: true, push: false })
  await page.reload()
  await page.getByRole('table').waitFor()
  assert.deepEqual([await box('Mentions: On devices').isChecked(), await box('Mentions: By mail').isChecked()], [false, true])
  await mention(await task('Find the wool'), 'said quietly')
  await bellSays(page, 1)
  await box('Mentions: By mail').uncheck()
  await isKept()
  await box('Mentions: On devices').check()
  await until('it is wanted on devices again', async () => (await ways()).push, SOON)
  assert.deepEqual(await ways(), { inApp: true, email: false, push: true })
  await mention(await task('Mix the dye'), 'said aloud')
  await until('the gateway is told', () => pushed('said aloud'), SOON)
  assert.ok(!pushed('said quietly'))

  // When nothing is sent, and how mails come; then no quiet hours any more.
  const quiet = page.getByLabel('Send me nothing in these hours')
  await quiet.check()
  await page.getByLabel('From', { exact: true }).fill('21:30')
  await page.getByLabel('To', { exact: true }).fill('06:15')
  await page.getByLabel('Time zone').selectOption('Europe/Berlin')
  await page.getByLabel('How they come').selectOption('weekly')
  const hours = { from: '21:30', to: '06:15', time_zone: 'Europe/Berlin' }
  await until('all of it is kept', async () => {
    const { quiet_hours: kept, digest } = await read()
    return digest === 'weekly' && Object.entries(hours).every(([name, value]) => kept?.[name] === value)
  }, SOON)
  await page.reload()
  await page.getByRole('table').waitFor()
  const fields = ['From', 'To', 'Time zone', 'How they come'].map((name) => page.getByLabel(name, { exact: true }).inputValue())
  assert.deepEqual(await Promise.all(fields), [...Object.values(hours), 'weekly'])
  await quiet.uncheck()
  await until('there are no quiet hours', async () => (await read()).quiet_hours === null, SOON)
  await page.reload()
  await page.getByRole('table').waitFor()
  assert.ok(!(await quiet.isChecked()))
  assert.deepEqual(complaints, [])
})

for (const [colorScheme, width] of [['light', 1200], ['dark', 375]]) {
  scenario(`nobody is shut out of notifications, in the ${colorScheme}, ${width} pixels wide`, { timeout: 180_000 }, async (scene) => {
    const { env } = await withEveryWay(scene)
    const { server, bo, page, task, mention } = await loom(scene, { env, options: { colorScheme, viewport: { width, height: 800 } } })
    const fits = async (what) => {
      assert.deepEqual(await violations(page), [], what)
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }))
      assert.ok(scroll <= client, `${what} is ${scroll} wide in a window of ${client}`)
    }
    await mention(await task('Find the wool'), 'word '.repeat(60))
    await mention(await task('Mix the dye'), 'x'.repeat(200))
    await bellSays(page, 2)
    await row(page, 'word').waitFor()
    await fits('the inbox')
    await row(page, 'word').getByRole('button', { name: /^Snooze/ }).click()
    await fits('the choice of a time')
    await page.keyboard.press('Escape')
    await page.getByTestId('bell').click()
    await page.getByTestId('bell-panel').getByText('word').first().waitFor()
    await fits('the bell')
    await page.keyboard.press('Escape')
    await deviceOf(scene, server, bo)
    await page.goto(new URL('/preferences', page.url()).href)
    await page.getByRole('table').waitFor()
    await page.getByRole('columnheader', { name: 'On devices' }).waitFor()
    await page.getByLabel('Send me nothing in these hours').check()
    await page.getByLabel('Time zone').waitFor()
    await page.getByTestId('devices').getByRole('button', { name: 'Remove' }).waitFor()
    await fits('the preferences')
  })
}
