// Several servers on one database, for people with accounts.

import { databaseFor, onPostgres } from './postgres.js'
import { roomyLimits, withProject } from './people.js'
import { freshDataDirectory } from './server.js'

/** Why a test of several servers does not run, if it does not. */
export const skipWithoutPostgres = onPostgres ? false : 'several servers need Postgres'

/** Settings of tests about what is told: receivers on this machine, no limits in the way, people who stay logged in. */
export const tellingSettings = {
  ...roomyLimits,
  WEFT_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8',
  WEFT_WEBHOOKS_POLL_MILLISECONDS: '100',
  WEFT_AUTH_ACCESS_TOKEN_SECONDS: '3600',
}

/**
 * Servers on one database, and Ada, who has a project there. Mails are written by whichever server comes first, so others start
 * when she and those whom `before` makes have read theirs.
 *
 * @param {number} count more than one only on Postgres
 * @param {object} [options]
 * @param {Record<string, string>} [options.env]
 * @param {(server: import('./server.js').Server, owner: object) => Promise<void>} [options.before]
 */
export async function nodes (scene, count, { env = {}, before = async () => {} } = {}) {
  const shared = count === 1 ? {} : {
    ...databaseFor(freshDataDirectory()),
    WEFT_AUTH_ENCRYPTION_SECRETS: `main:${'k'.repeat(64)}`,
    WEFT_PUBLIC_URL: 'http://weft.example.org',
  }
  const options = { playground: false, env: { ...tellingSettings, ...shared, ...env } }
  const servers = [await scene.server(options)]
  const owner = await withProject(servers[0])
  await before(servers[0], owner)
  while (servers.length < count) servers.push(await scene.server(options))
  return { servers, owner }
}
