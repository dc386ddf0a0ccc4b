// A test with a server and clients. It cleans up after itself however it ends, shows the server's log when it
// fails, and fails when the server died or panicked although nothing else went wrong.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, HocuspocusSocket } from './clients.js'
import { seededRandom } from './random.js'
import { Server } from './server.js'
import { RawSocket } from './wire.js'

const LOG_SHOWN_CHARACTERS = 6_000

class Scenario {
  constructor (name, t) {
    this.name = name
    this.t = t
    this.servers = []
    this.cleanups = []
  }

  /** Runs at the end, latest first. */
  defer (cleanup) { this.cleanups.push(cleanup) }

  /** A running server; see `Server` for the options. */
  async server (options) {
    const server = new Server(options)
    this.servers.push(server)
    return await server.start()
  }

  /** A real client; see `connect`. */
  client (kind, server, documentName, options) {
    const client = connect(kind, server, documentName, options)
    this.defer(() => client.destroy())
    return client
  }

  /** A Hocuspocus socket to share. */
  socket (kind, server, options) {
    const socket = new HocuspocusSocket(kind, server, options)
    this.defer(() => socket.destroy())
    return socket
  }

  /** A bare WebSocket, open. */
  async raw (url, options) {
    const socket = new RawSocket(url, options)
    this.defer(() => socket.destroy())
    return await socket.opened()
  }

  /** Seeded random numbers; the seed is printed. */
  random () { return seededRandom(this.name) }

  checkServers () {
    for (const server of this.servers) {
      assert.equal(server.unexpectedExit, null, 'the server ended by itself')
      assert.ok(!/panicked at|SUMMARY: AddressSanitizer/.test(server.log), 'the server panicked')
    }
  }

  showLogs () {
    for (const server of this.servers) {
      console.log(`--- log of the server on port ${server.port}\n${server.log.slice(-LOG_SHOWN_CHARACTERS)}\n---`)
    }
  }

  async end () {
    for (const cleanup of this.cleanups.reverse()) {
      try { await cleanup() } catch (error) { console.log(`# cleaning up: ${error.stack ?? error}`) }
    }
    for (const server of this.servers) await server.dispose()
  }
}

/**
 * Declares a test.
 *
 * @param {string} name
 * @param {{ timeout?: number, skip?: string | false }} options timeout in milliseconds, 60 s by default
 * @param {(scenario: Scenario) => Promise<void>} body
 */
export function scenario (name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options]
  test(name, { timeout: 60_000, ...options }, async (t) => {
    const scene = new Scenario(name, t)
    try {
      await body(scene)
      scene.checkServers()
    } catch (error) {
      scene.showLogs()
      throw error
    } finally {
      await scene.end()
    }
  })
}
