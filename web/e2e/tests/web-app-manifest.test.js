// What a browser needs to put the pages on a home screen: without it iPhones and iPads take no Web Push.

import assert from 'node:assert/strict'
import { scenario } from '../support/scenario.js'

/** Width, height and sort of colours that a PNG says it has. */
function headOf (bytes) {
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
  assert.equal(bytes.subarray(12, 16).toString(), 'IHDR')
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), color: bytes[25] }
}
const [OPAQUE, TRANSPARENT] = [2, 6]

async function get (server, path) {
  const answer = await fetch(new URL(path, server.httpUrl))
  assert.equal(answer.status, 200, path)
  const again = await fetch(new URL(path, server.httpUrl), { headers: { 'if-none-match': answer.headers.get('etag') } })
  assert.deepEqual([again.status, answer.headers.get('cache-control')], [304, 'no-cache'], `${path} is asked for again with its tag`)
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  return { type: answer.headers.get('content-type'), policy: answer.headers.get('content-security-policy'), bytes: Buffer.from(await answer.arrayBuffer()) }
}

scenario('the pages can be put on a home screen', async (scene) => {
  const server = await scene.server()
  for (const page of ['/boards', '/inbox', '/preferences']) {
    const { bytes, policy } = await get(server, page)
    assert.match(policy, /default-src 'self'/)
    assert.doesNotMatch(policy, /manifest-src/, 'the manifest is from here')
    const html = bytes.toString()
    assert.match(html, /<link rel="manifest" href="\/manifest\.webmanifest"/)
    assert.match(html, /<link rel="apple-touch-icon" href="\/apple-touch-icon\.png"/)
  }
  const { type, bytes } = await get(server, '/manifest.webmanifest')
  assert.equal(type, 'application/manifest+json')
  const manifest = JSON.parse(bytes.toString())
  assert.deepEqual(
    [manifest.name, manifest.short_name, manifest.display, manifest.scope], ['Weft', 'Weft', 'standalone', '/'],
  )
  await get(server, manifest.start_url)
  const sizes = []
  for (const { src, sizes: said, type, purpose } of manifest.icons) {
    const icon = await get(server, src)
    const { width, height, color } = headOf(icon.bytes)
    assert.deepEqual([icon.type, `${width}x${height}`], [type, said], src)
    // Who cuts it to a shape of their own must find something everywhere.
    assert.equal(color, purpose === 'maskable' ? OPAQUE : TRANSPARENT, src)
    sizes.push(width)
  }
  assert.deepEqual([...new Set(sizes)], [192, 512])
  const { width, height, color } = headOf((await get(server, '/apple-touch-icon.png')).bytes)
  assert.deepEqual([width, height, color], [180, 180, OPAQUE])
})
