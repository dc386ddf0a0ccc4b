// Weft as an OAuth 2 and OpenID provider, for released and unmodified clients of the protocols.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { application, call, person, PlainBrowser } from '../support/accounts.js'
import { databaseFor } from '../support/postgres.js'
import { scenario } from '../support/scenario.js'
import { binary } from '../support/server.js'
import { until } from '../support/until.js'

const REDIRECT = 'http://127.0.0.1:4711/callback'
const SCOPES = ['openid', 'profile', 'email', 'offline_access', 'profile:read', 'workspaces:read']
const SCOPE = SCOPES.join(' ')
const insecure = { [oauth.allowInsecureRequests]: true }
const ACCOUNTS = { playground: false }

const statusOfMe = async (server, token) => (await fetch(`${server.httpUrl}/v1/users/me`, { headers: { authorization: `Bearer ${token}` } })).status

scenario('oauth4webapi: code with PKCE, refresh, userinfo, introspection, revocation', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server(ACCOUNTS)
  const ada = await person(server, 'ada')
  const app = await application(server, ada, { kind: 'confidential', redirect: REDIRECT, scopes: SCOPES })
  const client = { client_id: app.id }
  const authentication = oauth.ClientSecretBasic(app.secret)
  const issuer = new URL(server.httpUrl)
  for (const algorithm of ['oidc', 'oauth2']) {
    const found = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }))
    assert.equal(found.issuer, server.httpUrl)
  }
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))

  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const url = new URL(as.authorization_endpoint)
  url.search = new URLSearchParams({
    client_id: app.id, redirect_uri: REDIRECT, response_type: 'code', scope: SCOPE, state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  const back = await new PlainBrowser().consent(url, ada.email)
  assert.equal(back.searchParams.get('iss'), server.httpUrl)
  const parameters = oauth.validateAuthResponse(as, client, back, state)
  const exchange = async () => await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, REDIRECT, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, await exchange(), { expectedNonce: nonce, requireIdToken: true })
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  assert.equal(claims.sub, ada.id)
  assert.equal(claims.email, ada.email)
  const info = await oauth.processUserInfoResponse(as, client, ada.id,
    await oauth.userInfoRequest(as, client, tokens.access_token, insecure))
  assert.equal(info.email_verified, true)

  const refreshed = await oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, insecure))
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
  assert.equal(await statusOfMe(server, refreshed.access_token), 200)
  const look = async (token) => await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, authentication, token, insecure))
  assert.equal((await look(refreshed.access_token)).active, true)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, refreshed.refresh_token, insecure))
  assert.equal((await look(refreshed.access_token)).active, false)
  assert.equal(await statusOfMe(server, refreshed.access_token), 401)
  await assert.rejects(async () => await oauth.processAuthorizationCodeResponse(as, client, await exchange()),
    (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant')
})

scenario('openid-client: a public client, and one that acts for itself', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server(ACCOUNTS)
  const [ada, bob] = [await person(server, 'ada'), await person(server, 'bob')]
  const app = await application(server, ada, { redirect: REDIRECT, scopes: SCOPES })
  const execute = [openid.allowInsecureRequests]
  const config = await openid.discovery(new URL(server.httpUrl), app.id, undefined, openid.None(), { execute })
  const verifier = openid.randomPKCECodeVerifier()
  const checks = { pkceCodeVerifier: verifier, expectedState: openid.randomState(), expectedNonce: openid.randomNonce(), idTokenExpected: true }
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT, scope: SCOPE, state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  const back = await new PlainBrowser().consent(url, bob.email)
  const tokens = await openid.authorizationCodeGrant(config, back, checks)
  assert.equal(tokens.claims().sub, bob.id)
  assert.equal((await openid.fetchUserInfo(config, tokens.access_token, bob.id)).name, 'bob Test')
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(await statusOfMe(server, next.access_token), 200)
  await openid.tokenRevocation(config, next.refresh_token)
  assert.equal(await statusOfMe(server, next.access_token), 401)
  await assert.rejects(openid.refreshTokenGrant(config, next.refresh_token), { error: 'invalid_grant' })

  const robot = await application(server, ada, { kind: 'confidential', redirect: REDIRECT, scopes: SCOPES })
  const own = await openid.discovery(new URL(server.httpUrl), robot.id, robot.secret, openid.ClientSecretPost(robot.secret), { execute })
  const token = await openid.clientCredentialsGrant(own, { scope: 'workspaces:read' })
  assert.equal((await call(server, 'GET', `/v1/workspaces/${ada.workspace}`, { token: token.access_token })).id, ada.workspace)
  await call(server, 'GET', `/v1/workspaces/${bob.workspace}`, { token: token.access_token, status: 404 })
  assert.equal((await openid.tokenIntrospection(own, token.access_token)).active, true)
  await assert.rejects(openid.clientCredentialsGrant(own, { scope: 'documents:write' }), { error: 'invalid_scope' })
})

scenario('jose verifies tokens by the key set, through a rotation of the keys', { timeout: 60_000 }, async (scene) => {
  const server = await scene.server({ ...ACCOUNTS, env: { WEFT_AUTH_JWKS_CACHE_SECONDS: '1' } })
  const ada = await person(server, 'ada')
  const { jwks_uri: address } = await call(server, 'GET', '/.well-known/openid-configuration')
  // The set is kept as a client would keep it; an unknown key is looked for at most once a second.
  const keys = createRemoteJWKSet(new URL(address), { cooldownDuration: 1_000 })
  const verify = async (token) => await jwtVerify(token, keys, {
    issuer: server.httpUrl, audience: 'weft', typ: 'at+jwt', algorithms: ['EdDSA'],
  })
  const old = ada.token
  assert.equal((await verify(old)).payload.sub, ada.id)
  await server.terminate()
  await promisify(execFile)(binary, ['rotate-keys', '--data', server.data], { env: { ...databaseFor(server.data), WEFT_AUTH_JWKS_CACHE_SECONDS: '1' } })
  await server.start()
  const fresh = await until('a token of the new key', async () => {
    const { access_token: token } = await call(server, 'POST', '/v1/users/login', { body: { email: ada.email, password: 'tidal ovens wary 4711' } })
    return decodeProtectedHeader(token).kid === decodeProtectedHeader(old).kid ? undefined : token
  }, { every: 250 })
  // A client looks for unknown keys at most once a second.
  await until('the new key is known', () => verify(fresh).then(() => true, () => false), { every: 250 })
  assert.equal((await verify(fresh)).payload.sub, ada.id)
  assert.equal((await verify(old)).payload.sub, ada.id, 'what the old key signed still counts')
  assert.equal(await statusOfMe(server, old), 200)
  assert.equal(await statusOfMe(server, fresh), 200)
  const [head, body, signature] = fresh.split('.')
  const forged = `${head}.${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url')), sub: ada.workspace })).toString('base64url')}.${signature}`
  await assert.rejects(verify(forged))
  assert.equal(await statusOfMe(server, forged), 401)
})
