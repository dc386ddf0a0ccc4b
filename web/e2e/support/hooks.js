// Receivers of webhooks: one that keeps what comes, byte by byte, and some that are no good.

import { spawn } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { ask } from './people.js'
import { until } from './until.js'

/** Names an endpoint in the workspace of `owner`. */
export async function register (server, owner, url, more = {}) {
  const as = (method, path, body) => ask(server, method, path, { token: owner.token, body })
  const endpoint = await as('POST', '/v1/webhooks/endpoints', { workspace_id: owner.workspace, url, ...more })
  const { secret } = await as('GET', `/v1/webhooks/endpoints/${endpoint.id}/secret`)
  return { id: endpoint.id, secret }
}

/** Whether a delivery has an ed25519 signature of whoever has this public key, `whpk_` and base64. */
export function isSignedBy (publicKey, { headers, body }) {
  // What comes before the 32 bytes of such a key in its usual form (RFC 8410).
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64')])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const content = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body])
  return headers['webhook-signature'].split(' ').some((signature) => {
    const [version, value] = signature.split(',')
    return version === 'v1a' && verify(null, content, key, Buffer.from(value, 'base64'))
  })
}

export class Receiver {
  constructor () {
    /** @type {{ headers: Record<string, string>, body: Buffer, at: number }[]} `at` in milliseconds since 1970 */
    this.deliveries = []
    /** A number, or what gives one for the headers of a delivery. @type {number | ((headers: Record<string, string>) => number)} */
    this.status = 200
    this.answer = 'thanks'
    /** @type {Record<string, string>} headers of every answer */
    this.says = {}
    this.server = createServer((request, response) => {
      const parts = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        this.deliveries.push({ headers: request.headers, body: Buffer.concat(parts), at: Date.now() })
        response.writeHead(typeof this.status === 'function' ? this.status(request.headers) : this.status, this.says).end(this.answer)
      })
    })
  }

  async start () {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get url () { return `http://127.0.0.1:${this.server.address().port}/hook` }

  waitFor (count) {
    return until(`${count} deliveries`, () => this.deliveries.length >= count && this.deliveries, { within: 30_000 })
  }

  dispose () {
    this.server.closeAllConnections()
    this.server.close()
  }
}

/** Takes every connection and never answers. */
export class Silence {
  constructor () {
    this.sockets = new Set()
    this.server = createTcpServer((socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
      this.answer(socket)
    })
  }

  /** Reads and says nothing. */
  answer (socket) { socket.resume() }

  async start () {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get url () { return `http://127.0.0.1:${this.server.address().port}/hook` }

  dispose () {
    this.sockets.forEach((socket) => socket.destroy())
    this.server.close()
  }
}

/** Begins to answer, and then gives a byte now and then without an end. */
export class Drip extends Silence {
  answer (socket) {
    socket.resume()
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
    const dripping = setInterval(() => socket.write('.'), 200)
    socket.on('close', () => clearInterval(dripping))
  }
}

/** Listens and takes no connection: the kernel's queue is full, so whoever connects waits. */
export class ClosedDoor {
  async start () {
    // Node takes every connection at once, Python only when it is asked to.
    const program = 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0); print(s.getsockname()[1], flush=True); time.sleep(100000)'
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'python3', '-c', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.port = await new Promise((resolve, reject) => {
      this.child.stdout.once('data', (text) => resolve(Number(text)))
      this.child.once('exit', () => reject(new Error('the closed door did not start')))
    })
    this.waiting = [0, 1, 2].map(() => connect({ port: this.port, host: '127.0.0.1' }).on('error', () => {}))
    return this
  }

  get url () { return `http://127.0.0.1:${this.port}/hook` }

  dispose () {
    this.waiting.forEach((socket) => socket.destroy())
    this.child.kill('SIGKILL')
  }
}
