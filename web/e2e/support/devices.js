// Browsers that are told by Web Push, each with a push service of its own, which is not ours to encrypt for.

import { createECDH, randomBytes } from 'node:crypto'
import ece from 'http_ece'
import { Receiver } from './hooks.js'
import { ask } from './people.js'

class Device extends Receiver {
  constructor () {
    super()
    this.status = 201
    this.key = createECDH('prime256v1')
    this.key.generateKeys()
    this.secret = randomBytes(16).toString('base64url')
  }

  /** What `PushSubscription.toJSON()` gives. */
  get address () {
    return { endpoint: this.url, expirationTime: null, keys: { p256dh: this.key.getPublicKey('base64url'), auth: this.secret } }
  }

  /** What came, as a browser reads it; fails if it could not. */
  get messages () {
    return this.deliveries.map(({ headers, body, at }) => {
      const read = ece.decrypt(body, { version: 'aes128gcm', privateKey: this.key, authSecret: this.secret })
      return { headers, at, said: JSON.parse(read) }
    })
  }

  with (words) { return this.messages.filter(({ said }) => said.body.includes(words)) }
}

/** A device of which no server knows. */
export async function deviceAlone (scene) {
  const device = await new Device().start()
  scene.defer(() => device.dispose())
  return device
}

/** A device to which what `who` is told is pushed. */
export async function deviceOf (scene, server, who) {
  const device = await deviceAlone(scene)
  device.row = await ask(server, 'POST', '/v1/push-subscriptions', { token: who.token, body: device.address })
  return device
}
