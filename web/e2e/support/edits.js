// Edits that can be told apart, and which of them a client was told are safe.

import { ACKNOWLEDGED_KINDS } from './clients.js'

/**
 * Writes unique markers through one client and records which of them were acknowledged.
 *
 * Acknowledgements count in the order of the edits: Hocuspocus answers every update once, y-sweet names the highest
 * version that is safe. Only valid while the client keeps its first connection: what a reconnect acknowledges
 * depends on the library, not on the server.
 */
export class Marker {
  /** @param {import('./clients.js').Client} client synced, with all edits acknowledged @param {string} prefix unique */
  constructor (client, prefix) {
    this.client = client
    this.prefix = prefix
    /** Markers in the order in which they were written. */
    this.written = []
    this.acknowledgedCount = 0
    this.acknowledges = ACKNOWLEDGED_KINDS.includes(client.kind)
    const { provider } = client
    if (client.kind === 'y-sweet') {
      this.versionBefore = provider.localVersion
      client.provider.websocket.addEventListener('message', () => {
        this.note(provider.ackedVersion - this.versionBefore)
      })
    } else if (this.acknowledges) {
      provider.on('unsyncedChanges', () => {
        if (client.connections === 1 && client.isConnected) this.note(this.written.length - provider.unsyncedChanges)
      })
    }
  }

  note (count) {
    this.acknowledgedCount = Math.max(this.acknowledgedCount, Math.min(count, this.written.length))
  }

  /** Markers whose edits the client knows to be safe. */
  get acknowledged () { return this.written.slice(0, this.acknowledgedCount) }

  /** One edit: every other one in the array, the rest as keys of the map, some in a transaction with text around. */
  write () {
    const { doc } = this.client
    const marker = `${this.prefix}-${this.written.length}`
    this.written.push(marker)
    const number = this.written.length
    doc.transact(() => {
      if (number % 2 === 0) doc.getArray('list').push([marker])
      else doc.getMap('map').set(marker, number)
      if (number % 5 === 0) doc.getText('text').insert(0, `${marker} `)
    })
    return marker
  }
}

/** All markers that a document holds; throws if the array holds one twice. */
export function markersIn (doc) {
  const list = doc.getArray('list').toJSON()
  const markers = new Set(list)
  if (markers.size !== list.length) throw new Error('an edit is there twice')
  for (const key of doc.getMap('map').keys()) markers.add(key)
  return markers
}
