// Logging in to Weft through another OpenID provider: oidc-provider, released and unmodified.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'
import { application, call, person, PlainBrowser } from '../support/accounts.js'
import { scenario } from '../support/scenario.js'
import { freePort } from '../support/server.js'
import { until } from '../support/until.js'

const CLIENT = 'weft'
const CLIENT_SECRET = 'a secret of weft at the provider'
const REDIRECT = 'http://127.0.0.1:4711/callback'

/** A provider where everybody who says a name is who they say; `email` chooses their address. */
async function provider (scene, weftPort, { email = (name) => ({ email: `${name}@elsewhere.example`, email_verified: true }) } = {}) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const oidc = new Provider(issuer, {
    clients: [{
      client_id: CLIENT, client_secret: CLIENT_SECRET, grant_types: ['authorization_code'], response_types: ['code'],
      redirect_uris: [`http://127.0.0.1:${weftPort}/v1/auth/oidc/sso/callback`], id_token_signed_response_alg: 'RS256',
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['some secret of the provider'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} Elsewhere`, ...email(id) }) }),
    pkce: { required: () => true },
  })
  const http = createServer(oidc.callback())
  await new Promise((resolve) => http.listen(port, '127.0.0.1', resolve))
  scene.defer(() => new Promise((resolve) => { http.closeAllConnections(); http.close(resolve) }))
  return { issuer }
}

/** A Weft that knows the provider. */
async function weft (scene, options = {}, env = {}) {
  const port = await freePort()
  const { issuer } = await provider(scene, port, options)
  const server = await scene.server({
    playground: false,
    port,
    env: {
      WEFT_OIDC_ISSUER: issuer, WEFT_OIDC_CLIENT_ID: CLIENT, WEFT_OIDC_CLIENT_SECRET: CLIENT_SECRET,
      WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8', ...env,
    },
  })
  return server
}

/** Follows the way from `start` to the provider, says `name` there, and comes back; the answer of the callback. */
async function logIn (server, browser, name, returnTo = '/') {
  const start = await browser.go(`${server.httpUrl}/v1/auth/oidc/sso/start?return_to=${encodeURIComponent(returnTo)}`)
  assert.equal(start.status, 303, await start.text())
  const atProvider = new PlainBrowser()
  let url = new URL(start.headers.get('location'))
  for (let step = 0; step < 20; step++) {
    if (url.origin === server.httpUrl) return await browser.go(url)
    let answer = await atProvider.go(url)
    if (answer.status === 200) {
      const page = await answer.text()
      const action = page.match(/action="([^"]*)"/)[1]
      const prompt = page.match(/name="prompt" value="([^"]*)"/)[1]
      answer = await atProvider.go(new URL(action, url), {
        method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ prompt, login: name, password: 'x' }),
      })
    }
    url = new URL(answer.headers.get('location'), url)
  }
  throw new Error('the way to the provider and back has no end')
}

async function redeem (server, browser, answer, headers = {}) {
  assert.equal(answer.status, 303)
  const address = new URL(answer.headers.get('location'), server.httpUrl)
  assert.equal(address.search.includes('weft_'), false, 'nothing that servers log holds the code')
  const code = new URLSearchParams(address.hash.slice(1)).get('login_code')
  return await browser.go(`${server.httpUrl}/v1/auth/oidc/sso/redeem`, {
    method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ code }),
  })
}

scenario('somebody logs in through the provider and is the same person the next time', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene)
  const browser = new PlainBrowser()
  const first = await logIn(server, browser, 'carol', '/d/notes')
  assert.ok(first.headers.get('location').startsWith('/d/notes#login_code=weft_lc_'))
  // The code is for this browser: another one that got hold of it is nobody.
  const thief = await redeem(server, new PlainBrowser(), first)
  assert.equal(thief.status, 401)
  const redeemed = await redeem(server, browser, first)
  assert.equal(redeemed.status, 200)
  const tokens = await redeemed.json()
  assert.equal(tokens.user.email, 'carol@elsewhere.example')
  assert.equal((await redeem(server, browser, first)).status, 401, 'a code counts once')
  const me = await call(server, 'GET', '/v1/users/me', { token: tokens.access_token })
  assert.equal(me.first_name, 'carol')
  const again = await (await redeem(server, browser, await logIn(server, browser, 'carol'))).json()
  assert.equal(again.user.id, tokens.user.id)
  assert.ok(!/weft_(lc|ls)_|login_code/.test(server.log), 'the log holds no code')
})

/** The mails to `email` about the safety of the account. */
function securityNotices (server, email) {
  const folder = join(server.data, 'mail')
  const mails = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return mails.filter((mail) => mail.includes(`To: ${email}`) && mail.includes('Subject: Security notice'))
}

scenario('a login through the provider with a browser that was not used before is told by mail', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene)
  const email = 'dora@elsewhere.example'
  const through = async (agent) => {
    const browser = new PlainBrowser()
    const answer = await redeem(server, browser, await logIn(server, browser, 'dora'), { 'user-agent': agent })
    assert.equal(answer.status, 200)
  }
  await through('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
  await through('Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0')
  await through('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15')
  await until('the mail is there', () => securityNotices(server, email).length > 0)
  // Mails leave in order: had the first ones been told, there were more.
  const told = securityNotices(server, email)
  assert.equal(told.length, 1, 'neither the first login nor another version of the same browser is news')
  assert.match(told[0].replace(/=\r?\n/g, ''), /was not used for it before/)
})

scenario('an address at the provider leads to nobody else’s account', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene, { email: () => ({ email: 'ada@example.com', email_verified: true }) })
  const ada = await person(server, 'ada')
  const browser = new PlainBrowser()
  const tokens = await (await redeem(server, browser, await logIn(server, browser, 'mallory'))).json()
  assert.notEqual(tokens.user.id, ada.id)
  assert.notEqual(tokens.user.email, 'ada@example.com')
})

scenario('what was not begun here, or comes twice, or is changed on the way, logs nobody in', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene)
  const browser = new PlainBrowser()
  const start = await browser.go(`${server.httpUrl}/v1/auth/oidc/sso/start`)
  const state = new URL(start.headers.get('location')).searchParams.get('state')
  const callback = (query) => `${server.httpUrl}/v1/auth/oidc/sso/callback?${new URLSearchParams(query)}`
  const other = await new PlainBrowser().go(callback({ state, code: 'x' }))
  assert.equal(other.status, 400, 'another browser')
  const wrong = await browser.go(callback({ state: `${state}x`, code: 'x', iss: 'http://evil.example' }))
  assert.equal(wrong.status, 400, 'another state')
  const used = await browser.go(callback({ state, code: 'x' }))
  assert.equal(used.status, 400, 'the attempt was used up')
  for (const address of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
    const refused = await browser.go(`${server.httpUrl}/v1/auth/oidc/sso/start?return_to=${encodeURIComponent(address)}`)
    assert.equal(refused.status, 400, address)
  }
})

scenario('without new accounts only those who have one come in', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene, {}, { WEFT_OIDC_CREATE_ACCOUNTS: 'false' })
  const refused = await logIn(server, new PlainBrowser(), 'carol')
  assert.equal(refused.status, 403)
})

scenario('the provider logs somebody in on the page that asks for consent', { timeout: 60_000 }, async (scene) => {
  const server = await weft(scene)
  const ada = await person(server, 'ada')
  const app = await application(server, ada, { redirect: REDIRECT, scopes: ['openid', 'profile:read'] })
  const query = new URLSearchParams({
    client_id: app.id, redirect_uri: REDIRECT, response_type: 'code', scope: 'openid profile:read', state: 'x&y"',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
  })
  const address = `/oauth/authorize?${query}`
  const browser = new PlainBrowser()
  const page = await (await browser.go(`${server.httpUrl}${address}`)).text()
  assert.match(page, /Continue with Single sign-on/)
  const back = await logIn(server, browser, 'carol', address)
  assert.equal(back.headers.get('location'), address)
  const answer = await browser.consent(`${server.httpUrl}${address}`)
  assert.equal(answer.searchParams.get('state'), 'x&y"')
  const form = new URLSearchParams({
    grant_type: 'authorization_code', code: answer.searchParams.get('code'), redirect_uri: REDIRECT, client_id: app.id,
    code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  })
  const tokens = await (await fetch(`${server.httpUrl}/oauth/token`, { method: 'POST', body: form })).json()
  const me = await call(server, 'GET', '/v1/users/me', { token: tokens.access_token })
  assert.equal(me.email, 'carol@elsewhere.example')
})
