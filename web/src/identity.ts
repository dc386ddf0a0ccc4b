/**
 * Who the person at this page is to the others: a name and a colour.
 *
 * A name that was typed in is kept for every visit. The name and colour that everybody starts with are drawn
 * per browser tab, so that two tabs of one browser can be told apart, and survive a reload of that tab.
 */
import { friendlyWords, roll } from './document-address';

export interface Person {
  /** Tells people with the same name apart; new with every load of the page. */
  readonly id: string;
  readonly name: string;
  /** `#rrggbb`, dark enough for white text. */
  readonly color: string;
}

/** White text on each of these has a contrast of at least 4.5:1. */
export const COLORS = [
  '#b4412c',
  '#2f6fb5',
  '#2a7d4b',
  '#8a4fb8',
  '#8a5a00',
  '#b03475',
  '#0f7173',
  '#5a5fc7',
  '#55702a',
  '#9c3d54',
] as const;

export const NAME_LENGTH = 32;

const NAME_KEY = 'weft.name';
const DEFAULT_KEY = 'weft.default';

/** A name as it may be shown: on one line, without space around it, not too long. */
export function tidyName(name: string): string {
  return name.replace(/\s+/g, ' ').trim().slice(0, NAME_LENGTH);
}

/** Storage that is switched off must not cost anybody the editor. */
function read(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, key: string, value: string): void {
  try {
    storage().setItem(key, value);
  } catch {
    // then it is forgotten with this page
  }
}

const forGood = () => localStorage;
const forThisTab = () => sessionStorage;

/** The name and colour that this tab drew, as `name|color`. */
function drawnDefault(): Pick<Person, 'name' | 'color'> {
  const [name, color] = (read(forThisTab, DEFAULT_KEY) ?? '').split('|');
  if (name && color) return { name, color };
  const words = friendlyWords(roll).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const drawn = { name: words.join(' '), color: COLORS[roll(COLORS.length)] ?? COLORS[0] };
  write(forThisTab, DEFAULT_KEY, `${drawn.name}|${drawn.color}`);
  return drawn;
}

export function loadIdentity(): Person {
  const drawn = drawnDefault();
  const id = crypto.getRandomValues(new Uint32Array(2)).join('-');
  return { ...drawn, id, name: tidyName(read(forGood, NAME_KEY) ?? '') || drawn.name };
}

/** The same person under the name that was typed; an empty one brings the drawn name back. */
export function rename(person: Person, typed: string): Person {
  const name = tidyName(typed);
  write(forGood, NAME_KEY, name);
  return { ...person, name: name || drawnDefault().name };
}

/**
 * The colour for `me` among these people: mine, unless somebody who comes first in the order of ids has it too;
 * then one that is free, if any is. Everybody decides alike, so of two with one colour exactly one moves.
 */
export function colorAmong(me: Person, people: readonly Person[]): string {
  const others = people.filter((person) => person.id !== me.id);
  if (!others.some((person) => person.color === me.color && person.id < me.id)) return me.color;
  const taken = new Set(others.map((person) => person.color));
  return COLORS.find((color) => !taken.has(color)) ?? me.color;
}
