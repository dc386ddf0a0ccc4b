// A database for each data directory, when the tests run beside a Postgres server (scripts/with-postgres.sh); and a folder of a
// bucket and a name in Redis, when they run beside those too (scripts/with-cluster.sh).

import { execFile, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

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
  return {
    WEFT_DATABASE_URL: `postgres://weft@localhost/${name}?host=${encodeURIComponent(socket)}`,
    ...bucketFor(name),
    ...(REDIS === '' ? {} : { WEFT_REDIS_URL: REDIS, WEFT_REDIS_PREFIX: name }),
  }
}

const REDIS = process.env.WEFT_TEST_REDIS ?? ''
/** The address of the S3 server; empty when large bytes are files. */
export const BUCKET = process.env.WEFT_TEST_BUCKET ?? ''

/** A folder of the bucket, as the environment of a server. */
export function bucketFor (folder, endpoint = BUCKET) {
  if (BUCKET === '') return {}
  return {
    WEFT_BLOBS: `s3://weft-test/${folder}`,
    WEFT_S3_ENDPOINT: endpoint,
    WEFT_S3_PATH_STYLE: 'true',
    WEFT_S3_ACCESS_KEY_ID: 'weft-test-key',
    WEFT_S3_SECRET_ACCESS_KEY: 'weft-test-secret-which-is-long-enough',
  }
}

const psql = (sql) =>
  execFileSync('psql', ['-h', socket, '-U', 'postgres', '-qAtc', sql, 'postgres'], { encoding: 'utf8' })

const WITH_POSTGRES = fileURLToPath(new URL('../../../scripts/with-postgres.sh', import.meta.url))

/** A Postgres server for one test alone, which may do to it what it likes. */
export class OwnPostgres {
  async start () {
    this.child = spawn(WITH_POSTGRES, ['sh', '-c', 'echo "$WEFT_TEST_POSTGRES"; exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'], detached: true,
    })
    this.socket = await new Promise((resolve, reject) => {
      this.child.stdout.once('data', (text) => resolve(String(text).trim()))
      this.child.once('exit', () => reject(new Error('the Postgres server did not start')))
    })
    execFileSync('psql', ['-h', this.socket, '-U', 'postgres', '-qc', 'CREATE DATABASE weft OWNER weft', 'postgres'])
    return this
  }

  /** The path of the socket that connections lead to. */
  get path () { return `${this.socket}/.s.PGSQL.5432` }

  /** Ends the server as a crash does, and starts it again. */
  async restart () {
    const { uid, gid } = statSync(`${this.socket}/data`)
    const control = ['pg_ctl', '-D', `${this.socket}/data`, '-m', 'immediate', '-l', `${this.socket}/log`, '-w', 'restart']
    const asOwner = process.getuid() === 0 ? ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'] : []
    await promisify(execFile)('setpriv', [...asOwner, '--', ...control], { cwd: this.socket })
  }

  async stop () {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    process.kill(-this.child.pid, 'SIGTERM')
    await ended
  }
}
