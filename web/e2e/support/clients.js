// One face for all the client libraries. The libraries are unmodified; only their options are chosen:
// - cross-tab channels off, or the clients of one process would synchronise behind the server's back,
// - short reconnect delays, so that tests about reconnecting are quick.

import { YSweetProvider } from '@y-sweet/client'
import * as hocuspocus2 from 'hocuspocus-provider-2'
import * as hocuspocus3 from 'hocuspocus-provider-3'
import * as hocuspocus4 from 'hocuspocus-provider-4'
import WebSocket from 'ws'
import { Awareness } from 'y-protocols/awareness'
import { WebsocketProvider as YWebsocket1 } from 'y-websocket-1'
import { WebsocketProvider as YWebsocket2 } from 'y-websocket-2'
import { WebsocketProvider as YWebsocket3 } from 'y-websocket-3'
import * as Y from 'yjs'
import { until } from './until.js'

const yWebsockets = { 'y-websocket-1': YWebsocket1, 'y-websocket-2': YWebsocket2, 'y-websocket-3': YWebsocket3 }
const hocuspocuses = { 'hocuspocus-2': hocuspocus2, 'hocuspocus-3': hocuspocus3, 'hocuspocus-4': hocuspocus4 }

export const Y_WEBSOCKET_KINDS = Object.keys(yWebsockets)
export const HOCUSPOCUS_KINDS = Object.keys(hocuspocuses)
/** Kinds whose clients are told when an edit is durable. */
export const ACKNOWLEDGED_KINDS = [...HOCUSPOCUS_KINDS, 'y-sweet']
export const KINDS = [...Y_WEBSOCKET_KINDS, ...HOCUSPOCUS_KINDS, 'y-sweet']

process.setMaxListeners(0) // every y-websocket client listens for the exit of the process

// y-sweet starts a connection loop for the error and again for the close that follows, and says so each time.
const { warn } = console
console.warn = (...words) => { if (!String(words[0]).startsWith('connect() called while')) warn(...words) }

/** An address at which nobody listens. */
const NOWHERE = 'ws://127.0.0.1:1/'

/** What a library that reconnects for ever gets after its client is done: it waits for this one, and holds nothing. */
class NoSocket extends EventTarget {
  readyState = WebSocket.CONNECTING
  send () {}
  close () {}
}

/** What happened on the sockets of one client, seen from under the library. */
class SocketRecord {
  constructor () {
    /** @type {WebSocket[]} */
    this.sockets = []
    /** @type {{ code: number, reason: string }[]} */
    this.closes = []
    this.opened = 0
    this.messages = 0
    /** Whether the network is there; without it every new connection is refused. */
    this.network = true
    /** Where the next connection leads instead of the address that the library was given. */
    this.route = (url) => url
    /** Set when the client is done: new sockets do nothing at all. */
    this.finished = false
  }

  get current () { return this.sockets.at(-1) }

  /** A WebSocket class for a library's `WebSocketPolyfill` option. */
  polyfill () {
    const record = this
    return class extends WebSocket {
      constructor (url, protocols) {
        if (record.finished) return new NoSocket()
        super(record.network ? record.route(url) : NOWHERE, protocols, { perMessageDeflate: false })
        record.sockets.push(this)
        this.on('open', () => { record.opened += 1 })
        this.on('message', () => { record.messages += 1 })
        this.on('close', (code, reason) => record.closes.push({ code, reason: reason.toString() }))
        this.on('error', () => {}) // a refused connection is not this process's end
      }
    }
  }
}

class Client {
  constructor (kind, documentName, { doc = new Y.Doc(), token, awareness, route } = {}) {
    this.kind = kind
    this.documentName = documentName
    this.doc = doc
    this.token = token
    // `awareness: null` is a client without presence.
    this.awareness = awareness === undefined ? new Awareness(doc) : awareness
    this.record = new SocketRecord()
    if (route !== undefined) this.record.route = route
    /** Reasons given by the server for refusing the document (Hocuspocus). */
    this.refusals = []
  }

  get closes () { return this.record.closes }
  /** Sockets that got as far as being open, the first included. */
  get connections () { return this.record.opened }

  /** Waits until the server has answered the first exchange on the present connection. */
  async synced (options) {
    await until(`${this.kind} client is synced with "${this.documentName}"`, () => this.isSynced, {
      detail: () => ({ closes: this.closes, refusals: this.refusals }), ...options,
    })
    return this
  }

  /** Waits until the server has acknowledged all edits. Not for y-websocket, which has no acknowledgement. */
  async acked (options) {
    await until(`${this.kind} client has all edits acknowledged`, () => this.isAcked, {
      detail: () => ({ closes: this.closes, refusals: this.refusals, pending: this.pending }), ...options,
    })
    return this
  }

  /** Ends the TCP connection without a close frame, as a crash or a dead battery would. */
  cut () { this.record.current?.terminate() }

  /** Stops reading from the socket; the kernel's buffers fill up behind it. */
  stopReading () { this.record.current.pause() }
  resumeReading () { this.record.current.resume() }

  setPresence (state) { this.awareness.setLocalState(state) }

  /** Presence of others as this client sees it: client id → state. */
  get others () {
    const states = new Map(this.awareness.getStates())
    states.delete(this.doc.clientID)
    return states
  }
}

class YWebsocketClient extends Client {
  constructor (kind, server, documentName, options = {}) {
    super(kind, documentName, options)
    const Provider = yWebsockets[kind]
    this.provider = new Provider(server.syncUrl, documentName, this.doc, {
      WebSocketPolyfill: this.record.polyfill(),
      disableBc: true,
      maxBackoffTime: options.maxBackoff ?? 300,
      awareness: this.awareness ?? new Awareness(this.doc),
      params: this.token === undefined ? {} : { token: this.token },
    })
    if (this.awareness === null) this.provider.awareness.setLocalState(null)
  }

  get isConnected () { return this.provider.wsconnected }
  get isSynced () { return this.provider.wsconnected && this.provider.synced }
  get isAcked () { throw new Error('y-websocket has no acknowledgement') }
  disconnect () { this.provider.disconnect() }
  connect () { this.provider.connect() }

  cutForGood () {
    this.provider.shouldConnect = false
    this.cut()
  }

  destroy () {
    this.provider.destroy()
    this.provider.awareness.destroy()
    this.cut()
  }
}

/** One Hocuspocus socket, to be shared by several documents or owned by one client. */
export class HocuspocusSocket {
  constructor (kind, server, options = {}) {
    this.kind = kind
    this.record = options.record ?? new SocketRecord()
    const { HocuspocusProviderWebsocket } = hocuspocuses[kind]
    this.socket = new HocuspocusProviderWebsocket({
      url: server.collabUrl,
      WebSocketPolyfill: this.record.polyfill(),
      delay: 100,
      minDelay: 100,
      maxDelay: options.maxBackoff ?? 300,
      factor: 1.5,
      jitter: false,
      broadcast: false,
    })
  }

  get closes () { return this.record.closes }
  get connections () { return this.record.opened }
  get isConnected () { return this.socket.status === 'connected' }
  cut () { this.record.current?.terminate() }

  destroy () {
    this.record.finished = true
    this.socket.destroy()
    this.cut()
  }
}

class HocuspocusClient extends Client {
  constructor (kind, server, documentName, options = {}) {
    super(kind, documentName, options)
    this.sharesSocket = options.socket !== undefined
    this.socket = options.socket ?? new HocuspocusSocket(kind, server, { record: this.record, maxBackoff: options.maxBackoff })
    this.record = this.socket.record
    /** Payloads of stateless messages. */
    this.statelessMessages = []
    /** Reasons of closures of this document by the server. */
    this.documentCloses = []
    const { HocuspocusProvider } = hocuspocuses[kind]
    this.provider = new HocuspocusProvider({
      websocketProvider: this.socket.socket,
      name: documentName,
      document: this.doc,
      awareness: this.awareness,
      token: this.token ?? 'none',
      broadcast: false,
      preserveConnection: true,
      sessionAwareness: options.sessionAwareness ?? false,
      onAuthenticationFailed: ({ reason }) => this.refusals.push(reason),
      onStateless: ({ payload }) => this.statelessMessages.push(payload),
      onClose: ({ event }) => this.documentCloses.push(event),
    })
    // From 3.x on a provider on a shared socket waits to be attached.
    if (kind !== 'hocuspocus-2') this.provider.attach()
  }

  get isConnected () { return this.socket.isConnected }
  get isSynced () { return this.socket.isConnected && this.provider.synced && this.provider.unsyncedChanges <= 0 }
  get isAcked () { return this.socket.isConnected && this.provider.unsyncedChanges === 0 }
  get pending () { return this.provider.unsyncedChanges }
  get scope () { return this.provider.authorizedScope }
  // The library's disconnect() and connect() forget each other when they meet a socket that is just opening or
  // closing, so here, too, it is the network that goes and comes back.
  disconnect () {
    this.record.network = false
    this.cut()
  }

  cutForGood () { this.disconnect() }
  connect () { this.record.network = true }
  sendStateless (payload) { this.provider.sendStateless(payload) }

  destroy () {
    this.provider.destroy()
    this.awareness?.destroy()
    if (!this.sharesSocket) this.socket.destroy()
  }
}

class YSweetClient extends Client {
  constructor (kind, server, documentName, options = {}) {
    super(kind, documentName, options)
    const clientToken = { url: server.syncUrl, baseUrl: server.httpUrl, docId: documentName, token: this.token }
    this.provider = new YSweetProvider(async () => clientToken, documentName, this.doc, {
      WebSocketPolyfill: this.record.polyfill(),
      awareness: this.awareness ?? new Awareness(this.doc),
      showDebuggerLink: false,
      initialClientToken: clientToken,
    })
    if (this.awareness === null) this.provider.awareness.setLocalState(null)
  }

  get isConnected () { return this.provider.wsconnected }
  get isSynced () { return this.provider.status === 'connected' }
  get isAcked () { return this.isSynced && !this.provider.hasLocalChanges }
  get pending () { return this.provider.localVersion - this.provider.ackedVersion }

  // The library's own disconnect() comes back by itself: its close handler reconnects. So the network goes instead.
  disconnect () {
    this.record.network = false
    this.cut()
  }

  cutForGood () { this.disconnect() }

  connect () {
    this.record.network = true
    this.provider.online()
  }

  destroy () {
    const { provider } = this
    this.record.finished = true
    const socket = provider.websocket
    if (socket) socket.onmessage = socket.onclose = socket.onerror = socket.onopen = null
    provider.destroy()
    provider.clearHeartbeat()
    provider.clearConnectionTimeout()
    provider.awareness.destroy()
    this.doc.destroy()
    this.cut()
  }
}

/**
 * Connects a client of the given kind to a document.
 *
 * @param {string} kind one of KINDS
 * @param {{ syncUrl: string, collabUrl: string, httpUrl: string }} server
 * @param {string} documentName
 * @param {{ doc?: Y.Doc, token?: string, awareness?: Awareness | null, socket?: HocuspocusSocket,
 *   sessionAwareness?: boolean, maxBackoff?: number, route?: (url: string) => string }} [options] `socket`: share this Hocuspocus
 *   socket; `route`: where each new connection leads, instead of the server's own address
 */
export function connect (kind, server, documentName, options) {
  if (kind in yWebsockets) return new YWebsocketClient(kind, server, documentName, options)
  if (kind in hocuspocuses) return new HocuspocusClient(kind, server, documentName, options)
  if (kind === 'y-sweet') return new YSweetClient(kind, server, documentName, options)
  throw new Error(`unknown kind of client: ${kind}`)
}
