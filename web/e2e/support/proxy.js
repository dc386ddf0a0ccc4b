// A wire between two programs that a test can cut, through which it can let nothing pass, or answer in the place of the other end.

import { connect, createServer } from 'node:net'

export class Proxy {
  /** @param {import('node:net').NetConnectOpts} target where connections lead */
  constructor (target) {
    this.target = target
    this.pairs = new Set()
    this.isCut = false
    this.isSilent = false
    this.isBroken = false
    /** How many more bytes of answers pass before everything is cut. */
    this.left = Infinity
  }

  async start () {
    this.server = createServer((near) => this.#join(near))
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.port = this.server.address().port
    return this
  }

  #join (near) {
    if (this.isCut) return near.destroy()
    if (this.isBroken) {
      near.on('error', () => {})
      return near.once('data', () => near.end('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'))
    }
    const far = connect(this.target)
    const pair = [near, far]
    this.pairs.add(pair)
    const end = () => {
      this.pairs.delete(pair)
      pair.forEach((socket) => socket.destroy())
    }
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (bytes) => {
        if (from === far) {
          bytes = bytes.subarray(0, this.left)
          this.left -= bytes.length
        }
        if (this.left <= 0) return this.#end(near, far, bytes)
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => this.isSilent || from.resume())
      from.on('error', end)
      from.on('close', end)
      if (this.isSilent) from.pause()
    }
  }

  /** The last bytes pass, and nothing after them. */
  #end (near, far, bytes) {
    this.isCut = true
    near.end(bytes)
    far.destroy()
  }

  /** Cuts everything after so many more bytes of answers, wherever in them that is. */
  cutAfter (bytes) { this.left = bytes }

  /** Ends every connection, and takes no new one. */
  cut () {
    this.isCut = true
    for (const pair of this.pairs) pair.forEach((socket) => socket.destroy())
  }

  /** Lets nothing pass, in either direction, and says so to nobody. */
  silence () {
    this.isSilent = true
    for (const pair of this.pairs) pair.forEach((socket) => socket.pause())
  }

  /** Answers every request with status 500, as an HTTP server does that is in trouble. */
  breakDown () {
    this.isBroken = true
    for (const pair of this.pairs) pair.forEach((socket) => socket.destroy())
  }

  /** As if nothing had been. */
  mend () {
    this.left = Infinity
    this.isCut = false
    this.isBroken = false
    this.isSilent = false
    for (const pair of this.pairs) pair.forEach((socket) => socket.resume())
  }

  stop () {
    this.cut()
    this.server.close()
  }
}
