// One weft process under test: started on a free port with its own data directory, watched, stopped, killed.
// The process never outlives the test: the kernel kills it when this process dies, however it dies.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { databaseFor } from './postgres.js'
import { before, until } from './until.js'

const DEFAULT_BINARY = fileURLToPath(new URL('../../../target/debug/weft', import.meta.url))
const LOG_KEPT_CHARACTERS = 400_000

/** The binary under test. */
export const binary = process.env.WEFT_BIN ? resolve(process.env.WEFT_BIN) : DEFAULT_BINARY

/** A port that was free a moment ago. */
export function freePort () {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** A fresh, empty data directory. */
export const freshDataDirectory = () => mkdtempSync(join(tmpdir(), 'weft-e2e-'))

/** Binary, then arguments, wrapped so that the kernel kills the child with its parent. */
function tiedToParent (file, args) {
  if (existsSync('/usr/bin/setpriv')) return ['/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', file, ...args]]
  return [file, args]
}

/** The environment of the child: nothing of ours that would configure it by accident. */
function childEnvironment (extra) {
  const environment = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith('WEFT_') && !name.startsWith('NODE_')) environment[name] = value
  }
  return { ...environment, ...extra }
}

export class Server {
  /**
   * @param {object} [options]
   * @param {string} [options.data] an existing data directory; a fresh one otherwise
   * @param {boolean} [options.playground] no login; on unless the test is about login
   * @param {Record<string, string>} [options.env] settings, `WEFT_…`
   * @param {number} [options.port] a port that is free; one is looked for otherwise
   */
  constructor ({ data, playground = true, env = {}, port = 0 } = {}) {
    this.ownsData = data === undefined
    this.data = data ?? freshDataDirectory()
    this.playground = playground
    this.env = env
    this.port = port
    this.child = null
    this.log = ''
    this.expectedExit = false
    /** Set when the process ended although nobody asked it to. */
    this.unexpectedExit = null
  }

  get host () { return `127.0.0.1:${this.port}` }
  get httpUrl () { return `http://${this.host}` }
  /** Base address of the y-websocket and y-sweet clients; the document name follows. */
  get syncUrl () { return `ws://${this.host}/v1/sync` }
  /** Address of the Hocuspocus clients. */
  get collabUrl () { return `ws://${this.host}/v1/collab` }
  get pid () { return this.child?.pid }
  get running () { return this.child !== null && this.child.exitCode === null && this.child.signalCode === null }

  /** Starts the process and waits until its port accepts. */
  async start ({ within = 20_000 } = {}) {
    if (!existsSync(binary)) throw new Error(`there is no server at ${binary}: build it, or name it with WEFT_BIN`)
    if (this.port === 0) this.port = await freePort()
    const args = ['serve', '--listen', this.host, '--data', this.data]
    if (this.playground) args.push('--playground')
    const [file, fileArgs] = tiedToParent(binary, args)
    const child = spawn(file, fileArgs, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment({ RUST_BACKTRACE: '1', ...databaseFor(this.data), ...this.env }),
    })
    this.child = child
    this.expectedExit = false
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.note(`[exit code ${code}, signal ${signal}]\n`)
        if (!this.expectedExit) this.unexpectedExit = { code, signal }
        resolve({ code, signal })
      })
      child.once('error', (error) => {
        this.note(`[could not start ${binary}: ${error.message}]\n`)
        this.unexpectedExit = { error: error.message }
        resolve({ error })
      })
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => this.note(text))
    }
    const ready = await until(`the server at ${this.host} accepts connections`, async () =>
      !this.running ? 'ended' : (await accepts(this.port)) && 'ready', { within, every: 10 })
    if (ready !== 'ready') throw new Error(`the server ended while starting:\n${this.log.slice(-4000)}`)
    return this
  }

  note (text) {
    this.log += text
    if (this.log.length > LOG_KEPT_CHARACTERS) this.log = this.log.slice(-LOG_KEPT_CHARACTERS / 2)
  }

  /** `kill -9`: nothing the process holds only in memory survives. */
  async kill9 () {
    this.expectedExit = true
    if (this.running) process.kill(this.pid, 'SIGKILL')
    return await this.exited
  }

  /** SIGTERM: the orderly end. Resolves with the exit status and how long it took. */
  async terminate ({ within = 15_000, signal = 'SIGTERM' } = {}) {
    this.expectedExit = true
    const begun = performance.now()
    if (this.running) process.kill(this.pid, signal)
    const status = await before(`the server ends after ${signal}`, this.exited, within)
    return { ...status, took: performance.now() - begun }
  }

  /** Starts again on the same port and data. */
  async restart () {
    if (this.running) await this.terminate()
    return await this.start()
  }

  /** Ends the process and removes the data directory if it is ours. */
  async dispose () {
    if (this.child !== null) await this.kill9()
    if (this.ownsData) rmSync(this.data, { recursive: true, force: true })
  }

  /** A figure of /proc/<pid>/status in bytes, e.g. VmRSS or VmHWM. */
  memory (field = 'VmRSS') {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024
  }

  /** Makes VmHWM start again from the present resident size. */
  resetPeakMemory () {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5')
  }
}

function accepts (port) {
  return new Promise((resolve) => {
    const socket = connectTcp({ port, host: '127.0.0.1' })
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}

/**
 * Runs a one-shot command of the binary (`doctor`, `rebuild`, …).
 *
 * @param {string[]} args
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export async function runWeft (args, { env = {}, within = 60_000 } = {}) {
  const [file, fileArgs] = tiedToParent(binary, args)
  const child = spawn(file, fileArgs, { stdio: ['ignore', 'pipe', 'pipe'], env: childEnvironment(env) })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => { output += text })
  }
  const ended = new Promise((resolve, reject) => {
    child.once('close', (code) => resolve({ code, output }))
    child.once('error', reject)
  })
  try {
    return await before(`weft ${args.join(' ')} ends`, ended, within)
  } finally {
    child.kill('SIGKILL')
  }
}

