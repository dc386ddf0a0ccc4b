// The REST API as a test uses it: requests as somebody, and people with accounts.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.js'

/** Settings that keep limits out of the way of tests that are about something else. */
export const roomyLimits = {
  WEFT_RATES_PER_PRINCIPAL_PER_MINUTE: '100000',
  WEFT_RATES_COMMENTS_PER_PRINCIPAL_PER_MINUTE: '100000',
  WEFT_RATES_PER_ADDRESS_PER_MINUTE: '100000',
  WEFT_RATES_REGISTRATIONS_PER_ADDRESS_PER_MINUTE: '1000',
}

export const PASSWORD = 'an uncommon weaving of words'

/**
 * One request.
 *
 * @param {import('./server.js').Server} server
 * @param {{ token?: string, body?: unknown, headers?: Record<string, string> }} [options]
 * @returns {Promise<{ status: number, headers: Headers, body: any }>} the body as JSON where it is
 */
export async function request (server, method, path, { token, body, headers = {} } = {}) {
  const all = { ...headers }
  if (token !== undefined) all.authorization = `Bearer ${token}`
  if (body !== undefined && all['content-type'] === undefined) all['content-type'] = 'application/json'
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(`${server.httpUrl}${path}`, {
    method, headers: all, body: body === undefined || raw ? body : JSON.stringify(body), redirect: 'manual',
  })
  const text = await response.text()
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
}

/** A request that must succeed; its body. */
export async function ask (server, method, path, options) {
  const { status, body } = await request(server, method, path, options)
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
  return body
}

/** Every secret that was mailed to `email` for a page under `/account/` so far. */
function mailedSecrets (server, email, page) {
  const directory = join(server.data, 'mail')
  let names = []
  try { names = readdirSync(directory) } catch { return [] }
  return names.flatMap((name) => {
    const text = readFileSync(join(directory, name), 'utf8').replace(/=\r?\n/g, '').replaceAll('=3D', '=')
    const found = text.includes(`To: ${email}`) && new RegExp(`/account/${page}#token=([\\w-]+)`).exec(text)
    return found ? [found[1]] : []
  })
}

/** The secret that is mailed to `email` for a page under `/account/` because of what `cause` does. */
export async function mailedSecret (server, email, page, cause = async () => {}) {
  const old = mailedSecrets(server, email, page)
  await cause()
  return await until(`a mail to ${email} for ${page}`, () =>
    mailedSecrets(server, email, page).find((secret) => !old.includes(secret)))
}

/** Somebody with a verified account who is logged in. */
export async function person (server, name) {
  const email = `${name}@example.org`
  const registration = { email, password: PASSWORD, first_name: name, last_name: 'Weaver' }
  let id
  const token = await mailedSecret(server, email, 'verify-email', async () => {
    id = (await ask(server, 'POST', '/v1/users/register', { body: registration })).id
  })
  await ask(server, 'POST', '/v1/auth/email/verify', { body: { token } })
  const session = await ask(server, 'POST', '/v1/users/login', { body: { email, password: PASSWORD } })
  return { id, email, password: PASSWORD, token: session.access_token, refreshToken: session.refresh_token }
}

/** Makes somebody a member of a workspace, by invitation. */
export async function joins (server, inviter, workspace, invitee, role) {
  const token = await mailedSecret(server, invitee.email, 'accept-invitation', () =>
    ask(server, 'POST', `/v1/workspaces/${workspace}/invitations`, {
      token: inviter.token, body: { email: invitee.email, role },
    }))
  await ask(server, 'POST', '/v1/invitations:accept', { token: invitee.token, body: { token } })
}

/** Somebody who has a project. */
export async function withProject (server, name = 'ada') {
  const owner = await person(server, name)
  const { token } = owner
  const workspaces = await ask(server, 'GET', '/v1/workspaces', { token })
  const workspace = workspaces.data[0].id
  const team = await ask(server, 'POST', '/v1/teams', { token, body: { workspace_id: workspace, name: 'Weavers' } })
  const project = await ask(server, 'POST', '/v1/projects', { token, body: { team_id: team.id, name: 'Carpets' } })
  return { ...owner, workspace, team: team.id, project: project.id }
}
