// The two protocols by hand: frames for what real clients never send, and sockets that show every byte.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { until } from './until.js'

export const SYNC = 0
export const AWARENESS = 1
export const AUTH = 2
export const QUERY_AWARENESS = 3
export const STATELESS = 5
export const CLOSE = 7
export const SYNC_STATUS = 8
export const Y_SWEET_VERSION = 102

/** @param {(encoder: encoding.Encoder) => void} write */
function encoded (write) {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}

const sync = (step, payload) => encoded((encoder) => {
  encoding.writeVarUint(encoder, SYNC)
  encoding.writeVarUint(encoder, step)
  encoding.writeVarUint8Array(encoder, payload)
})

/** Messages without a document name: whole frames of y-websocket, bodies of Hocuspocus. */
export const stepOne = (stateVector = Uint8Array.of(0)) => sync(0, stateVector)
export const stepTwo = (update = Uint8Array.of(0, 0)) => sync(1, update)
export const update = (bytes) => sync(2, bytes)

/** @param {{ client: number, clock: number, state: unknown }[]} entries `state` null: gone; a string is sent as it is */
export const awareness = (entries) => encoded((encoder) => {
  encoding.writeVarUint(encoder, AWARENESS)
  encoding.writeVarUint8Array(encoder, encoded((body) => {
    encoding.writeVarUint(body, entries.length)
    for (const { client, clock, state } of entries) {
      encoding.writeVarUint(body, client)
      encoding.writeVarUint(body, clock)
      encoding.writeVarString(body, typeof state === 'string' ? state : JSON.stringify(state))
    }
  }))
})

export const authentication = (token, version) => encoded((encoder) => {
  encoding.writeVarUint(encoder, AUTH)
  encoding.writeVarUint(encoder, 0)
  encoding.writeVarString(encoder, token)
  if (version !== undefined) encoding.writeVarString(encoder, version)
})

export const stateless = (payload) => encoded((encoder) => {
  encoding.writeVarUint(encoder, STATELESS)
  encoding.writeVarString(encoder, payload)
})

export const close = () => Uint8Array.of(CLOSE)

/** Type 102 of the Y-Sweet clients. */
export const version = (number) => encoded((encoder) => {
  encoding.writeVarUint(encoder, Y_SWEET_VERSION)
  encoding.writeVarUint8Array(encoder, encoded((body) => encoding.writeVarUint(body, number)))
})

/** A Hocuspocus frame: the document's name before the message. */
export const named = (name, message) => encoded((encoder) => {
  encoding.writeVarString(encoder, name)
  encoding.writeUint8Array(encoder, message)
})

/**
 * Reads a frame of the server.
 *
 * @param {Uint8Array} frame
 * @param {boolean} withName Hocuspocus
 */
export function decode (frame, withName) {
  if (withName && frame.length === 1) return { type: frame[0] }
  const decoder = decoding.createDecoder(frame)
  const name = withName ? decoding.readVarString(decoder) : undefined
  const type = decoding.readVarUint(decoder)
  const message = { name, type }
  switch (type) {
    case SYNC:
      return { ...message, step: decoding.readVarUint(decoder), payload: decoding.readVarUint8Array(decoder) }
    case AWARENESS: {
      const body = decoding.createDecoder(decoding.readVarUint8Array(decoder))
      const entries = Array.from({ length: decoding.readVarUint(body) }, () => ({
        client: decoding.readVarUint(body),
        clock: decoding.readVarUint(body),
        state: JSON.parse(decoding.readVarString(body)),
      }))
      return { ...message, entries }
    }
    case AUTH:
      return { ...message, kind: decoding.readVarUint(decoder), text: decoding.hasContent(decoder) ? decoding.readVarString(decoder) : '' }
    case STATELESS:
    case CLOSE:
      return { ...message, text: decoding.readVarString(decoder) }
    case SYNC_STATUS:
      return { ...message, applied: decoding.readVarUint(decoder) === 1 }
    default:
      return message
  }
}

/** A bare WebSocket that keeps every frame it gets. */
export class RawSocket {
  /** @param {string} url */
  constructor (url, { headers } = {}) {
    this.withName = new URL(url).pathname === '/v1/collab'
    this.frames = []
    this.closed = null
    this.error = null
    this.socket = new WebSocket(url, { perMessageDeflate: false, headers })
    this.socket.binaryType = 'arraybuffer'
    this.socket.on('message', (data) => this.frames.push(new Uint8Array(data)))
    this.socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() } })
    this.socket.on('error', (error) => { this.error = error })
  }

  get messages () { return this.frames.map((frame) => decode(frame, this.withName)) }

  async opened () {
    await until('the raw socket opens', () => {
      if (this.error) throw this.error
      return this.socket.readyState === WebSocket.OPEN || this.closed
    })
    return this
  }

  /** Sends; quietly drops what a closed socket no longer takes. */
  send (bytes) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes, () => {})
  }

  /** The first message that fits, present or future. */
  message (what, fits, options) {
    return until(`the server sends ${what}`, () => this.messages.find(fits), {
      detail: () => ({ closed: this.closed, messages: this.messages.slice(-10).map(({ payload, ...rest }) => rest) }),
      ...options,
    })
  }

  /** Code and reason with which the server ended the connection. */
  closure (options) {
    return until('the server closes the raw socket', () => this.closed, options)
  }

  destroy () { this.socket.terminate() }
}
