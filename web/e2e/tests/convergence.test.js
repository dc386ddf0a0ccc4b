// Every pair of released clients, one document: whatever two of them do at the same time, both end up with the same.

import assert from 'node:assert/strict'
import * as Y from 'yjs'
import { HOCUSPOCUS_KINDS, KINDS, Y_WEBSOCKET_KINDS } from '../support/clients.js'
import { assertContent, content, converged } from '../support/documents.js'
import { scenario } from '../support/scenario.js'
import { until } from '../support/until.js'

const pairs = KINDS.flatMap((left, index) => KINDS.slice(index).map((right) => [left, right]))

/** Two synced clients on one document. */
async function pair (scene, server, [left, right], documentName, options) {
  const clients = [
    scene.client(left, server, documentName, options),
    scene.client(right, server, documentName, options),
  ]
  await Promise.all(clients.map((client) => client.synced()))
  return clients
}

/** Both edit every kind of shared type without having seen each other's edits. */
function editEverything (first, second) {
  first.doc.getText('text').insert(0, 'the quick fox ')
  second.doc.getText('text').insert(0, 'a lazy dog ')
  first.doc.getText('text').format(4, 5, { bold: true })
  second.doc.getText('text').format(0, 6, { italic: true })
  first.doc.getArray('list').push(['one', { two: 2 }, [3]])
  second.doc.getArray('list').insert(0, [null, true, 4.5])
  const nested = new Y.Map()
  nested.set('depth', new Y.Map([['leaf', 'first']]))
  first.doc.getMap('map').set('nested', nested)
  first.doc.getMap('map').set('fought over', 'first')
  second.doc.getMap('map').set('fought over', 'second')
  second.doc.getMap('map').set('bytes', Uint8Array.of(1, 2, 3))
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.setAttribute('align', 'left')
  paragraph.insert(0, [new Y.XmlText('hello')])
  first.doc.getXmlFragment('xml').insert(0, [paragraph])
  second.doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('rule')])
}

for (const kinds of pairs) {
  scenario(`${kinds.join(' and ')} converge on every shared type`, async (scene) => {
    const server = await scene.server()
    const [first, second] = await pair(scene, server, kinds, 'everything')
    editEverything(first, second)
    await converged([first, second])

    const { text, list, map, xml } = content(first.doc)
    const written = text.map(({ insert }) => insert).join('')
    assert.ok(written.includes('a lazy dog ') && written.includes('the quick fox '), written)
    assert.deepEqual(text.find(({ attributes }) => attributes?.bold)?.insert, 'quick')
    assert.deepEqual(text.find(({ attributes }) => attributes?.italic)?.insert, 'a lazy')
    assert.equal(list.length, 6)
    assert.equal(map.nested.depth.leaf, 'first')
    assert.ok(['first', 'second'].includes(map['fought over']))
    assert.ok(xml.includes('<paragraph align="left">hello</paragraph>') && xml.includes('<rule>'), xml)

    // Edits inside what the other made, and deletions against insertions.
    second.doc.getMap('map').get('nested').get('depth').set('leaf', 'second')
    first.doc.getArray('list').delete(1, 2)
    second.doc.getArray('list').insert(2, ['between'])
    await converged([first, second])
    assert.equal(content(first.doc).map.nested.depth.leaf, 'second')
    assert.ok(content(first.doc).list.includes('between'))

    // Undo takes back one's own edit and leaves the other's alone.
    const undo = new Y.UndoManager(second.doc.getText('text'))
    second.doc.getText('text').insert(0, 'mistake ')
    first.doc.getText('text').insert(first.doc.getText('text').length, ' kept')
    await converged([first, second])
    undo.undo()
    await converged([first, second])
    assert.ok(!first.doc.getText('text').toString().includes('mistake'))
    assert.ok(first.doc.getText('text').toString().endsWith(' kept'))
    undo.redo()
    await converged([first, second])
    assert.ok(first.doc.getText('text').toString().startsWith('mistake '))

    // Offline on both sides, then back.
    first.disconnect()
    second.disconnect()
    first.doc.getText('text').insert(0, 'offline-first ')
    second.doc.getText('text').insert(0, 'offline-second ')
    second.doc.getArray('list').delete(0, 1)
    await Promise.all([first.connect(), second.connect()])
    await Promise.all([first.synced(), second.synced()])
    await converged([first, second])
    const together = first.doc.getText('text').toString()
    assert.ok(together.includes('offline-first ') && together.includes('offline-second '), together)

    // What the server has is what a newcomer gets.
    const newcomer = await scene.client(kinds[0], server, 'everything').synced()
    await converged([first, second, newcomer])
  })
}

for (const kind of KINDS) {
  const other = kind.startsWith('hocuspocus') ? 'y-websocket-3' : 'hocuspocus-4'

  scenario(`${kind}: a paste of 1 MB and a document of 5 MB reach ${other}`, async (scene) => {
    const server = await scene.server()
    const [first, second] = await pair(scene, server, [kind, other], 'large')
    first.doc.getText('text').insert(0, 'paste '.repeat(175_000))
    await converged([first, second], { within: 30_000 })
    assert.equal(second.doc.getText('text').length, 1_050_000)
    second.doc.getText('text').insert(100, 'paste '.repeat(700_000))
    await converged([first, second], { within: 30_000 })
    const newcomer = await scene.client(kind, server, 'large').synced()
    await converged([first, newcomer], { within: 30_000 })
    assert.equal(newcomer.doc.getText('text').length, 5_250_000)
    assert.deepEqual(first.closes, [])
    assert.deepEqual(second.closes, [])
  })

  scenario(`${kind}: subdocuments keep their identity and are documents of their own`, async (scene) => {
    const server = await scene.server()
    const [first, second] = await pair(scene, server, [kind, other], 'shelf')
    const book = new Y.Doc({ guid: 'shelf/book-1', autoLoad: true, gc: false })
    first.doc.getMap('map').set('book', book)
    const there = await until('the subdocument is there', () => second.doc.getMap('map').get('book'))
    assert.equal(there.guid, book.guid)
    assert.equal(there.autoLoad, true)
    assert.equal(there.gc, false)
    const writing = await scene.client(kind, server, book.guid, { doc: book }).synced()
    const reading = await scene.client(other, server, there.guid, { doc: there }).synced()
    book.getText('text').insert(0, 'chapter one')
    await converged([writing, reading])
    assert.equal(there.getText('text').toString(), 'chapter one')
  })

  scenario(`${kind}: emoji survive, also cut in half`, async (scene) => {
    const server = await scene.server()
    const [first, second] = await pair(scene, server, [kind, other], 'emoji')
    first.doc.getText('text').insert(0, 'a🙂b👩‍👩‍👧c')
    await converged([first, second])
    assertContent(second.doc, { text: [{ insert: 'a🙂b👩‍👩‍👧c' }] })
    second.doc.getText('text').insert(2, '|') // between the two halves of the smile
    first.doc.getText('text').insert(first.doc.getText('text').length, '🎈')
    await until('both edits are everywhere', () => [first, second].every(({ doc }) => {
      const text = doc.getText('text').toString()
      return text.includes('|') && text.endsWith('🎈')
    }))
    // Cut halves cannot be encoded; every replica that did not cut shows replacement characters instead.
    const newcomer = await scene.client(kind, server, 'emoji').synced()
    assert.equal(newcomer.doc.getText('text').length, first.doc.getText('text').length)
    first.doc.getText('text').delete(0, 5)
    await until('a deletion across the cut is everywhere', () => {
      const lengths = [first, second, newcomer].map(({ doc }) => doc.getText('text').length)
      return lengths.every((length) => length === first.doc.getText('text').length)
    })
    assert.deepEqual([first.closes, second.closes], [[], []])
  })
}

scenario('names with slashes, spaces and letters of all alphabets are one document for every client', async (scene) => {
  const server = await scene.server()
  for (const name of ['team/plans/2026 Q4', 'größe/汉字/🙂', 'a%20b', 'dots...and~tildes']) {
    const clients = [Y_WEBSOCKET_KINDS[2], HOCUSPOCUS_KINDS[2], 'y-sweet'].map((kind) =>
      // y-websocket puts the name into the URL as it is; a percent sign is the application's to escape.
      scene.client(kind, server, kind.startsWith('y-websocket') ? encodeURI(name) : name.replace('%', kind === 'y-sweet' ? '%25' : '%')))
    await Promise.all(clients.map((client) => client.synced()))
    clients.forEach((client, index) => client.doc.getArray('list').push([index]))
    await converged(clients)
    assert.equal(clients[0].doc.getArray('list').length, 3)
  }
})
