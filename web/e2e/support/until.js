// Waiting for something to become true, with a deadline and a message that says what did not happen.

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * Resolves with the first truthy value of `condition`; rejects after `within` milliseconds.
 *
 * @template T
 * @param {string} what said in the failure, e.g. "the second client shows the text"
 * @param {() => T | Promise<T>} condition
 * @param {{ within?: number, every?: number, detail?: () => unknown }} [options]
 * @returns {Promise<T>}
 */
export async function until (what, condition, { within = 15_000, every = 5, detail } = {}) {
  const deadline = performance.now() + within
  let failure
  for (;;) {
    try {
      const value = await condition()
      if (value) return value
      failure = undefined
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) break
    await pause(every)
  }
  const seen = detail ? `; seen: ${JSON.stringify(detail())?.slice(0, 6000)}` : ''
  const thrown = failure ? `; last error: ${failure.stack ?? failure}` : ''
  throw new Error(`not within ${within} ms: ${what}${seen}${thrown}`)
}

/**
 * Rejects if `promise` has not settled within the deadline.
 *
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [within] milliseconds
 * @returns {Promise<T>}
 */
export function before (what, promise, within = 15_000) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${within} ms: ${what}`)), within)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
