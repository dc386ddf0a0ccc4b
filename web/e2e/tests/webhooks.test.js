// Webhooks, verified with the released libraries that integrators use.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { isSignedBy, Receiver, register as registerFor } from '../support/hooks.js'
import { ask, person, roomyLimits } from '../support/people.js'
import { Server } from '../support/server.js'

const env = { ...roomyLimits, WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8', WEFT_WEBHOOKS_POLL_MILLISECONDS: '100' }
const server = new Server({ playground: false, env })
let ada, workspace, team

before(async () => {
  await server.start()
  ada = await person(server, 'ada')
  workspace = (await ask(server, 'POST', '/v1/workspaces', { token: ada.token, body: { name: 'Looms' } })).id
  team = (await ask(server, 'POST', '/v1/teams', { token: ada.token, body: { workspace_id: workspace, name: 'Weavers' } })).id
})

after(() => server.dispose())

const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })

const register = (receiver, more) => registerFor(server, { token: ada.token, workspace }, receiver.url, more)

const libraries = [['standardwebhooks', StandardWebhook], ['svix', SvixWebhook]]

const PYTHON = fileURLToPath(new URL('../../../.tools/verifiers/bin/python', import.meta.url))
const VERIFY = fileURLToPath(new URL('../support/verify.py', import.meta.url))
// Where every test must run, a missing library is a failure.
const skip = existsSync(PYTHON) || process.env.CI ? false : 'the libraries for Python are missing: make setup'

/** Whether each of the libraries for Python takes each delivery with its secret. */
async function verifiedInPython (pairs) {
  const lines = pairs.map(([secret, { headers, body }]) => JSON.stringify({ secret, headers, body: body.toString('base64') }))
  // Not in a way that blocks: connections that the server closes meanwhile would be taken for open ones.
  const verifying = promisify(execFile)(PYTHON, [VERIFY], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  verifying.child.stdin.end(lines.join('\n'))
  const { stdout } = await verifying
  return stdout.trim().split('\n').map((line) => JSON.parse(line))
}

/** Whether each of the libraries for JavaScript takes a delivery. */
function verifiedHere (secret, { headers, body }) {
  return Object.fromEntries(libraries.map(([name, Library]) => {
    try { return [name, new Library(secret).verify(body, headers) !== undefined] } catch { return [name, false] }
  }))
}

/** What both libraries read out of a delivery. */
function verified (secret, { headers, body }) {
  const read = libraries.map(([, Library]) => new Library(secret).verify(body, headers))
  assert.deepEqual(read[0], read[1])
  return read[0]
}

test('both libraries verify every delivery of five hundred events', async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  const { secret } = await register(receiver, { event_types: ['project.created', 'project.updated'] })
  const expected = []
  for (let number = 0; number < 250; number++) {
    const name = `Gr\u00fcn \u{1f9f5} "${number}" \\`
    const project = (await as('POST', `/v1/teams/${team}/projects`, { name })).id
    await as('PATCH', `/v1/projects/${project}`, { description: `of ${number}` })
    expected.push(project, project)
  }
  const deliveries = await receiver.waitFor(500)
  const told = deliveries.map((delivery) => verified(secret, delivery)).sort((one, other) => one.data.sequence - other.data.sequence)
  assert.deepEqual(told.map(({ data }) => data.project_id), expected)
  assert.equal(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size, 500)
  const [delivery] = deliveries
  for (const [name, Library] of libraries) {
    const other = Buffer.from(delivery.body.toString().replace('project.', 'project_'))
    assert.throws(() => new Library(secret).verify(other, delivery.headers), name)
    assert.throws(() => new Library(`whsec_${'A'.repeat(32)}`).verify(delivery.body, delivery.headers), name)
  }
})

test('while secrets change over, receivers with either verify', async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  const { id, secret } = await register(receiver, { event_types: ['team.created'] })
  const { secret: next } = await as('POST', `/v1/webhooks/endpoints/${id}:rotate-secret`, {})
  await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Spinners' })
  const [delivery] = await receiver.waitFor(1)
  assert.deepEqual(verified(secret, delivery), verified(next, delivery))
})

test('four libraries verify five hundred deliveries while secrets change over', { skip }, async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  const { id, secret } = await register(receiver, { event_types: ['project.updated'] })
  const project = (await as('POST', `/v1/teams/${team}/projects`, { name: 'Sh\u00fcttle' })).id
  const change = async (from, to) => {
    for (let number = from; number < to; number++) await as('PATCH', `/v1/projects/${project}`, { description: `\u{1f9f5} no. ${number} <\u00e9> "\\` })
  }
  await change(0, 250)
  await receiver.waitFor(250)
  const { secret: next } = await as('POST', `/v1/webhooks/endpoints/${id}:rotate-secret`, {})
  await change(250, 500)
  const deliveries = await receiver.waitFor(500)
  assert.equal(deliveries.length, 500)
  const inPython = (one) => verifiedInPython(deliveries.map((delivery) => [one, delivery]))
  const python = [await inPython(secret), await inPython(next)]
  const all = (takes) => ({ standardwebhooks: takes, svix: takes })
  deliveries.forEach((delivery, index) => {
    // The old secret verifies all of them for a day, the new one those that came after it.
    for (const [which, one, takes] of [[0, secret, true], [1, next, index >= 250]]) {
      assert.deepEqual(verifiedHere(one, delivery), all(takes), `delivery ${index}, secret ${which}`)
      assert.deepEqual(python[which][index], all(takes), `delivery ${index}, secret ${which}, in Python`)
    }
  })
  const forged = { ...deliveries[0], body: Buffer.from(deliveries[0].body.toString().replace('project.', 'project_')) }
  assert.deepEqual(await verifiedInPython([[secret, forged]]), [all(false)])
})

test('whoever has the public key verifies, beside those who have the secret', async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  const { id, secret } = await register(receiver, { event_types: ['team.created'], signatures: ['v1', 'v1a'] })
  const { public_key: publicKey } = await as('GET', `/v1/webhooks/endpoints/${id}`)
  const make = (name) => as('POST', '/v1/teams', { workspace_id: workspace, name: `${name} \u{1f9f5} F\u00e4rber` })
  await make('One')
  const { public_key: next } = await as('POST', `/v1/webhooks/endpoints/${id}:rotate-signing-key`, {})
  assert.notEqual(next, publicKey)
  await receiver.waitFor(1)
  await make('Two')
  const [first, second] = await receiver.waitFor(2)
  // The libraries, which know the other version alone, take what they know.
  for (const delivery of [first, second]) assert.equal(verified(secret, delivery).type, 'team.created')
  assert.ok(isSignedBy(publicKey, first) && isSignedBy(publicKey, second) && isSignedBy(next, second))
  assert.ok(!isSignedBy(publicKey, { ...first, body: Buffer.from(first.body.toString().replace('team.', 'team_')) }))
})

test('a failed message comes again under its id, with a new time and signature', async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  receiver.status = 500
  const { secret } = await register(receiver, { event_types: ['team.created'] })
  await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Dyers' })
  await receiver.waitFor(1)
  receiver.status = 204
  const [first, second] = await receiver.waitFor(2)
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
  assert.notEqual(first.headers['webhook-timestamp'], second.headers['webhook-timestamp'])
  assert.deepEqual(verified(secret, first), verified(secret, second))
})

test('docs/webhooks.md: every command does what the page says', async (context) => {
  const receiver = await new Receiver().start()
  context.after(() => receiver.dispose())
  const page = await readFile(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8')
  const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)
  assert.ok(script.length >= 7, 'the page has its commands')
  const variables = { WEFT: server.httpUrl, TOKEN: ada.token, WORKSPACE: workspace, RECEIVER: receiver.url }
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, ...variables }, timeout: 60_000 })
  assert.ok(receiver.deliveries.length >= 3)
})
