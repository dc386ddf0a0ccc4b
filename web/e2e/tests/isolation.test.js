// Who may do what, for every operation of the API that is about something: made from the description that the server
// itself gives, so that a new operation fails here until somebody has said who may use it.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ask, joins, PASSWORD, person, request, roomyLimits } from '../support/people.js'
import { Server } from '../support/server.js'
import { until } from '../support/until.js'

const server = new Server({ playground: false, env: roomyLimits })

/**
 * Whoever asks: ada owns everything; mia is a member of the workspace without a team; vera may view the project; sally
 * is a guest with whom the document and the board are shared, gus a guest without anything; bob owns another workspace;
 * link bears a link to the document, or the board where it is about one, stray one to another document; nobody is not
 * logged in.
 */
const WHO = ['ada', 'mia', 'vera', 'sally', 'gus', 'bob', 'link', 'stray', 'nobody']

/** Who gets in: the ones that are named, in addition to ada. `body` and `headers` make ada's request a good one. */
const only = (others = '', rest = {}) => ({ allowed: ['ada', ...others.split(' ').filter(Boolean)], ...rest })
const change = (body, others = '') => only(others, { body, headers: { 'if-match': '*' } })
const ifMatch = (others = '', rest = {}) => only(others, { headers: { 'if-match': '*' }, ...rest })

const MEMBERS = 'mia vera'
const ALL_IN_WORKSPACE = 'mia vera sally gus'
const READERS = 'vera sally link'

/** The rows of what stands in a list of a board. */
const lists = (name, body, more = {}) => ({
  [`list_${name}s`]: only(READERS),
  [`create_${name}`]: only('', { body: { ...body, ...more } }),
  [`get_${name}`]: only(READERS),
  [`change_${name}`]: change(body),
  [`delete_${name}`]: ifMatch(),
  [`restore_${name}`]: only('', { first: ['DELETE', `/v1/boards/{board_id}/${name}s/{${name}_id}`] }),
})

/** The one whom operations are about sees the document no more, and asks to. */
async function asked ({ document_id: document, project_id: project, user_id: user }) {
  const { ada, target } = world.people
  for (const path of [`/v1/documents/${document}/shares/${user}`, `/v1/projects/${project}/members/${user}`]) {
    await ask(server, 'DELETE', path, { token: ada.token, headers: { 'if-match': '*' } })
  }
  const { team_id: team } = await ask(server, 'GET', `/v1/projects/${project}`, { token: ada.token })
  await ask(server, 'DELETE', `/v1/teams/${team}/members/${user}`, { token: ada.token, headers: { 'if-match': '*' } })
  await ask(server, 'POST', `/v1/documents/${document}/access-requests`, { token: target.token, body: {} })
}

/** One row for each operation with an id in its address. */
const MATRIX = {
  get_workspace: only(ALL_IN_WORKSPACE),
  replace_workspace: change({ name: 'W' }),
  change_workspace: change({ name: 'W' }),
  delete_workspace: ifMatch(),
  restore_workspace: only('', { first: ['DELETE', '/v1/workspaces/{workspace_id}'] }),
  list_members: only(MEMBERS),
  list_audit_entries: only(),
  export_audit_log: only(),
  get_member: only(MEMBERS),
  replace_member: change({ role: 'member' }),
  change_member: change({ role: 'member' }),
  remove_member: ifMatch(),
  list_invitations: only(),
  create_invitation: only('', { body: { email: 'somebody@example.org', role: 'member' } }),
  get_invitation: only(),
  // Its mail was sent a moment ago.
  resend_invitation: only('', { accepted: [409] }),
  revoke_invitation: only(),

  get_team: only(),
  replace_team: change({ name: randomUUID() }),
  change_team: change({ name: randomUUID() }),
  delete_team: ifMatch('', { before: ['DELETE', '/v1/projects/{project_id}'] }),
  list_team_members: only(),
  get_team_member: only(),
  put_team_member: change({ role: 'member' }),
  change_team_member: change({ role: 'admin' }),
  remove_team_member: ifMatch(),
  list_team_projects: only(),
  create_team_project: only('', { body: { name: 'P' } }),

  get_project: only('vera'),
  replace_project: change({ name: 'P' }),
  change_project: change({ name: 'P' }),
  delete_project: ifMatch(),
  archive_project: only(),
  restore_project: only('', { first: ['DELETE', '/v1/projects/{project_id}'] }),
  duplicate_project: only('', { body: { name: 'Q' } }),
  list_project_members: only('vera'),
  get_project_member: only('vera'),
  put_project_member: change({ role: 'viewer' }),
  change_project_member: change({ role: 'editor' }),
  remove_project_member: ifMatch(),
  list_project_documents: only('vera'),
  create_project_document: only('', { body: { title: 'D' } }),

  get_document: only(READERS),
  change_document: change({ title: 'D' }),
  delete_document: ifMatch(),
  archive_document: only(),
  unarchive_document: only('', { first: ['POST', '/v1/documents/{document_id}:archive'] }),
  restore_document: only('', { first: ['DELETE', '/v1/documents/{document_id}'] }),
  // Readers may copy to where they may write, which none of them may here.
  duplicate_document: only('', { body: { title: 'E' }, refused: [422] }),
  get_document_content: only(READERS),
  put_document_content: only('', {
    body: '# words', headers: { 'if-match': '*', 'content-type': 'text/markdown' }, query: '?format=markdown',
  }),
  patch_document_content: only('', {
    body: [{ op: 'append', content: 'words', format: 'markdown' }], headers: { 'if-match': '*' },
  }),
  get_document_presence: only(READERS),
  get_document_endpoint: only(READERS),
  list_document_shares: only(),
  get_document_share: only(),
  put_document_share: change({ role: 'viewer' }),
  change_document_share: change({ role: 'viewer' }),
  remove_document_share: ifMatch(),
  list_document_access_requests: only(),
  // Whoever asks is told the same, unless they see it.
  request_document_access: only('', { body: {}, refused: [204, 409], accepted: [409] }),
  grant_document_access: only('', { first: asked, body: { role: 'viewer' } }),
  decline_document_access: only('', { first: asked }),
  list_document_links: only(),
  create_document_link: only('', { body: { role: 'viewer' } }),
  get_document_link: only(),
  change_document_link: change({ role: 'commenter' }),
  revoke_document_link: ifMatch(),
  create_document_token: only('', { body: { subject: 'somebody', role: 'viewer' } }),
  list_document_attachments: only(READERS),
  create_attachment: only('', { body: 'words', headers: { 'content-type': 'text/plain' }, query: '?name=words.txt' }),
  get_attachment: only(READERS),
  download_attachment: only(READERS),
  delete_attachment: only(),

  list_boards: only('vera'),
  create_board: only('', { body: { title: 'B' } }),
  import_board: only('', { body: 'title\nWarp\n', headers: { 'content-type': 'text/csv' } }),
  get_board: only(READERS),
  change_board: change({ title: 'B' }),
  delete_board: ifMatch(),
  archive_board: only(),
  unarchive_board: only('', { first: ['POST', '/v1/boards/{board_id}:archive'] }),
  restore_board: only('', { first: ['DELETE', '/v1/boards/{board_id}'] }),
  // Readers may copy to where they may write, which none of them may here.
  duplicate_board: only('', { body: { title: 'C' }, refused: [422] }),
  get_board_state: only(READERS),
  verify_board: only(),
  export_board: only(READERS),
  ...lists('column', { title: 'C' }),
  ...lists('lane', { title: 'L' }),
  ...lists('label', { name: 'L' }),
  ...lists('field', { name: 'F' }, { type: 'text' }),
  create_field_option: only('', { body: { name: 'O' } }),
  change_field_option: change({ name: 'O' }),
  delete_field_option: ifMatch(),
  restore_field_option: only(),

  create_task: only('', { body: { title: 'T' } }),
  get_task: only(READERS),
  change_task: change({ title: 'T' }),
  delete_task: ifMatch(),
  move_task: only('', { body: { pos: 'top' } }),
  archive_task: only(),
  unarchive_task: only('', { first: ['POST', '/v1/tasks/{task_id}:archive'] }),
  restore_task: only('', { first: ['DELETE', '/v1/tasks/{task_id}'] }),
  duplicate_task: only('', { body: {} }),
  list_subtasks: only(READERS),
  put_task_assignee: only(),
  remove_task_assignee: only(),
  put_task_watcher: only(),
  remove_task_watcher: only(),
  put_task_label: only(),
  remove_task_label: only(),
  list_checklist_items: only(READERS),
  create_checklist_item: only('', { body: { text: 'I' } }),
  get_checklist_item: only(READERS),
  change_checklist_item: change({ text: 'I' }),
  move_checklist_item: only('', { body: { pos: 'top' } }),
  delete_checklist_item: ifMatch(),
  list_dependencies: only(READERS),
  create_dependency: only('', { body: (things) => ({ kind: 'relates', task_id: things.other_task_id }) }),
  delete_dependency: only(),
  get_task_description: only(READERS),
  put_task_description: only('', { body: '# words', headers: { 'if-match': '*', 'content-type': 'text/markdown' } }),

  list_project_tasks: only('vera'),
  list_board_tasks: only(READERS),
  list_task_attachments: only(READERS),
  create_task_attachment: only('', {
    body: 'words', headers: { 'content-type': 'text/plain' }, query: '?name=words.txt',
  }),
  list_views: only('vera'),
  create_view: only('vera', { body: { name: 'V', filter: { assignee: 'me' } } }),
  get_view: only('vera'),
  change_view: change({ name: 'V' }),
  delete_view: ifMatch(),
  list_view_tasks: only('vera'),

  list_document_comments: only(READERS),
  create_document_comment: only('', { body: { body: 'words' } }),
  list_task_comments: only(READERS),
  create_task_comment: only('', { body: { body: 'words' } }),
  get_comment: only(READERS),
  change_comment: change({ body: 'other words' }),
  delete_comment: ifMatch(),
  resolve_comment: only(),
  reopen_comment: only('', { first: ['POST', '/v1/comments/{comment_id}:resolve'] }),
  list_comment_reactions: only(READERS),
  put_comment_reaction: only(),
  remove_comment_reaction: only(),
  // Everybody has their own, and whoever has said nothing has none.
  get_document_subscription: only('', { first: ['PUT', '/v1/documents/{document_id}/subscription', { state: 'watching' }] }),
  put_document_subscription: only('vera sally', { body: { state: 'muted' } }),
  remove_document_subscription: only('vera sally'),
  get_task_subscription: only('', { first: ['PUT', '/v1/tasks/{task_id}/subscription', { state: 'watching' }] }),
  put_task_subscription: only('vera sally', { body: { state: 'muted' } }),
  remove_task_subscription: only('vera sally'),
  list_task_reminders: only('vera sally'),
  create_task_reminder: only('vera sally', { body: { minutes_before: 7 } }),
  get_reminder: only(),
  delete_reminder: only(),

  get_event: only('vera sally', { query: '?workspace_id={workspace_id}' }),
  list_task_activity: only(READERS),
  list_project_activity: only('vera'),

  get_api_key: only(),
  revoke_api_key: only(),
  get_oauth_client: only(),
  update_oauth_client: change({ name: 'C' }),
  rotate_oauth_client_secret: only('', { body: {} }),
  delete_oauth_client: ifMatch(),

  get_webhook_endpoint: only(),
  update_webhook_endpoint: change({ description: 'W' }),
  delete_webhook_endpoint: ifMatch(),
  get_webhook_secret: only(),
  rotate_webhook_secret: only('', { body: {} }),
  rotate_webhook_signing_key: only('', { body: {}, accepted: [409] }),
  test_webhook_endpoint: only(),
  enable_webhook_endpoint: only(),
  get_webhook_stats: only(),
  list_webhook_deliveries: only(),
  // One is under way, or was a moment ago.
  recover_webhook_endpoint: only('', { body: () => ({ since: new Date(Date.now() - 60_000).toISOString() }), accepted: [409] }),
  get_webhook_recovery: only(),
  get_webhook_message: only(),
  list_webhook_attempts: only(),
  resend_webhook_message: only('', { accepted: [409] }),
}

/** Operations whose answer depends on the account alone: `server/tests/api` is about them. */
const ELSEWHERE = ['get_user', 'change_user', 'delete_user', 'get_avatar', 'delete_session', 'revoke_oauth_grant', 'get_notification', 'update_notification', 'delete_push_subscription']

let world
let description
let lastKey
let lastEndpoint

before(async () => {
  await server.start()
  description = await ask(server, 'GET', '/openapi.json')
  world = await makeWorld()
})

after(() => server.dispose())

async function makeWorld () {
  const people = {}
  for (const name of ['ada', 'mia', 'vera', 'sally', 'gus', 'bob', 'target']) people[name] = await person(server, name)
  const workspace = (await ask(server, 'POST', '/v1/workspaces', { token: people.ada.token, body: { name: 'Ours' } })).id
  for (const [name, role] of [['mia', 'member'], ['vera', 'member'], ['target', 'member'], ['sally', 'guest'], ['gus', 'guest']]) {
    await joins(server, people.ada, workspace, people[name], role)
  }
  await ask(server, 'POST', '/v1/workspaces', { token: people.bob.token, body: { name: 'Theirs' } })
  return { people, workspace }
}

/** Everything anew, so that no operation finds what another has left. */
async function makeThings (address = '') {
  const { people: { ada, vera, sally, target }, workspace } = world
  const as = (method, path, body, headers = { 'if-match': '*' }) => ask(server, method, path, { token: ada.token, body, headers })
  const things = { workspace_id: workspace, user_id: target.id }
  const isThere = await request(server, 'GET', `/v1/workspaces/${workspace}/members/${target.id}`, { token: ada.token })
  if (isThere.status === 404) await joins(server, ada, workspace, target, 'member')
  things.team_id = (await as('POST', '/v1/teams', { workspace_id: workspace, name: randomUUID() })).id
  await as('PUT', `/v1/teams/${things.team_id}/members/${target.id}`, { role: 'member' }, {})
  things.project_id = (await as('POST', `/v1/teams/${things.team_id}/projects`, { name: 'Project' })).id
  await as('PUT', `/v1/projects/${things.project_id}/members/${vera.id}`, { role: 'viewer' }, {})
  await as('PUT', `/v1/projects/${things.project_id}/members/${target.id}`, { role: 'viewer' }, {})
  const document = async () => (await as('POST', `/v1/projects/${things.project_id}/documents`, { title: 'Document' })).id
  things.document_id = await document()
  await as('PUT', `/v1/documents/${things.document_id}/shares/${sally.id}`, { role: 'viewer' }, {})
  await as('PUT', `/v1/documents/${things.document_id}/shares/${target.id}`, { role: 'viewer' }, {})
  const bearer = async (id) => (await as('POST', `/v1/documents/${id}/tokens`, { subject: 'a bearer', role: 'viewer' })).token
  const tokens = { link: await bearer(things.document_id), stray: await bearer(await document()) }
  things.link_id = (await as('POST', `/v1/documents/${things.document_id}/links`, { role: 'viewer' })).id
  // A workspace sends two hundred invitations a day at most, about as many as there are operations.
  if (address.includes('{invitation_id}')) {
    const form = { email: `${randomUUID()}@example.org`, role: 'member' }
    things.invitation_id = (await as('POST', `/v1/workspaces/${workspace}/invitations`, form)).id
  }
  Object.assign(things, await makeBoard(things, as))
  await as('PUT', `/v1/documents/${things.board_id}/shares/${sally.id}`, { role: 'viewer' }, {})
  tokens.boardLink = await bearer(things.board_id)
  things.attachment_id = (await ask(server, 'POST', `/v1/documents/${things.document_id}/attachments?name=words.txt`, {
    token: ada.token, body: 'words', headers: { 'content-type': 'text/plain' },
  })).id
  Object.assign(things, await makeTalk(things, as))
  // An account has a hundred keys at most.
  if (lastKey) await request(server, 'DELETE', `/v1/api-keys/${lastKey}`, { token: ada.token })
  lastKey = things.api_key_id = (await as('POST', '/v1/api-keys', { workspace_id: workspace, name: 'K', scopes: ['documents:read'] })).api_key.id
  things.client_id = (await as('POST', '/v1/oauth/clients', {
    workspace_id: workspace, name: 'C', kind: 'confidential', grant_types: ['client_credentials'], scopes: ['documents:read'],
  })).client.id
  Object.assign(things, await makeHook(things, as))
  for (const name of WHO) tokens[name] ??= world.people[name]?.token
  return { things, tokens }
}

/** An endpoint of webhooks that nobody answers at, and what it was to be told. */
async function makeHook ({ workspace_id: workspace, document_id: document }, as) {
  // A workspace has fifty endpoints at most.
  if (lastEndpoint) await request(server, 'DELETE', `/v1/webhooks/endpoints/${lastEndpoint}`, { token: world.people.ada.token })
  const form = { workspace_id: workspace, url: 'https://localhost/', event_types: ['document.renamed'] }
  const endpoint = lastEndpoint = (await as('POST', '/v1/webhooks/endpoints', form)).id
  await as('PATCH', `/v1/documents/${document}`, { title: 'Renamed' })
  const message = await until('a message', async () => {
    const { data } = await as('GET', `/v1/webhooks/endpoints/${endpoint}/deliveries`)
    return data[0]?.id
  })
  const recovery = (await as('POST', `/v1/webhooks/endpoints/${endpoint}:recover`, { since: new Date(Date.now() - 60_000).toISOString() })).id
  return { endpoint_id: endpoint, message_id: message, recovery_id: recovery }
}

/** What is said and kept about a document and a task, and what was told of it. */
async function makeTalk ({ workspace_id: workspace, project_id: project, document_id: document, task_id: task }, as) {
  const comment = (await as('POST', `/v1/documents/${document}/comments`, { body: 'Hm' })).id
  await as('POST', `/v1/tasks/${task}/comments`, { body: 'Hm' })
  await as('PUT', `/v1/comments/${comment}/reactions/tada`)
  const told = await as('GET', `/v1/events?workspace_id=${workspace}&document_id=${document}&types=document.created`)
  return {
    comment_id: comment,
    emoji: 'tada',
    view_id: (await as('POST', `/v1/projects/${project}/views`, { name: 'All', visibility: 'project' })).id,
    reminder_id: (await as('POST', `/v1/tasks/${task}/reminders`, { minutes_before: 5 })).id,
    event_id: told.data[0].id,
  }
}

/** A board with something of everything on it. */
async function makeBoard ({ project_id: project, user_id: user }, as) {
  const board = (await as('POST', `/v1/projects/${project}/boards`, { title: 'Board' })).id
  const on = (list, body) => as('POST', `/v1/boards/${board}/${list}`, body)
  const field = await on('fields', { name: 'F', type: 'select', options: [{ name: 'O' }] })
  const things = {
    board_id: board,
    column_id: (await on('columns', { title: 'C' })).id,
    lane_id: (await on('lanes', { title: 'L' })).id,
    label_id: (await on('labels', { name: 'L' })).id,
    field_id: field.id,
    option_id: field.options[0].id,
    kind: 'blocks',
  }
  const task = (title, more) => as('POST', `/v1/projects/${project}/tasks`, { title, board_id: board, ...more })
  const made = await task('Task', {
    assignee_ids: [user], watcher_ids: [user], label_ids: [things.label_id], checklist: [{ text: 'I' }],
  })
  things.task_id = made.id
  things.item_id = made.checklist[0].id
  things.other_task_id = (await task('Other')).id
  await as('POST', `/v1/tasks/${made.id}/dependencies`, { kind: 'blocks', task_id: things.other_task_id })
  return things
}

/** Operations with an id of something in their address. */
function operations () {
  const found = []
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.operationId && path.startsWith('/v1/') && path.includes('_id}')) {
        found.push({ id: operation.operationId, method: method.toUpperCase(), path })
      }
    }
  }
  return found
}

const fill = (path, things) => path.replace(/\{(\w+)\}/g, (_, name) => {
  assert.ok(things[name], `the world of this test has no ${name}`)
  return things[name]
})

test('every operation that is about something says here who may use it', () => {
  const missing = operations().map(({ id }) => id).filter((id) => !MATRIX[id] && !ELSEWHERE.includes(id))
  assert.deepEqual(missing, [], 'operations without a row')
})

test('A1: nobody gets at what is not theirs, through any operation', async (context) => {
  // Those that only read leave everything as it is for one another, and come first.
  const isReading = ({ id, method }) => method === 'GET' && !MATRIX[id].first && !MATRIX[id].before
  const tried = operations().filter(({ id }) => MATRIX[id]).sort((a, b) => isReading(b) - isReading(a))
  const unchanged = await makeThings('{invitation_id}')
  for (const { id, method, path } of tried) {
    await context.test(id, async () => {
      const { allowed, headers, first, before: last, query = '', refused = [], accepted = [], ...row } = MATRIX[id]
      const { things, tokens } = isReading({ id, method }) ? structuredClone(unchanged) : await makeThings(path)
      if (/^\/v1\/(boards|tasks)\//.test(path)) tokens.link = tokens.boardLink
      const body = typeof row.body === 'function' ? row.body(things) : row.body
      if (typeof first === 'function') await first(things)
      else if (first) await ask(server, first[0], fill(first[1], things), { token: tokens.ada, body: first[2], headers: { 'if-match': '*' } })
      const address = fill(path + query, things)
      const nowhere = fill(path + query, Object.fromEntries(Object.keys(things).map((name) => [name, randomUUID()])))
      for (const who of WHO.filter((name) => !allowed.includes(name))) {
        const options = { token: tokens[who], body, headers }
        const { status, body: answer } = await request(server, method, address, options)
        const expected = who === 'nobody' ? [401] : [401, 403, 404, ...refused]
        assert.ok(expected.includes(status), `${who}: ${status} ${JSON.stringify(answer)}`)
        if (['bob', 'nobody', 'stray'].includes(who)) {
          const missing = await request(server, method, nowhere, options)
          assert.deepEqual(
            [status, answer.code, answer.message], [missing.status, missing.body.code, missing.body.message],
            `${who} cannot tell what exists from what does not`)
        }
      }
      if (last) await ask(server, last[0], fill(last[1], things), { token: tokens.ada, headers: { 'if-match': '*' } })
      // Each request was a good one: it succeeds for whoever may.
      for (const who of allowed.toReversed()) {
        const { status, body: answer } = await request(server, method, address, { token: tokens[who], body, headers })
        assert.ok((status >= 200 && status < 300) || accepted.includes(status), `${who}: ${status} ${JSON.stringify(answer)}`)
      }
      if (id === 'delete_workspace') {
        await ask(server, 'POST', `/v1/workspaces/${things.workspace_id}:restore`, { token: tokens.ada })
      }
    })
  }
})

test('A4: lists hold nothing of others, and neither do their totals', async () => {
  const { tokens } = await makeThings()
  for (const path of ['/v1/workspaces', '/v1/teams', '/v1/projects', '/v1/documents', '/v1/tasks']) {
    const own = await ask(server, 'GET', `${path}?page=1`, { token: tokens.ada })
    assert.ok(own.meta.total > 0, `${path} as ada`)
    for (const who of ['bob', 'gus']) {
      const { data, meta } = await ask(server, 'GET', `${path}?page=1`, { token: tokens[who] })
      assert.equal(meta.total, data.length, `${path} as ${who}: the total is what is listed`)
      // A guest sees that the workspace exists, and nothing in it.
      const isGuestsOwn = who === 'gus' && path === '/v1/workspaces'
      assert.ok(isGuestsOwn || !JSON.stringify(data).includes(world.workspace), `${path} as ${who}`)
    }
  }
})

test('a password is never in an answer', async () => {
  for (const path of ['/v1/users/me', '/v1/auth/sessions']) {
    const answer = JSON.stringify(await ask(server, 'GET', path, { token: world.people.ada.token }))
    assert.ok(!answer.includes('password_hash') && !answer.includes(PASSWORD) && !answer.includes('argon2'), path)
  }
})
