// Servers that are killed at random moments while people go on asking them.

import { pause, until } from './until.js'

/**
 * Has `count` people do something over and over, each at a server that is drawn anew, until they are told to stop.
 * A server that is killed answers nothing; everything else that goes wrong ends it, and is thrown by what is returned.
 *
 * @param {import('./random.js').Random} random
 * @param {{ servers: readonly import('./server.js').Server[], count: number, longestPause: number }} who
 * @param {(own: import('./random.js').Random, server: import('./server.js').Server) => Promise<unknown>} act
 */
export function keepAsking (random, { servers, count, longestPause }, act) {
  let [stopped, answered] = [false, 0]
  let failure
  const all = Promise.all(Array.from({ length: count }, async () => {
    const own = random.fork()
    while (!stopped) {
      try {
        await act(own, own.pick(servers))
        answered++
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        await pause(5)
      }
      await pause(own.integer(0, longestPause))
    }
  }))
  all.catch((error) => { failure = error })
  return {
    /** How often they were answered; throws what went wrong. */
    get answered () {
      if (failure) throw failure
      return answered
    },
    async stop () {
      stopped = true
      await all
    },
  }
}

/**
 * Kills one of the servers with SIGKILL and starts it again, `kills` times: each time after up to `most` answers more,
 * after `seen` has grown, and after up to 30 ms.
 *
 * @param {import('./random.js').Random} random
 * @param {readonly import('./server.js').Server[]} servers
 * @param {number} kills
 * @param {{ answered: () => number, most: number, seen?: () => number, within: number }} meanwhile
 */
export async function killAtRandom (random, servers, kills, { answered, most, seen, within }) {
  for (let kill = 0; kill < kills; kill++) {
    const [more, before] = [answered() + random.integer(1, most), seen?.()]
    await until('more is answered and seen', () => answered() >= more && (before === undefined || seen() > before), { within })
    await pause(random.integer(0, 30))
    const server = random.pick(servers)
    await server.kill9()
    await server.start()
  }
}
