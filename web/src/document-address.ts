/**
 * Which document this page shows, and the addresses that follow from it.
 *
 * A document's page is `/d/<name>`; the name may contain `/` and anything else that a URL can carry.
 * A token, where the server wants one, comes in the fragment (`#token=…`), which browsers never send to
 * a server by themselves, and never becomes part of an address to share.
 */

const PREFIX = '/d/';

/** What a server in playground mode is given: it asks for no login, but a provider without a token may wait. */
const PLAYGROUND_TOKEN = 'playground';

const TRAITS = (
  'amber brave bright calm clever coral cosmic curious dapper eager gentle golden happy hazel indigo jolly ' +
  'kind lively lucky lunar mellow merry misty nimble olive polite quiet rapid rosy rustic scarlet silver ' +
  'snowy solar sunny swift teal tidy velvet vivid warm wise'
).split(' ');
const ANIMALS = (
  'badger beaver bison crane dolphin falcon ferret finch fox gecko hare heron ibex jackdaw jay kestrel koala ' +
  'lark lemur lynx magpie marmot marten mole newt ocelot otter owl panda petrel pika plover puffin quail ' +
  'raven robin seal stoat swan tapir toucan vole walrus wombat wren yak'
).split(' ');

/** A whole number from 0 to `bound` - 1. */
export type Dice = (bound: number) => number;

export const roll: Dice = (bound) => Math.floor(Math.random() * bound);

/** Two friendly words, such as `amber` and `otter`. */
export function friendlyWords(dice: Dice): [trait: string, animal: string] {
  return [TRAITS[dice(TRAITS.length)] ?? 'calm', ANIMALS[dice(ANIMALS.length)] ?? 'otter'];
}

/** A name for a new document: easy to read aloud, and one of some twenty million. */
export function freshName(dice: Dice): string {
  return [...friendlyWords(dice), String(dice(10_000)).padStart(4, '0')].join('-');
}

/** The document that a path names, or `null` where it names none. */
export function nameFromPath(path: string): string | null {
  if (!path.startsWith(PREFIX)) return null;
  const raw = path.slice(PREFIX.length).replace(/\/+$/, '');
  if (raw === '') return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw; // a stray `%`: take it as it stands
  }
}

/** The name as it goes into a URL's path: encoded piece by piece, so that its slashes stay slashes. */
export function encodeName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

export function pathFromName(name: string): string {
  return PREFIX + encodeName(name);
}

/** The token in a URL's fragment, or the playground's. */
export function tokenFromFragment(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token') || PLAYGROUND_TOKEN;
}

export interface DocumentAddress {
  readonly name: string;
  readonly token: string;
  /** The page to send to somebody else. */
  readonly share: string;
  /** Where Hocuspocus providers connect; they name the document inside the protocol. */
  readonly collab: string;
  /** Where y-websocket providers connect; they append `/<name>`. */
  readonly sync: string;
}

/** Reads the page's address; a page that names no document becomes the page of a new one. */
export function openDocument(location: Location, history: History): DocumentAddress {
  let name = nameFromPath(location.pathname);
  if (name === null) {
    name = freshName(roll);
    history.replaceState(null, '', pathFromName(name) + location.hash);
  }
  const socketOrigin = location.origin.replace(/^http/, 'ws');
  return {
    name,
    token: tokenFromFragment(location.hash),
    share: location.origin + pathFromName(name),
    collab: `${socketOrigin}/v1/collab`,
    sync: `${socketOrigin}/v1/sync`,
  };
}
