// A database for each data directory, when the tests run beside a Postgres server (scripts/with-postgres.sh).

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'

/** The directory of the server's socket; empty when the tests run on the embedded database. */
const socket = process.env.WEFT_TEST_POSTGRES ?? ''

/** Whether servers under test keep their data in Postgres. */
export const onPostgres = socket !== ''

const made = new Set()

/** The database that goes with a data directory, as the environment of a server; made when it is first asked for. */
export function databaseFor (data) {
  if (!onPostgres) return {}
  const name = `e2e_${createHash('sha256').update(data).digest('hex').slice(0, 24)}`
  if (!made.has(name)) {
    const exists = psql(`SELECT 1 FROM pg_database WHERE datname = '${name}'`).trim() === '1'
    if (!exists) psql(`CREATE DATABASE ${name} OWNER weft`)
    made.add(name)
  }
  return { WEFT_DATABASE_URL: `postgres://weft@localhost/${name}?host=${encodeURIComponent(socket)}` }
}

const psql = (sql) =>
  execFileSync('psql', ['-h', socket, '-U', 'postgres', '-qAtc', sql, 'postgres'], { encoding: 'utf8' })
