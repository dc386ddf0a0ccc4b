// A wire between two programs that a test can cut, and through which it can let nothing pass.

import { connect, createServer } from 'node:net'

export class Proxy {
  /** @param {import('node:net').NetConnectOpts} target where connections lead */
  constructor (target) {
    this.target = target
    this.pairs = new Set()
    this.isCut = false
    this.isSilent = false
  }

  async start () {
    this.server = createServer((near) => this.#join(near))
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.port = this.server.address().port
    return this
  }

  #join (near) {
    if (this.isCut) return near.destroy()
    const far = connect(this.target)
    const pair = [near, far]
    this.pairs.add(pair)
    const end = () => {
      this.pairs.delete(pair)
      pair.forEach((socket) => socket.destroy())
    }
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => this.isSilent || from.resume())
      from.on('error', end)
      from.on('close', end)
      if (this.isSilent) from.pause()
    }
  }

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

  /** As if nothing had been. */
  mend () {
    this.isCut = false
    this.isSilent = false
    for (const pair of this.pairs) pair.forEach((socket) => socket.resume())
  }

  stop () {
    this.cut()
    this.server.close()
  }
}
