// The page at /reference shows the description of the API, without anything from elsewhere.

import assert from 'node:assert/strict'
import { after, before as beforeAll } from 'node:test'
import { chromium } from 'playwright-core'
import { scenario } from '../support/scenario.js'

let browser
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
})
after(async () => { await browser?.close() })

scenario('the reference shows every operation, under our content security policy and from this server alone', { timeout: 180_000 }, async (scene) => {
  const server = await scene.server()
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  scene.defer(() => page.close())
  const complaints = []
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:' && origin !== server.httpUrl) complaints.push(`asks ${request.url()}`)
  })
  await page.goto(`${server.httpUrl}/reference`)
  await page.getByRole('heading', { name: 'Reads what is known of a document, without its content.' }).waitFor({ timeout: 120_000 }) // two hundred operations, drawn by one slow core
  const { paths } = await (await fetch(`${server.httpUrl}/openapi.json`)).json()
  const text = await page.textContent('body')
  const summaries = Object.values(paths).flatMap((item) => Object.values(item)).map(({ summary }) => summary).filter(Boolean)
  assert.ok(summaries.length > 5)
  assert.deepEqual(summaries.filter((summary) => !text.includes(summary)), [])
  if (process.env.WEFT_SCREENSHOTS) await page.screenshot({ path: `${process.env.WEFT_SCREENSHOTS}/reference.png` })
  assert.deepEqual(complaints, [])
})
