// Web Push in a real browser: a device is turned on, shows what it is sent, leads to it, and is told nothing once it is
// removed, or nobody is logged in any more.

import assert from 'node:assert/strict'
import { person, useBrowser } from '../support/browser.js'
import { deviceAlone } from '../support/devices.js'
import { ask, joins, PASSWORD, person as account, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { before, pause, until } from '../support/until.js'

const SOON = { every: 50, within: 30_000 }

useBrowser()

/**
 * No push service of a vendor is within reach of a test. So the browser is made to say that it is subscribed to that of the
 * test, also after it was loaded again; what comes there is handed to the worker by the browser itself, as if it came from one.
 */
function subscribesTo (address) {
  const NAME = 'test.subscription'
  const subscription = (key) => ({
    endpoint: address.endpoint,
    options: {
      userVisibleOnly: true,
      applicationServerKey: Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0)).buffer,
    },
    toJSON: () => address,
    unsubscribe: async () => { localStorage.removeItem(NAME); return true },
  })
  PushManager.prototype.subscribe = async ({ applicationServerKey: key }) => {
    localStorage.setItem(NAME, key)
    return subscription(key)
  }
  PushManager.prototype.getSubscription = async () => {
    const key = localStorage.getItem(NAME)
    return key === null ? null : subscription(key)
  }
}

/** Ada speaks to Bo in a document, and Bo looks at his preferences. */
async function loom (scene, { permissions = ['notifications'] } = {}) {
  const server = await scene.server({
    playground: false,
    env: { ...roomyLimits, WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8', WEFT_NOTIFICATIONS_POLL_MILLISECONDS: '100' },
  })
  const [ada, bo] = [await withProject(server), await account(server, 'bo')]
  await joins(server, ada, ada.workspace, bo, 'guest')
  const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })
  const document = (await as('POST', `/v1/projects/${ada.project}/documents`, { title: 'Plan', kind: 'text' })).id
  await as('PUT', `/v1/documents/${document}/shares/${bo.id}`, { role: 'editor' })
  const say = (body) => as('POST', `/v1/documents/${document}/comments`, { body, mentions: [bo.id] })
  const devices = async () => (await ask(server, 'GET', '/v1/push-subscriptions', { token: bo.token })).data
  const device = await deviceAlone(scene)
  const looking = await person(scene, 'about:blank')
  const { page, context } = looking
  await context.grantPermissions(permissions, { origin: server.httpUrl })
  await context.addInitScript(subscribesTo, device.address)
  await page.goto(`${server.httpUrl}/preferences`)
  await logIn(page, bo)
  const part = page.getByTestId('devices')
  await part.waitFor()
  const turn = part.getByRole('switch', { name: 'Notify me on this device' })
  const own = part.getByRole('listitem').filter({ hasText: 'This device' })
  return { server, bo, document, say, devices, device, part, turn, own, ...looking }
}

async function logIn (page, { email }) {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

const comes = (device, words) => until(`“${words}” is pushed`, () => device.with(words)[0]?.said, SOON)

/** The worker of a page, under the hands of the test. */
async function workerOf (page, context) {
  const { origin } = new URL(page.url())
  const browser = await context.newCDPSession(page)
  const registered = new Promise((resolve) => {
    browser.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${origin}/` && !isDeleted)
      if (ours) resolve(ours.registrationId)
    })
  })
  await browser.send('ServiceWorker.enable')
  const registrationId = await registered
  const worker = context.serviceWorkers()[0] ?? await context.waitForEvent('serviceworker')
  return {
    /**
     * Hands over what a push service would have, and waits until it is shown. The browser forgets notifications that it is asked
     * for before the system has them, so it is not asked until the worker is done, and then not often.
     */
    async push (text, words) {
      await worker.evaluate(() => {
        const { registration } = self
        self.show ??= registration.showNotification.bind(registration)
        self.isShown = new Promise((resolve) => {
          registration.showNotification = (...all) => self.show(...all).finally(resolve)
        })
      })
      await browser.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: text })
      await before('the worker shows it', worker.evaluate(() => self.isShown))
      await pause(300)
      const find = async () => (await this.shown()).find(({ body, title }) => body === words || title === words)
      return await until(`“${words}” is shown`, find, { every: 1_000 })
    },
    shown: () => page.evaluate(async () => {
      const shown = await (await navigator.serviceWorker.ready).getNotifications()
      return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }))
    }),
    /**
     * Nobody can click on a notification of the system here: the worker is told that somebody did. A window would open only
     * for a real click, so the addresses of those that it wants are given back.
     */
    click: (tag) => worker.evaluate(async (tag) => {
      const opened = []
      self.clients.openWindow = async (url) => { opened.push(url); return null }
      const [notification] = await self.registration.getNotifications({ tag })
      const work = []
      self.dispatchEvent(Object.assign(new Event('notificationclick'), { notification, waitUntil: (one) => work.push(one) }))
      await Promise.allSettled(work)
      return { opened, left: (await self.registration.getNotifications({ tag })).length }
    }, tag),
  }
}

scenario('a device that is turned on shows what it is sent, leads there, and is removed', { timeout: 180_000 }, async (scene) => {
  const { server, say, devices, device, part, turn, own, page, context, complaints } = await loom(scene)
  assert.ok(!await turn.isChecked())
  await turn.check()
  await own.waitFor()
  assert.equal((await devices()).length, 1)
  await page.reload()
  await own.waitFor()
  assert.ok(await turn.isChecked(), 'it stays')

  await say('Have you seen <b>it</b>?')
  const said = await comes(device, 'Have you seen')
  const worker = await workerOf(page, context)
  const shown = await worker.push(JSON.stringify(said), said.body)
  assert.deepEqual(shown, { title: said.title, body: said.body, tag: said.id, data: `${server.httpUrl}${said.url}` })
  await worker.push(JSON.stringify({ ...said, body: 'And now?' }), 'And now?')
  assert.equal((await worker.shown()).length, 1, 'a later one takes its place')

  // Where no tab is open at its address one opens; one that was opened there goes back to it.
  assert.deepEqual(await worker.click(said.id), { opened: [shown.data], left: 0 })
  const tab = await context.newPage()
  await tab.goto(shown.data)
  await tab.getByRole('link', { name: 'Boards', exact: true }).click()
  await tab.waitForURL(`${server.httpUrl}/boards`)
  await worker.push(JSON.stringify(said), said.body)
  assert.deepEqual(await worker.click(said.id), { opened: [], left: 0 })
  await tab.waitForURL(shown.data)
  await tab.close()

  // Whatever is sent, something is shown, and it leads nowhere else.
  for (const [id, url] of [['a', '//elsewhere.example.org/'], ['b', 'https://elsewhere.example.org/'], ['c', 'javascript:alert(1)']]) {
    const { data } = await worker.push(JSON.stringify({ id, title: 'Come here', body: id, url }), id)
    assert.equal(data, `${server.httpUrl}/inbox`)
  }
  await worker.push('no JSON', 'Something new in Weft')

  await own.getByRole('button', { name: 'Remove' }).click()
  await own.waitFor({ state: 'detached' })
  await part.getByText('Removed.').waitFor()
  assert.deepEqual([await turn.isChecked(), await devices()], [false, []])
  const count = device.deliveries.length
  await say('Not there any more')
  await until('he is told in the page', async () => Number(await page.getByTestId('bell').getAttribute('data-unread')) > 0, SOON)
  await pause(2_000)
  assert.equal(device.deliveries.length, count)
  assert.deepEqual(complaints, [])
})

scenario('a device is told nothing once it was removed elsewhere, or nobody is logged in', { timeout: 180_000 }, async (scene) => {
  const { server, bo, devices, turn, own, page, complaints } = await loom(scene)
  const isSubscribed = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription()) !== null)
  await turn.check()
  await own.waitFor()
  await ask(server, 'DELETE', `/v1/push-subscriptions/${(await devices())[0].id}`, { token: bo.token })
  await page.reload()
  await turn.waitFor()
  await until('the browser has ended it', async () => !(await isSubscribed()), SOON)
  assert.ok(!await turn.isChecked())

  await turn.check()
  await own.waitFor()
  await page.getByTestId('account').click()
  await page.getByRole('menuitem', { name: /^Log out/ }).click()
  await page.getByLabel('E-mail address').waitFor()
  assert.deepEqual([await isSubscribed(), await devices()], [false, []])
  assert.deepEqual(complaints, [])
})

scenario('a browser that lets nobody show notifications says so', { timeout: 180_000 }, async (scene) => {
  const { devices, part, turn } = await loom(scene, { permissions: [] })
  await turn.click()
  await part.getByText('Allow them for this site').waitFor()
  await until('it is off again', async () => !await turn.isChecked(), SOON)
  assert.deepEqual(await devices(), [])
})
