// A receiver of webhooks that keeps what comes, byte by byte.

import { createServer } from 'node:http'
import { until } from './until.js'

export class Receiver {
  constructor () {
    /** @type {{ headers: Record<string, string>, body: Buffer }[]} */
    this.deliveries = []
    this.status = 200
    this.answer = 'thanks'
    this.server = createServer((request, response) => {
      const parts = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        this.deliveries.push({ headers: request.headers, body: Buffer.concat(parts) })
        response.writeHead(this.status).end(this.answer)
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
