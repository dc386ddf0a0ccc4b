// What a document contains, and when two replicas are the same.

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import { until } from './until.js'

/** The shared types all tests use, by name, as plain data. */
export function content (doc) {
  return {
    text: doc.getText('text').toDelta(),
    list: doc.getArray('list').toJSON(),
    map: doc.getMap('map').toJSON(),
    xml: doc.getXmlFragment('xml').toString(),
  }
}

/** Same structs, same deletions, same visible content, nothing waiting. */
export function sameDocument (first, second) {
  return Y.equalSnapshots(Y.snapshot(first), Y.snapshot(second)) &&
    first.store.pendingStructs === null && second.store.pendingStructs === null &&
    isDeepStrictEqual(content(first), content(second))
}

/** Waits until all clients hold the same document. */
export async function converged (clients, options) {
  const [first, ...others] = clients
  await until(`${clients.length} clients hold the same document (${clients.map(({ kind }) => kind).join(', ')})`, () =>
    others.every((other) => sameDocument(first.doc, other.doc)), {
    detail: () => clients.map((client) => ({
      kind: client.kind,
      synced: client.isSynced,
      closes: client.closes,
      stateVector: [...Y.decodeStateVector(Y.encodeStateVector(client.doc))],
      pendingStructs: client.doc.store.pendingStructs !== null,
      content: JSON.stringify(content(client.doc)).slice(0, 300),
    })),
    ...options,
  })
}

/** Asserts that the document reads so; only the given keys are looked at. */
export function assertContent (doc, expected) {
  const actual = content(doc)
  for (const key of Object.keys(expected)) assert.deepEqual(actual[key], expected[key], key)
}
