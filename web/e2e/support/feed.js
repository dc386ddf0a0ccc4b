// The events of a workspace, page by page and as a stream, as a program follows them that remembers how far it is.

import { ask } from './people.js'

/** The events behind `after` that `owner` may see, narrowed by `query`. */
export async function listEvents (server, owner, after, query = '') {
  const events = []
  for (;;) {
    const path = `/v1/events?workspace_id=${owner.workspace}&limit=100&after=${after}${query}`
    const { data, meta } = await ask(server, 'GET', path, { token: owner.token })
    events.push(...data)
    after = meta.last_sequence
    if (!meta.has_more) return events
  }
}

/** How far the events of the workspace are. */
export async function lastSequence (server, owner) {
  const events = await listEvents(server, owner, 0)
  return events.at(-1)?.sequence ?? 0
}

/** A ticket for the events of `owner`'s workspace. */
export async function eventTicket (server, owner, workspace = owner.workspace) {
  const { ticket } = await ask(server, 'POST', '/v1/events/tickets', { token: owner.token, body: { workspace_id: workspace } })
  return ticket
}

/**
 * Reads a stream of server-sent events until it ends, however it ends; only whole events are told. What `tell` throws is thrown.
 *
 * @param {string} url
 * @param {{ token?: string, last?: number, signal?: AbortSignal }} options who reads, unless the address says it, and where to go on behind
 * @param {(event: { id: number, type: string, data: any }) => void} tell
 */
export async function readStream (url, { token, last, signal }, tell) {
  const headers = { accept: 'text/event-stream' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  if (last !== undefined) headers['last-event-id'] = String(last)
  let text = ''
  for await (const part of partsOf(url, headers, signal)) {
    text += part
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const field = (name) => block.split('\n').filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).replace(/^ /, '')).join('\n')
      if (field('data') !== '') tell({ id: Number(field('id')), type: field('event'), data: JSON.parse(field('data')) })
    }
  }
}

/** The text of an answer as it comes; a connection that breaks is the end of it. */
async function * partsOf (url, headers, signal) {
  const decoder = new TextDecoder()
  let body
  try {
    const response = await fetch(url, { headers, signal })
    if (response.status !== 200) throw new Error(`${response.status} from ${url}: ${await response.text()}`)
    body = response.body.getReader()
  } catch (error) {
    if (error instanceof TypeError || error.name === 'AbortError') return
    throw error
  }
  for (;;) {
    let read
    try { read = await body.read() } catch { return }
    if (read.done) return
    yield decoder.decode(read.value, { stream: true })
  }
}
