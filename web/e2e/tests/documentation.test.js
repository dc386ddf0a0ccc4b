// The commands in the documentation, run as they stand there.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { ask, joins, person, roomyLimits, withProject } from '../support/people.js'
import { scenario } from '../support/scenario.js'
import { binary } from '../support/server.js'
import { until } from '../support/until.js'

const run = promisify(execFile)
const text = (path) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
const commands = (markdown) => [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)

scenario('docs/api.md: every command does what the page says', async (scene) => {
  const server = await scene.server()
  const script = commands(await text('docs/api.md'))
  assert.ok(script.length >= 6, 'the page has its commands')
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, WEFT: server.httpUrl }, timeout: 30_000 })
})

scenario('docs/boards.md: every command does what the page says', async (scene) => {
  const server = await scene.server()
  const script = commands(await text('docs/boards.md'))
  assert.ok(script.length >= 9, 'the page has its commands')
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, WEFT: server.httpUrl }, timeout: 30_000 })
})

scenario('docs/auth.md: every command does what the page says', async (scene) => {
  const server = await scene.server({ playground: false })
  const token = await until('the server prints its setup token', () => server.log.match(/weft_su_[\w-]+/)?.[0])
  const script = commands(await text('docs/auth.md'))
  assert.ok(script.length >= 6, 'the page has its commands')
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], {
    env: { ...process.env, WEFT: server.httpUrl, WEFT_DATA: server.data, WEFT_SETUP_TOKEN: token }, timeout: 30_000
  })
})

scenario('docs/notifications.md: every command does what the page says', async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const [ada, bo] = [await withProject(server), await person(server, 'bo')]
  await joins(server, ada, ada.workspace, bo, 'guest')
  const as = (method, path, body) => ask(server, method, path, { token: ada.token, body })
  const board = (await as('POST', `/v1/projects/${ada.project}/boards`, { title: 'Looms' })).id
  const task = (await as('POST', `/v1/projects/${ada.project}/tasks`, { board_id: board, title: 'Warp' })).id
  await as('PUT', `/v1/documents/${board}/shares/${bo.id}`, { role: 'editor' })
  // Being let in is told as well; the page begins where nothing is new.
  await until('nothing is new', async () => {
    await ask(server, 'POST', '/v1/notifications:read-all', { token: bo.token, body: { before: new Date().toISOString() } })
    const { data } = await ask(server, 'GET', '/v1/notifications', { token: bo.token })
    return data.some(({ type }) => type === 'document_shared') && data.every(({ read_at: at }) => at !== null)
  }, { every: 50 })
  const script = commands(await text('docs/notifications.md'))
  assert.ok(script.length >= 5, 'the page has its commands')
  const variables = { WEFT: server.httpUrl, TOKEN: bo.token, OTHER_TOKEN: ada.token, ME: bo.id, TASK: task, WORKSPACE: ada.workspace, PROJECT: ada.project }
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, ...variables }, timeout: 30_000 })
})

scenario('docs/events.md: every command does what the page says', async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const ada = await withProject(server)
  const script = commands(await text('docs/events.md'))
  assert.ok(script.length >= 2, 'the page has its commands')
  const variables = { WEFT: server.httpUrl, TOKEN: ada.token, WORKSPACE: ada.workspace }
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, ...variables }, timeout: 30_000 })
})

scenario('docs/audit.md: every command does what the page says', async (scene) => {
  const server = await scene.server({ playground: false, env: roomyLimits })
  const ada = await withProject(server)
  const script = commands(await text('docs/audit.md'))
  assert.ok(script.length >= 4, 'the page has its commands')
  const variables = { WEFT: server.httpUrl, WEFT_BIN: binary, TOKEN: ada.token, WORKSPACE: ada.workspace }
  await run('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { env: { ...process.env, ...variables }, timeout: 30_000 })
})

scenario('README.md: a secret makes tokens that open documents', async (scene) => {
  const block = commands(await text('README.md')).find((commands) => commands.includes('weft token'))
  const lines = Object.fromEntries(['export', 'weft serve', 'weft token'].map((start) => [start, block.split('\n').find((line) => line.startsWith(start))]))
  assert.ok(Object.values(lines).every(Boolean), 'the page has its commands')
  const secret = 'x'.repeat(64)
  const variable = lines.export.match(/export (\w+)="(\w+):/)
  const environment = { [variable[1]]: `${variable[2]}:${secret}` }
  const server = await scene.server({ playground: false, env: environment })
  const mint = lines['weft token'].replace(/#.*/, '').replace(/^weft/, '"$WEFT_BINARY"')
  const { stdout } = await run('bash', ['-euc', mint], {
    env: { PATH: process.env.PATH, WEFT_BINARY: binary, ...environment }
  }).catch((error) => assert.fail(error.stderr))
  const client = await scene.client('y-websocket-3', server, 'my/document', { token: stdout.trim() }).synced()
  client.doc.getText('text').insert(0, 'in')
})
