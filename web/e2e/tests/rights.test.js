// Rights that change over REST while real clients have the document open: what each of them hears, and how soon.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { ask, joins, PASSWORD, person, roomyLimits } from '../support/people.js'
import { HOCUSPOCUS_KINDS } from '../support/clients.js'
import { converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'
import { AUTH, authentication, named, stepOne, SYNC } from '../support/wire.js'

const WITH_ACCOUNTS = { playground: false, env: roomyLimits }
/** What a client edits. */
const text = (client) => client.doc.getText('text')
/** The longest time from the answer of a change until clients have felt it, in milliseconds. */
const BOUND = 2_000

/** Ada, who owns a workspace with a document in it, and Eve, who is a member of that workspace and nothing more. */
async function makeWorld (server, role = 'member') {
  const [ada, eve] = await Promise.all([person(server, 'ada'), person(server, 'eve')])
  const as = (method, path, body, headers = { 'if-match': '*' }) => ask(server, method, path, { token: ada.token, body, headers })
  const workspace = (await as('POST', '/v1/workspaces', { name: 'Looms' })).id
  await joins(server, ada, workspace, eve, role)
  const team = (await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Weavers' })).id
  const project = (await as('POST', `/v1/teams/${team}/projects`, { name: 'Shuttle' })).id
  const elsewhere = (await as('POST', '/v1/teams', { workspace_id: workspace, name: 'Dyers' })).id
  const otherProject = (await as('POST', `/v1/teams/${elsewhere}/projects`, { name: 'Indigo' })).id
  const document = (await as('POST', `/v1/projects/${project}/documents`, { title: 'Plan' })).id
  return { ada, eve, as, workspace, team, project, otherProject, document }
}

const share = (world, role) => world.as('PUT', `/v1/documents/${world.document}/shares/${world.eve.id}`, { role }, {})
const inTeam = (world) => world.as('PUT', `/v1/teams/${world.team}/members/${world.eve.id}`, { role: 'member' }, {})
const inProject = (world, role) => world.as('PUT', `/v1/projects/${world.project}/members/${world.eve.id}`, { role }, {})

/** What takes a right away: how Eve gets in, and what happens to her; then what she hears. */
const EVENTS = {
  'a share is withdrawn': {
    given: (world) => share(world, 'editor'),
    taken: ({ as, document, eve }) => as('DELETE', `/v1/documents/${document}/shares/${eve.id}`),
    code: 4403,
  },
  'a team loses a member': {
    given: inTeam, taken: ({ as, team, eve }) => as('DELETE', `/v1/teams/${team}/members/${eve.id}`), code: 4403,
  },
  'a project loses a member': {
    given: (world) => inProject(world, 'editor'),
    taken: ({ as, project, eve }) => as('DELETE', `/v1/projects/${project}/members/${eve.id}`),
    code: 4403,
  },
  'the workspace loses a member': {
    given: inTeam, taken: ({ as, workspace, eve }) => as('DELETE', `/v1/workspaces/${workspace}/members/${eve.id}`), code: 4403,
  },
  'a member becomes a guest': {
    given: inTeam,
    taken: ({ as, workspace, eve }) => as('PATCH', `/v1/workspaces/${workspace}/members/${eve.id}`, { role: 'guest' }),
    code: 4403,
  },
  'the document moves': {
    given: inTeam, taken: ({ as, document, otherProject }) => as('PATCH', `/v1/documents/${document}`, { project_id: otherProject }), code: 4403,
  },
  'the document is deleted': { given: inTeam, taken: ({ as, document }) => as('DELETE', `/v1/documents/${document}`), code: 4403 },
  'the project is deleted': { given: inTeam, taken: ({ as, project }) => as('DELETE', `/v1/projects/${project}`), code: 4403 },
  'the team is deleted': { given: inTeam, taken: async ({ as, team, project }) => { await as('DELETE', `/v1/projects/${project}`) ; await as('DELETE', `/v1/teams/${team}`) }, code: 4403 },
  'the workspace is deleted': { given: inTeam, taken: ({ as, workspace }) => as('DELETE', `/v1/workspaces/${workspace}`), code: 4403 },
  'w14: eve logs out': {
    given: inTeam, taken: ({ eve }, server) => ask(server, 'POST', '/v1/auth/logout', { token: eve.token }), code: 4401,
  },
  'eve sets a new password elsewhere': {
    given: inTeam,
    taken: async ({ eve }, server) => {
      const other = await ask(server, 'POST', '/v1/users/login', { body: { email: eve.email, password: PASSWORD } })
      const body = { current_password: PASSWORD, password: `${PASSWORD} anew` }
      await ask(server, 'POST', '/v1/auth/password/change', { token: other.access_token, body })
    },
    code: 4401,
  },
}

for (const [what, { given, taken, code }] of Object.entries(EVENTS)) {
  scenario(`w11: ${what}, and her sockets end`, async (scene) => {
    const server = await scene.server(WITH_ACCOUNTS)
    const world = await makeWorld(server)
    await given(world)
    const { ada, eve, document } = world
    const own = scene.client('hocuspocus-4', server, document, { token: ada.token })
    const plain = scene.client('y-websocket-3', server, document, { token: eve.token })
    const multiplexed = scene.client('hocuspocus-4', server, document, { token: eve.token })
    for (const client of [own, plain, multiplexed]) await client.synced()
    text(plain).insert(0, 'before ')
    await until('the others see it', () => text(own).toString() === 'before ' && text(multiplexed).toString() === 'before ')
    await taken(world, server)
    const answered = performance.now()
    await until('both have felt it', () => plain.closes.length > 0 && multiplexed.refusals.length > 0)
    const took = performance.now() - answered
    console.log(`# ${took.toFixed(0)} ms`)
    assert.ok(took < BOUND, `took ${took} ms`)
    assert.equal(plain.closes[0].code, code)
    assert.equal(multiplexed.refusals[0], code === 4401 ? 'unauthorized' : 'access-revoked')
    await pause(100)
    assert.equal(plain.provider.shouldConnect, false, 'and does not come back by itself')
    text(multiplexed).insert(0, 'too late ')
    await pause(200)
    assert.ok(!text(own).toString().includes('late'), 'and what she writes reaches nobody')
  })
}

for (const kind of HOCUSPOCUS_KINDS) {
  scenario(`${kind}: an editor becomes a viewer in place and an editor again, and nothing is lost`, async (scene) => {
    const server = await scene.server(WITH_ACCOUNTS)
    const world = await makeWorld(server, 'guest')
    await share(world, 'editor')
    const own = scene.client('y-websocket-3', server, world.document, { token: world.ada.token })
    const hers = scene.client(kind, server, world.document, { token: world.eve.token })
    const plain = scene.client('y-websocket-3', server, world.document, { token: world.eve.token })
    for (const client of [own, hers, plain]) await client.synced()
    text(hers).insert(0, '1')
    await hers.acked()
    await share(world, 'viewer')
    await until('she is told', () => hers.provider.authorizedScope === 'readonly')
    // Her other client speaks a protocol that has no word for it, so it can only be given the time it has.
    await pause(2000)
    for (const letter of '234') text(hers).insert(text(hers).length, letter)
    text(plain).insert(text(plain).length, '5')
    text(own).insert(0, 'x')
    await until('a viewer still reads', () => text(hers).toString().startsWith('x') && text(plain).toString().startsWith('x'))
    await pause(200)
    assert.equal(text(own).toString(), 'x1', 'and writes nothing')
    assert.ok(hers.provider.unsyncedChanges >= 3, 'nor is told that it is saved')
    await share(world, 'editor')
    await until('what was refused is there', () => text(own).length === 6)
    await hers.acked()
    await converged([own, hers, plain])
    assert.deepEqual([hers.closes, plain.closes], [[], []], 'all that without a reconnect')
  })
}

scenario('A1, w9: nobody opens a document that is not theirs, on any socket', async (scene) => {
  const server = await scene.server(WITH_ACCOUNTS)
  const world = await makeWorld(server)
  const { ada, eve, as, document } = world
  const bob = await person(server, 'bob')
  const own = scene.client('hocuspocus-4', server, document, { token: ada.token })
  await own.synced()
  text(own).insert(0, 'secret')
  own.setPresence({ name: 'ada' })
  await own.acked()
  const strangers = { eve: eve.token, bob: bob.token, nobody: '', rubbish: 'weft_pat_rubbish', refresh: bob.refreshToken }
  const outcomes = new Map()
  for (const [who, token] of Object.entries(strangers)) {
    for (const name of [document, `${document}\0session`, randomUUID()]) {
      const raw = await scene.raw(server.collabUrl)
      for (const bytes of [authentication(token, '4.8.0'), stepOne(), Uint8Array.of(3)]) raw.send(named(name, bytes))
      const answer = await raw.message('an answer', ({ type }) => type === AUTH)
      assert.equal(answer.kind, 1, `${who} is denied`)
      await pause(30)
      assert.ok(!raw.messages.some(({ type }) => type === SYNC || type === 1), `${who} hears nothing of it`)
      outcomes.set(who, (outcomes.get(who) ?? new Set()).add(answer.text))
    }
    const plain = await scene.raw(`${server.syncUrl}/${document}?token=${encodeURIComponent(token)}`)
    assert.ok([4401, 4403].includes((await plain.closure()).code))
    assert.deepEqual(plain.frames, [])
  }
  for (const [who, texts] of outcomes) {
    if (who === 'nobody') continue
    assert.equal(texts.size, 1, `${who} cannot tell what exists from what does not: ${[...texts]}`)
  }
  await as('PUT', `/v1/documents/${document}/shares/${eve.id}`, { role: 'viewer' }, {})
  const reader = scene.client('y-websocket-3', server, document, { token: eve.token })
  await until('whoever may gets in', () => text(reader).toString() === 'secret')
})

scenario('w3: a ticket opens one socket', async (scene) => {
  const server = await scene.server(WITH_ACCOUNTS)
  const { ada, document } = await makeWorld(server)
  const { ticket } = await ask(server, 'POST', '/v1/ws-tickets', { token: ada.token })
  const first = await scene.raw(`${server.syncUrl}/${document}?token=${ticket}`)
  first.send(stepOne())
  await first.message('the document', ({ type }) => type === SYNC)
  const second = await scene.raw(`${server.syncUrl}/${document}?token=${ticket}`)
  assert.equal((await second.closure()).code, 4401)
})
