// Seeded randomness: a failing run is repeated with WEFT_SEED=<the printed seed>.

/** A small, fast generator (mulberry32). Same seed, same sequence. */
export class Random {
  /** @param {number} seed */
  constructor (seed) {
    this.seed = seed >>> 0
    this.state = this.seed
  }

  /** A float in [0, 1). */
  float () {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let value = this.state
    value = Math.imul(value ^ (value >>> 15), value | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }

  /** An integer in [low, high]. */
  integer (low, high) {
    return low + Math.floor(this.float() * (high - low + 1))
  }

  /** @template T @param {readonly T[]} items @returns {T} */
  pick (items) {
    return items[this.integer(0, items.length - 1)]
  }

  /** True with the given probability. */
  chance (probability) {
    return this.float() < probability
  }

  /** Lower-case letters. */
  word (length = this.integer(1, 8)) {
    let word = ''
    for (let index = 0; index < length; index++) word += String.fromCharCode(97 + this.integer(0, 25))
    return word
  }

  /** Bytes without structure. */
  bytes (length) {
    return Uint8Array.from({ length }, () => this.integer(0, 255))
  }

  /** A generator of its own, so that one party's draws do not shift another's. */
  fork () {
    return new Random(this.integer(0, 0xffffffff))
  }
}

/** The generator of one test: seeded from WEFT_SEED, or freshly with the seed printed. */
export function seededRandom (subject) {
  const seed = process.env.WEFT_SEED ? Number(process.env.WEFT_SEED) : Math.floor(Math.random() * 0xffffffff)
  console.log(`# ${subject}: WEFT_SEED=${seed}`)
  return new Random(seed)
}
