// A Redis server under test: on a free port, with nothing on disk; stopped, killed, started again. It never outlives the
// test.

import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { freePort } from './server.js'
import { until } from './until.js'

export class Redis {
  constructor () {
    this.port = 0
    this.child = null
  }

  get url () { return `redis://127.0.0.1:${this.port}` }

  async start () {
    if (this.port === 0) this.port = await freePort()
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'redis-server', ...args], { stdio: 'ignore' })
    this.exited = new Promise((resolve) => this.child.once('exit', resolve))
    await until('redis accepts connections', () => accepts(this.port), { every: 20 })
    return this
  }

  async kill () {
    this.child?.kill('SIGKILL')
    await this.exited
  }

  /** Stops answering, as a machine does that hangs; `wake` ends it. */
  freeze () { this.child.kill('SIGSTOP') }
  wake () { this.child.kill('SIGCONT') }
}

const accepts = (port) => new Promise((resolve) => {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.once('connect', () => { socket.destroy(); resolve(true) })
  socket.once('error', () => resolve(false))
})
