// People with accounts: registered, verified by the mail that the server wrote, logged in.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.js'

export const PASSWORD = 'tidal ovens wary 4711'

/** One call with a JSON body; the status must be `status`. */
export async function call (server, method, path, { token, body, status = 200, headers = {} } = {}) {
  const answer = await fetch(`${server.httpUrl}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${text}`)
  return text === '' ? null : JSON.parse(text)
}

/** The newest secret that was mailed to `email`, by what it begins with: `weft_ev_`. */
function mailedSecret (server, email, prefix) {
  const folder = join(server.data, 'mail')
  let names
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.eml'))
  } catch {
    return undefined
  }
  const newestFirst = names.map((name) => join(folder, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  for (const path of newestFirst) {
    const text = readFileSync(path, 'utf8').replaceAll('=\r\n', '').replaceAll('=3D', '=')
    const secret = text.includes(`To: ${email}`) && text.match(new RegExp(`${prefix}[A-Za-z0-9_-]+`))
    if (secret) return secret[0]
  }
}

/** Somebody who is logged in: their tokens, their id and the workspace that they own. */
export async function person (server, name) {
  const email = `${name}@example.com`
  await call(server, 'POST', '/v1/users/register', {
    body: { email, password: PASSWORD, first_name: name, last_name: 'Test' }, status: 201,
  })
  const secret = await until(`a mail to ${email}`, () => mailedSecret(server, email, 'weft_ev_'))
  const verified = await fetch(`${server.httpUrl}/v1/auth/email/verify`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: secret }),
  })
  if (!verified.ok) throw new Error(`verifying: ${verified.status} ${await verified.text()}`)
  const tokens = await call(server, 'POST', '/v1/users/login', { body: { email, password: PASSWORD } })
  const workspaces = await call(server, 'GET', '/v1/workspaces', { token: tokens.access_token })
  return { id: tokens.user.id, email, token: tokens.access_token, refreshToken: tokens.refresh_token, workspace: workspaces.data[0].id }
}

/** An application of `owner`'s workspace, with its secret if it has one. */
export async function application (server, owner, { kind = 'public', redirect, scopes, name = 'Shuttle' }) {
  const grants = ['authorization_code', 'refresh_token', ...(kind === 'confidential' ? ['client_credentials'] : [])]
  const made = await call(server, 'POST', '/v1/oauth/clients', {
    token: owner.token,
    body: { workspace_id: owner.workspace, name, kind, redirect_uris: [redirect], grant_types: grants, scopes },
    status: 201,
  })
  return { id: made.client.id, secret: made.client_secret }
}

/** A browser without scripts, as far as our page needs one: it follows addresses, keeps cookies, sends forms. */
export class PlainBrowser {
  cookies = new Map()

  async go (url, options = {}) {
    const headers = { ...options.headers, cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split(/=(.*)/s)
      this.cookies.set(name, value)
    }
    return answer
  }

  /** Sends the form on `page`, filled in with `fields`. */
  async submit (url, page, fields) {
    const decode = (text) => text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
    const action = decode(page.match(/<form method="post" action="([^"]*)"/)[1])
    const token = page.match(/name="form_token" value="([^"]*)"/)[1]
    const target = new URL(action, url)
    return await this.go(target, {
      method: 'POST',
      headers: { origin: target.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form_token: token, ...fields }),
    })
  }

  /** Logs in, allows what is asked for, and returns the address to which the application's answer goes. */
  async consent (url, email) {
    let page = await (await this.go(url)).text()
    if (page.includes('value="login"')) {
      page = await (await this.submit(url, page, { action: 'login', email, password: PASSWORD })).text()
    }
    const answer = await this.submit(url, page, { action: 'allow' })
    if (answer.status !== 303) throw new Error(`${answer.status} from the page: ${await answer.text()}`)
    return new URL(answer.headers.get('location'))
  }
}
