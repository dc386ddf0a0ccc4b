// Document tokens as an application's back end would sign them: HS256, the claims the server documents.

import { createHmac } from 'node:crypto'

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * @param {string} secret
 * @param {object} claims merged over: subject "ada", audience "weft", one hour, every document, read-write
 */
export function signToken (secret, claims = {}) {
  const payload = {
    sub: 'ada',
    aud: 'weft',
    exp: Math.floor(Date.now() / 1000) + 3600,
    documents: ['*'],
    scope: 'read-write',
    ...claims,
  }
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
