// Chromium, and people who look at pages with it.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before as beforeAll } from 'node:test'
import { chromium } from 'playwright-core'
import { until } from './until.js'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const QUIET_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
/** What a browser prints about a server that is away, and only that. */
const ABOUT_THE_NETWORK = /WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_CONNECTION_CLOSED|ERR_INCOMPLETE_CHUNKED_ENCODING|WebSocket is closed/

let browser

/** Starts a browser for the tests of this file. */
export function useBrowser () {
  beforeAll(async () => {
    assert.ok(existsSync(executablePath), `there is no Chromium at ${executablePath}: install it, or name it with CHROMIUM`)
    browser = await chromium.launch({ executablePath, args: QUIET_FLAGS })
  })
  after(async () => { await browser?.close() })
}

/**
 * A person with a browser of their own, looking at `url`.
 *
 * @param {object} [options] of the browser's context: `colorScheme`, `viewport`, `hasTouch`, …
 */
export async function person (scene, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options })
  scene.defer(() => context.close())
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !ABOUT_THE_NETWORK.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)))
  page.on('response', (response) => { if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`) })
  page.setDefaultTimeout(15_000)
  await page.goto(url)
  return { page, context, complaints }
}

export const saveState = (page) => page.getByTestId('save-state').getAttribute('data-save-state')

export const reaches = (page, state, options) =>
  until(`the mark says ${state}`, async () => (await saveState(page)) === state, { every: 20, ...options })

/** The address that the page offers to share. */
export const sharedAddress = (page) => until('the page offers its address', () => page.getByTestId('share-address').inputValue())
