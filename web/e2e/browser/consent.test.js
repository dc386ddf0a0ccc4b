// The page that asks for consent, in a real browser: strict policies and all, it leads back to the application.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before as beforeAll } from 'node:test'
import { chromium } from 'playwright-core'
import { application, call, PASSWORD, person } from '../support/accounts.js'
import { scenario } from '../support/scenario.js'
import { freePort } from '../support/server.js'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const QUIET_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-0123456789'

let browser
beforeAll(async () => {
  assert.ok(existsSync(executablePath), `there is no Chromium at ${executablePath}: install it, or name it with CHROMIUM`)
  browser = await chromium.launch({ executablePath, args: QUIET_FLAGS })
})
after(async () => { await browser?.close() })

/** Another site: the application, and a page that frames and fakes ours. */
async function site (scene, pages) {
  const http = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname
    response.setHeader('content-type', 'text/html')
    response.end(pages(path) ?? 'the application')
  })
  const port = await freePort()
  await new Promise((resolve) => http.listen(port, '127.0.0.1', resolve))
  scene.defer(() => new Promise((resolve) => { http.closeAllConnections(); http.close(resolve) }))
  return `http://127.0.0.1:${port}`
}

/** A window of a browser of its own, and what it complains about. */
async function newWindow (scene) {
  const context = await browser.newContext()
  scene.defer(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints = []
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, context, complaints }
}

scenario('somebody logs in, consents, and the application gets its tokens', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false })
  const ada = await person(server, 'ada')
  const app = await site(scene, () => undefined)
  const redirect = `${app}/cb`
  const { id } = await application(server, ada, { redirect, scopes: ['openid', 'email', 'profile:read'], name: 'Shuttle & <Loom>' })
  const address = `${server.httpUrl}/oauth/authorize?${new URLSearchParams({
    client_id: id, redirect_uri: redirect, response_type: 'code', scope: 'openid profile:read', state: 'a b&c',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256',
  })}`
  const { page, context, complaints } = await newWindow(scene)
  await page.goto(address)
  await page.getByLabel('E-mail address').fill(ada.email)
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('E-mail address').fill(ada.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Shuttle & <Loom> wants to connect' }).waitFor()
  assert.deepEqual(await page.locator('li').allTextContents(), ['see your profile and preferences', 'know who you are'])
  const [cookie] = await context.cookies(server.httpUrl)
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ['__Host-weft', true, true, 'Lax'])
  assert.equal(await page.evaluate('document.cookie').catch(() => ''), '')
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${redirect}?**`)
  const back = new URL(page.url())
  assert.equal(back.searchParams.get('state'), 'a b&c')
  assert.equal(back.searchParams.get('iss'), server.httpUrl)
  const form = new URLSearchParams({
    grant_type: 'authorization_code', code: back.searchParams.get('code'), redirect_uri: redirect, client_id: id, code_verifier: VERIFIER,
  })
  const tokens = await (await fetch(`${server.httpUrl}/oauth/token`, { method: 'POST', body: form })).json()
  assert.equal((await call(server, 'GET', '/v1/users/me', { token: tokens.access_token })).id, ada.id)
  assert.deepEqual(complaints.filter((text) => !text.includes('favicon')), [])
})

scenario('no other page frames the page, or sends its form', { timeout: 120_000 }, async (scene) => {
  const server = await scene.server({ playground: false })
  const ada = await person(server, 'ada')
  let fake = ''
  const elsewhere = await site(scene, (path) => path === '/fake' ? fake : undefined)
  const redirect = `${elsewhere}/cb`
  const { id } = await application(server, ada, { redirect, scopes: ['openid'] })
  const address = `${server.httpUrl}/oauth/authorize?${new URLSearchParams({
    client_id: id, redirect_uri: redirect, response_type: 'code', scope: 'openid',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256',
  })}`
  const { page } = await newWindow(scene)
  await page.goto(address)
  await page.getByLabel('E-mail address').fill(ada.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: 'Allow' }).waitFor()
  const formToken = await page.locator('input[name=form_token]').getAttribute('value')
  const escaped = address.replaceAll('&', '&amp;')
  // Even a page that has stolen the token of the form is not ours.
  fake = `<iframe src="${escaped}"></iframe><form method="post" action="${escaped}"><input name="action" value="allow">
    <input name="form_token" value="${formToken}"><button>Win a prize</button></form>`
  await page.goto(`${elsewhere}/fake`)
  const framed = page.frames().find((frame) => frame !== page.mainFrame())
  assert.equal(await framed?.getByRole('button', { name: 'Allow' }).count().catch(() => 0) ?? 0, 0, 'the frame stays empty')
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().startsWith(`${server.httpUrl}/oauth/authorize`) && response.request().method() === 'POST'),
    page.getByRole('button', { name: 'Win a prize' }).click(),
  ])
  assert.equal(answer.status(), 403)
})
