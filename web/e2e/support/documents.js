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
    map: mapValues(doc.getMap('map').toJSON()),
    xml: doc.getXmlFragment('xml').toString(),
  }
}

/** Subdocuments are replicas of their own: only which one it is belongs to the document. */
function mapValues (map) {
  return Object.fromEntries(Object.entries(map).map(([key, value]) =>
    [key, value instanceof Y.Doc ? { subdocument: value.guid } : value]))
}

/** In what two replicas differ: structs, deletions, visible content. Null if in nothing. */
export function difference (first, second) {
  const [one, two] = [Y.snapshot(first), Y.snapshot(second)]
  if (!isDeepStrictEqual(one.sv, two.sv)) return `state vectors ${JSON.stringify([[...one.sv], [...two.sv]])}`
  if (!Y.equalSnapshots(one, two)) return 'deletions'
  const [left, right] = [content(first), content(second)]
  for (const key of Object.keys(left)) {
    if (!isDeepStrictEqual(left[key], right[key])) return `${key}: ${firstDifference(left[key], right[key])}`
  }
  return null
}

function firstDifference (left, right) {
  const [one, two] = [JSON.stringify(left), JSON.stringify(right)]
  let at = 0
  while (at < one.length && one[at] === two[at]) at += 1
  return `…${one.slice(Math.max(0, at - 60), at + 60)}… against …${two.slice(Math.max(0, at - 60), at + 60)}…`
}

/**
 * Waits until all clients hold the same document, and (unless somebody hostile is about) nothing waits for structs
 * that are missing.
 */
export async function converged (clients, { waiting = 'forbidden', ...options } = {}) {
  const [first, ...others] = clients
  const complete = (doc) => waiting === 'allowed' || doc.store.pendingStructs === null
  await until(`${clients.length} clients hold the same document`, () =>
    clients.every(({ doc }) => complete(doc)) && others.every((other) => difference(first.doc, other.doc) === null), {
    detail: () => clients.map((client) => ({
      kind: client.kind,
      synced: client.isSynced,
      closes: client.closes.slice(-4),
      waiting: client.doc.store.pendingStructs !== null,
      differs: difference(first.doc, client.doc)?.slice(0, 400),
    })),
    ...options,
  })
}

/** Asserts that the document reads so; only the given keys are looked at. */
export function assertContent (doc, expected) {
  const actual = content(doc)
  for (const key of Object.keys(expected)) assert.deepEqual(actual[key], expected[key], key)
}
