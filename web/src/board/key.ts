/**
 * Order keys: texts between any two of which there is another one. A key is an integer and a fraction in base 62; its
 * first character tells the length of the integer. Keys are ASCII and compared byte by byte.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const JITTER_DIGITS = 4;

export const MAX_KEY = 64;
/** A longer key is replaced, with as many neighbours as it takes to find short ones. */
export const LONG_KEY = 48;
const SETTLED_KEY = 40;

/** Given a bound, answers with a number below it. */
export type Dice = (bound: number) => number;

export class KeyError extends Error {
  constructor(readonly code: 'not_ascending' | 'no_room') {
    super(code === 'no_room' ? 'a key between these would be too long' : 'these keys do not ascend');
  }
}

function digitsOf(head: string): number | null {
  if (head >= 'a' && head <= 'z') return head.charCodeAt(0) - 96;
  if (head >= 'A' && head <= 'Z') return 91 - head.charCodeAt(0);
  return null;
}

/** Integer and fraction, unless the integer is cut short. */
function split(key: string): [string, string] | null {
  const digits = digitsOf(key.slice(0, 1));
  if (digits === null || key.length < digits + 1) return null;
  return [key.slice(0, digits + 1), key.slice(digits + 1)];
}

const isLowest = (integer: string) => /^A0*$/.test(integer);

export function isKey(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_KEY || !/^[0-9A-Za-z]+$/.test(value)) return false;
  const parts = split(value);
  return parts !== null && !parts[1].endsWith('0') && !(parts[1] === '' && isLowest(parts[0]));
}

/** The next integer in a direction, or null at the end. */
function step(integer: string, up: boolean): string | null {
  const [full, empty] = up ? ['z', '0'] : ['0', 'z'];
  for (let at = integer.length - 1; at > 0; at -= 1) {
    const digit = integer.charAt(at);
    if (digit !== full) {
      const next = DIGITS.charAt(DIGITS.indexOf(digit) + (up ? 1 : -1));
      return integer.slice(0, at) + next + empty.repeat(integer.length - at - 1);
    }
  }
  const head = integer.charAt(0);
  if (head === (up ? 'z' : 'A')) return null;
  if (up && head === 'Z') return 'a0';
  if (!up && head === 'a') return 'Zz';
  const other = String.fromCharCode(head.charCodeAt(0) + (up ? 1 : -1));
  return other + empty.repeat(digitsOf(other) ?? 0);
}

/** A fraction between two ascending ones, of which the upper may be missing. */
function middle(low: string, high: string | null): string {
  let result = '';
  let upper = high;
  for (let at = 0; ; at += 1) {
    const from = at < low.length ? DIGITS.indexOf(low.charAt(at)) : 0;
    const to = upper === null ? 62 : DIGITS.indexOf(upper.charAt(at));
    if (to > from + 1) return result + DIGITS.charAt(Math.ceil((from + to) / 2));
    if (to === from + 1) {
      if (upper !== null && upper.length > at + 1) return result + DIGITS.charAt(to);
      upper = null;
    }
    result += DIGITS.charAt(from);
  }
}

function plain(low: string | null, high: string | null): string {
  const lower = low === null ? null : split(low);
  const upper = high === null ? null : split(high);
  if (lower === null && upper === null) return 'a0';
  if (lower === null && upper !== null) {
    if (isLowest(upper[0])) return upper[0] + middle('', upper[1]);
    return upper[1] === '' ? (step(upper[0], false) ?? upper[0]) : upper[0];
  }
  const [integer, fraction] = lower ?? ['a0', ''];
  if (upper !== null && upper[0] === integer) return integer + middle(fraction, upper[1]);
  const next = step(integer, true);
  if (next !== null && (high === null || next < high)) return next;
  return integer + middle(fraction, null);
}

/** The shortest key above `low` and below `high`. */
export function between(low: string | null, high: string | null): string {
  if (low !== null && high !== null && low >= high) throw new KeyError('not_ascending');
  const key = plain(low, high);
  if (key.length > MAX_KEY) throw new KeyError('no_room');
  return key;
}

/** The same with random digits, for what somebody inserts: two who insert at one place choose different keys. */
export function betweenWith(low: string | null, high: string | null, dice: Dice): string {
  let stem = between(low, high);
  let jitter = '';
  for (let at = 1; at <= JITTER_DIGITS; at += 1) {
    const lowest = at === JITTER_DIGITS ? 1 : 0;
    jitter += DIGITS.charAt(lowest + (dice(62 - lowest) % (62 - lowest)));
  }
  for (; stem.length + JITTER_DIGITS <= MAX_KEY; stem += '0') {
    if (high === null || stem + jitter < high) return stem + jitter;
  }
  throw new KeyError('no_room');
}

/** `count` ascending keys, without random digits. */
export function spread(low: string | null, high: string | null, count: number): string[] {
  const keys: string[] = [];
  if (low !== null && high !== null) {
    halve(low, high, count, keys);
  } else if (high !== null) {
    for (let first = high; keys.length < count; keys.push(first)) first = between(null, first);
    keys.reverse();
  } else {
    for (let last = low; keys.length < count; keys.push(last)) last = between(last, null);
  }
  return keys;
}

function halve(low: string, high: string, count: number, keys: string[]): void {
  if (count === 0) return;
  const key = between(low, high);
  const half = Math.floor(count / 2);
  halve(low, key, half, keys);
  keys.push(key);
  halve(key, high, count - half - 1, keys);
}

/** Keys for a group that is moved as one, so close together that no other group comes between. */
export function group(low: string | null, high: string | null, count: number, dice: Dice): string[] {
  if (count === 0) return [];
  const base = betweenWith(low, high, dice);
  const near = `${base}V`;
  if (count > 1 && near.length > MAX_KEY) throw new KeyError('no_room');
  return [base, ...spread(base, high !== null && high < near ? high : near, count - 1)];
}

/** New keys for those that are missing, not above the ones before, or long: positions and keys. */
export function settle(keys: readonly (string | null)[]): Map<number, string> {
  let last: string | null = null;
  const stays = keys.map((key) => {
    if (key === null || key.length > LONG_KEY || (last !== null && last >= key)) return false;
    last = key;
    return true;
  });
  const fresh = new Map<number, string>();
  for (let at = 0; at < keys.length; ) {
    if (stays[at]) {
      at += 1;
      continue;
    }
    const start = stays.lastIndexOf(true, at) + 1;
    const after = stays.indexOf(true, at);
    const end = after < 0 ? keys.length : after;
    const whole = start === 0 && end === keys.length;
    const found = attempt(keys[start - 1] ?? null, keys[end] ?? null, end - start);
    if (found !== null && (whole || found.every((key) => key.length <= SETTLED_KEY))) {
      for (const [offset, key] of found.entries()) fresh.set(start + offset, key);
      at = end;
    } else if (whole) {
      break;
    } else {
      const from = Math.max(0, start - (end - start));
      stays.fill(false, from, start).fill(false, end, end + (end - start));
      at = from;
    }
  }
  return fresh;
}

function attempt(low: string | null, high: string | null, count: number): string[] | null {
  try {
    return spread(low, high, count);
  } catch (error) {
    if (error instanceof KeyError) return null;
    throw error;
  }
}

/**
 * New keys for a list in which those at `from` to `from + count` have none yet. If the neighbours leave no room,
 * others get new keys too.
 */
export function keysAt(
  keys: readonly (string | null)[],
  from: number,
  count: number,
  dice: Dice,
): Map<number, string> {
  const low = from === 0 ? null : (keys[from - 1] ?? null);
  // Behind something without a key there is only room for others without one.
  if (from === 0 || low !== null) {
    try {
      const found = group(low, keys[from + count] ?? null, count, dice);
      if (found.every((key) => key.length <= LONG_KEY)) {
        return new Map(found.map((key, offset) => [from + offset, key]));
      }
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
    }
  }
  return settle(keys);
}
