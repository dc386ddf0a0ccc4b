// The console of webhooks in a real browser, with a receiver that listens: what somebody does there is what the receiver
// gets, and what the receiver says is shown as text.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Webhook } from 'standardwebhooks'
import { person, useBrowser } from '../support/browser.js'
import { isSignedBy, Receiver } from '../support/hooks.js'
import { ask, joins, PASSWORD, person as account, roomyLimits } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const POLL = { every: 20 }
const env = { ...roomyLimits, WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8', WEFT_WEBHOOKS_POLL_MILLISECONDS: '100' }
/** What a hostile receiver might answer. */
const MARKUP = '<img src=x onerror="globalThis.harmed = true"><b>bold</b>'

useBrowser()

async function receiver (scene) {
  const one = await new Receiver().start()
  scene.defer(() => one.dispose())
  return one
}

async function logIn (page, { email }) {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

/** Ada, who administers a workspace, at the console of its webhooks. */
async function console_ (scene, options) {
  const server = await scene.server({ playground: false, env })
  const ada = await account(server, 'ada')
  const workspace = (await ask(server, 'POST', '/v1/workspaces', { token: ada.token, body: { name: 'Looms' } })).id
  const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })
  const looking = await person(scene, `${server.httpUrl}/webhooks?workspace=${workspace}`, options)
  await logIn(looking.page, ada)
  await looking.page.getByRole('heading', { name: 'Webhooks' }).waitFor()
  const happens = (name) => as('POST', '/v1/teams', { workspace_id: workspace, name })
  return { server, ada, workspace, as, happens, ...looking }
}

/** Makes an endpoint as somebody does, who also does `more` in the form; the secret that was shown. */
async function make (page, { url, types = ['team.created'], more = async () => {} }) {
  await page.getByTestId('new-endpoint').click()
  await page.getByLabel('Address that messages are sent to').fill(url)
  await page.getByRole('textbox', { name: 'Description' }).fill('Tells the weavers')
  await page.getByRole('radio', { name: 'Only these', exact: true }).check()
  for (const type of types) {
    await page.getByLabel('Find an event').fill(type)
    await page.getByRole('checkbox', { name: type, exact: true }).check()
  }
  await more()
  await page.getByRole('button', { name: 'Make the endpoint' }).click()
  const secret = await page.getByTestId('secret').inputValue()
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('heading', { name: url }).waitFor()
  return secret
}

const actions = async (page, name) => {
  await page.getByRole('button', { name: 'Endpoint: actions' }).click()
  await page.getByRole('menuitem', { name }).click()
}
const openly = (page) => page.getByRole('checkbox', { name: 'Sign with a key of its own, too' })
const limit = (page) => page.getByLabel('Attempts a second, at most')
/** Opens the form of the endpoint that is looked at. */
const change = async (page) => {
  await actions(page, 'Change…')
  await page.getByRole('heading', { name: 'Change the endpoint' }).waitFor()
}
const keep = async (page) => {
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByRole('heading', { name: 'Change the endpoint' }).waitFor({ state: 'detached' })
}
const addHeader = async (page, name, value) => {
  await page.getByRole('button', { name: 'Add a header' }).click()
  await page.getByLabel('Name of the header').last().fill(name)
  await page.getByLabel('Value', { exact: true }).last().fill(value)
}
const fact = (page, words) => page.locator('.facts dd').filter({ hasText: words }).waitFor()
const figure = (page, status) => page.locator(`.figure[data-status=${status}]`)
const counts = (page, status, count) => until(`${count} are ${status}`, async () =>
  await figure(page, status).locator('strong').textContent() === String(count), { ...POLL, within: 30_000 })
const verified = (secret, { headers, body }) => new Webhook(secret).verify(body, headers)

async function violations (page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`)
}

scenario('an endpoint is made, tried out and told, and its secret signs what comes', { timeout: 120_000 }, async (scene) => {
  const hook = await receiver(scene)
  const { page, happens, complaints } = await console_(scene)
  await page.getByText('There is no endpoint yet').waitFor()

  // What the server refuses is said, and what was typed stays.
  await page.getByTestId('new-endpoint').click()
  await page.getByLabel('Address that messages are sent to').fill('https://ada@example.com/hook')
  await page.getByRole('button', { name: 'Make the endpoint' }).click()
  await page.getByRole('alert').filter({ hasText: /without a user/ }).waitFor()
  assert.equal(await page.getByLabel('Address that messages are sent to').inputValue(), 'https://ada@example.com/hook')
  await page.getByRole('radio', { name: 'Only these', exact: true }).check()
  await page.getByRole('button', { name: 'Make the endpoint' }).click()
  await page.getByRole('alert').filter({ hasText: 'Choose an event' }).waitFor()
  await page.keyboard.press('Escape')
  complaints.length = 0

  const secret = await make(page, { url: hook.url })
  assert.match(secret, /^whsec_/)
  assert.ok(!(await page.content()).includes(secret), 'the secret is shown once')

  await page.getByRole('button', { name: 'Send a test' }).click()
  await page.getByTestId('trial').filter({ hasText: 'The endpoint took the test: it answered 200' }).waitFor()
  await happens('Weavers')
  const [test, told] = await hook.waitFor(2)
  assert.equal(verified(secret, test).type, 'webhook.test')
  assert.equal(verified(secret, told).data.data.name ?? verified(secret, told).data.data.after?.name, 'Weavers')
  await counts(page, 'succeeded', 2)
  await page.getByTestId('health').filter({ hasText: 'Healthy' }).waitFor()

  // Another secret: both sign, and the new one is shown once.
  await actions(page, 'Change the secret…')
  await page.getByRole('button', { name: 'Make a new secret' }).click()
  const next = await page.getByTestId('secret').inputValue()
  assert.notEqual(next, secret)
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await happens('Spinners')
  const third = (await hook.waitFor(3))[2]
  assert.deepEqual(verified(secret, third), verified(next, third))

  // Another description and more events; what is not touched stays.
  await actions(page, 'Change…')
  assert.equal(await page.getByLabel('Address that messages are sent to').inputValue(), hook.url)
  await page.getByRole('textbox', { name: 'Description' }).fill('Tells the dyers')
  await page.getByLabel('Find an event').fill('project')
  await page.getByRole('checkbox', { name: 'project.created' }).check()
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await page.getByText('Tells the dyers').waitFor()
  await page.locator('.facts').filter({ hasText: 'project.created, team.created' }).waitFor()

  // The list says how it does; the endpoint goes for good only when somebody says so twice.
  await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
  await page.locator('.endpoint').filter({ hasText: '3 delivered' }).waitFor()
  await page.locator('.endpoint').click()
  await actions(page, 'Delete…')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await actions(page, 'Delete…')
  await page.getByRole('button', { name: 'Delete the endpoint' }).click()
  await page.getByText('There is no endpoint yet').waitFor()
  assert.deepEqual(complaints, [])
})

scenario('headers, a limit and a key of its own are set, sent and read again, and the values of headers never', { timeout: 120_000 }, async (scene) => {
  const hook = await receiver(scene)
  const { page, as, workspace, happens, complaints } = await console_(scene)
  const said = (words) => page.getByRole('alert').filter({ hasText: words }).waitFor()
  const send = () => page.getByRole('button', { name: 'Make the endpoint' }).click()
  const shown = async () => (await as('GET', `/v1/webhooks/endpoints?workspace_id=${workspace}`)).data[0]
  const key = page.getByTestId('public-key')

  const secret = await make(page, {
    url: hook.url,
    async more () {
      // What is wrong is said, at the field that it is about, and what was typed stays.
      const name = page.getByLabel('Name of the header')
      await addHeader(page, 'Content-Type', 'let me in')
      await send()
      await said('“content-type” is reserved')
      assert.ok(await name.evaluate((field) => field === document.activeElement && field.ariaInvalid === 'true'))
      await name.fill('X-Gate')
      await page.getByLabel('Value', { exact: true }).fill('gr\u00fcn')
      await send()
      await said('The value of “x-gate” must be plain')
      await page.getByLabel('Value', { exact: true }).fill('let me in')
      await limit(page).fill('fast')
      await send()
      await said('from 1 to 1,000')
      assert.ok(await limit(page).evaluate((field) => field === document.activeElement))
      assert.equal(await name.inputValue(), 'X-Gate')
      await limit(page).fill('50')
      await openly(page).check()
    },
  })
  await fact(page, 'x-gate (1 value not shown)')
  await fact(page, 'At most 50 attempts a second')
  const made = await shown()
  assert.deepEqual([made.headers, made.rate_limit, made.signatures], [{ 'x-gate': '***' }, 50, ['v1', 'v1a']])
  assert.equal(await key.inputValue(), made.public_key)
  await happens('Weavers')
  const [first] = await hook.waitFor(1)
  assert.equal(first.headers['x-gate'], 'let me in')
  assert.ok(isSignedBy(made.public_key, first))
  assert.equal(verified(secret, first).type, 'team.created')

  // The form shows everything but the value; one that is left alone stays, and so does its header.
  await page.reload()
  await key.waitFor()
  await change(page)
  const gate = page.getByLabel('Another value of x-gate')
  assert.deepEqual([await gate.inputValue(), await limit(page).inputValue(), await openly(page).isChecked()], ['', '50', true])
  assert.ok(!(await page.content()).includes('let me in'))
  await addHeader(page, 'x-gate', 'twice')
  await page.getByRole('button', { name: 'Keep the changes' }).click()
  await said('“x-gate” is there twice')
  await page.getByLabel('Name of the header').fill('X-Loom')
  await page.getByLabel('Value', { exact: true }).fill('seven')
  await limit(page).fill('20')
  await keep(page)
  await fact(page, 'x-gate, x-loom (2 values not shown)')
  await fact(page, 'At most 20 attempts a second')
  await happens('Spinners')
  const second = (await hook.waitFor(2))[1]
  assert.deepEqual([second.headers['x-gate'], second.headers['x-loom']], ['let me in', 'seven'])
  assert.equal((await shown()).public_key, made.public_key, 'the key is the same')

  // Another key: both sign, and the new public key is shown.
  await actions(page, 'Change the signing key…')
  await page.getByRole('button', { name: 'Make a new key' }).click()
  await until('the new key is shown', async () => await key.inputValue() !== made.public_key, POLL)
  const next = await key.inputValue()
  assert.equal((await shown()).public_key, next)
  await happens('Dyers')
  const third = (await hook.waitFor(3))[2]
  assert.ok(isSignedBy(made.public_key, third) && isSignedBy(next, third))

  // Another value for one header, none for the other, no limit, and the signature of the secret alone.
  await change(page)
  await gate.fill('another word')
  await page.getByRole('button', { name: 'Take x-loom away' }).click()
  await limit(page).fill('')
  await openly(page).uncheck()
  await keep(page)
  await fact(page, 'x-gate (1 value not shown)')
  await fact(page, 'No limit')
  await key.waitFor({ state: 'hidden' })
  const last = await shown()
  assert.deepEqual([last.headers, last.rate_limit ?? null, last.signatures], [{ 'x-gate': '***' }, null, ['v1']])
  await happens('Fullers')
  const fourth = (await hook.waitFor(4))[3]
  assert.deepEqual([fourth.headers['x-gate'], fourth.headers['x-loom']], ['another word', undefined])
  assert.ok(!fourth.headers['webhook-signature'].includes('v1a,'))
  assert.equal(verified(secret, fourth).type, 'team.created')
  await page.getByRole('button', { name: 'Endpoint: actions' }).click()
  assert.equal(await page.getByRole('menuitem', { name: 'Change the signing key…' }).getAttribute('aria-disabled'), 'true')
  assert.deepEqual(complaints, [])
})

scenario('what failed is seen, with what came back as text, and is sent again', { timeout: 120_000 }, async (scene) => {
  const hook = await receiver(scene)
  const { page, happens, complaints } = await console_(scene)
  await make(page, { url: hook.url })
  hook.status = 500
  hook.answer = MARKUP
  await happens('Weavers')
  await counts(page, 'failed', 1)
  await page.getByTestId('health').filter({ hasText: /Failing/ }).waitFor()
  await figure(page, 'succeeded').click()
  await page.getByText('There is none of these.').waitFor()
  await figure(page, 'failed').click()
  await page.locator('.delivery').click()
  const delivery = page.getByTestId('delivery')
  await delivery.locator('.attempt').first().waitFor()
  assert.equal(await delivery.locator('.excerpt').first().textContent(), MARKUP)
  assert.equal(await delivery.locator('.excerpt *').count(), 0, 'what came back is text')
  assert.equal(await delivery.locator('.attempt .badge').first().textContent(), '500')
  hook.status = 200
  const before = hook.deliveries.length
  await page.getByTestId('resend').click()
  await delivery.getByText('Delivered', { exact: true }).first().waitFor()
  await until('the newest attempt is shown', async () =>
    await delivery.locator('.attempt .badge').first().textContent() === '200', POLL)
  assert.equal(hook.deliveries[before].headers['webhook-id'], hook.deliveries[0].headers['webhook-id'])
  await page.keyboard.press('Escape')
  await counts(page, 'failed', 0)
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined)
  assert.deepEqual(complaints, [])
})

scenario('what a disabled endpoint missed is recovered, and a reload still shows how far that is', { timeout: 120_000 }, async (scene) => {
  const hook = await receiver(scene)
  const { page, happens, complaints } = await console_(scene)
  await make(page, { url: hook.url })
  await actions(page, 'Disable')
  await page.getByTestId('health').filter({ hasText: 'Disabled' }).waitFor()
  for (const name of ['Weavers', 'Spinners', 'Dyers']) await happens(name)

  // An endpoint that does not answer well stays disabled, and the page says why.
  hook.status = 503
  await page.getByRole('button', { name: 'Enable', exact: true }).first().click()
  await page.getByTestId('trial').filter({ hasText: 'it answered 503' }).waitFor()
  await page.getByTestId('health').filter({ hasText: 'Disabled' }).waitFor()
  hook.status = 200
  await page.locator('.page-head').getByRole('button', { name: 'Enable', exact: true }).click()
  await page.getByRole('button', { name: 'Recover what it missed' }).click()
  await page.getByRole('button', { name: 'Last hour' }).click()
  await page.getByRole('button', { name: 'Recover', exact: true }).click()
  const recovery = page.getByTestId('recovery')
  await recovery.filter({ hasText: /^Recovered: \d+ events? looked at, 3 messages put in line/ }).waitFor()
  await counts(page, 'succeeded', 4)
  await page.reload()
  await recovery.filter({ hasText: /^Recovered/ }).waitFor()
  assert.deepEqual(complaints.filter((text) => !/409/.test(text)), [])
})

scenario('who administers nothing is told so, and nothing else', { timeout: 120_000 }, async (scene) => {
  const { server, ada, workspace, as } = await console_(scene)
  const endpoint = await as('POST', '/v1/webhooks/endpoints', { workspace_id: workspace, url: 'https://example.com/hook' })
  const bo = await account(server, 'bo')
  await joins(server, ada, workspace, bo, 'member')
  const { page } = await person(scene, `${server.httpUrl}/webhooks/${endpoint.id}`)
  await logIn(page, bo)
  await page.getByText('your role does not allow this').waitFor()
  assert.ok(!(await page.content()).includes('example.com/hook'))
})

for (const [colorScheme, width] of [['light', 1200], ['dark', 375]]) {
  scenario(`nobody is shut out of webhooks, in the ${colorScheme}, ${width} pixels wide`, { timeout: 120_000 }, async (scene) => {
    const hook = await receiver(scene)
    const { page, happens } = await console_(scene, { colorScheme, viewport: { width, height: 800 } })
    const fits = async (what) => {
      assert.deepEqual(await violations(page), [], what)
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }))
      assert.ok(scroll <= client, `${what} is ${scroll} wide in a window of ${client}`)
    }
    await fits('no endpoint')
    await page.getByTestId('new-endpoint').click()
    await page.getByRole('radio', { name: 'Only these', exact: true }).check()
    await fits('the form')
    // A header by keys alone: it is added, typed, taken away, and the focus is never lost.
    const isFocused = (field) => field.evaluate((element) => element === document.activeElement)
    const add = page.getByRole('button', { name: 'Add a header' })
    await add.focus()
    await page.keyboard.press('Enter')
    assert.ok(await isFocused(page.getByLabel('Name of the header')), 'the name is typed at once')
    await page.keyboard.type('x-gate')
    await page.keyboard.press('Tab')
    assert.ok(await isFocused(page.getByLabel('Value', { exact: true })))
    await fits('a new header')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.ok(await isFocused(add), 'the focus comes back')
    await page.keyboard.press('Escape')
    const more = async () => {
      await addHeader(page, `x-${'gate-'.repeat(12)}`, 'let me in')
      await openly(page).check()
    }
    await make(page, { url: hook.url, more })
    await page.getByTestId('public-key').waitFor()
    hook.status = 500
    hook.answer = 'x'.repeat(900)
    await happens('Weavers')
    await counts(page, 'failed', 1)
    await page.getByRole('button', { name: 'Send a test' }).click()
    await page.getByTestId('trial').waitFor()
    await fits('an endpoint')
    // Everything by keys alone: to a delivery, into it, and back to it.
    // That of the event: the test comes before it as soon as it is listed.
    const delivery = page.locator('.delivery').filter({ hasText: 'team.created' })
    await delivery.focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('delivery').locator('.attempt').first().waitFor()
    await fits('a delivery')
    await page.keyboard.press('Escape')
    assert.ok(await isFocused(delivery), 'the focus comes back')
    await change(page)
    await fits('a change')
    await page.keyboard.press('Escape')
    await actions(page, 'Change the signing key…')
    await fits('another key')
    await page.keyboard.press('Escape')
    await actions(page, 'Recover a time…')
    await fits('a recovery')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
    await page.locator('.endpoint').waitFor()
    await fits('the list')
  })
}
