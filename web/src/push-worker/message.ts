/** What a push message says, and where it leads. Pure. */

/** Where what cannot be read leads: what happened stands there in any case. */
const INBOX = '/inbox';

export interface Shown {
  readonly title: string;
  readonly body: string;
  /** A later one takes the place of one that has the same. */
  readonly tag: string;
  /** A whole address of this origin. */
  readonly url: string;
}

/**
 * What is shown of a message. Browsers want something to be shown for each, so one that cannot be read says only that there
 * is something.
 */
export function shownOf(text: string | null, origin: string): Shown {
  const { id, title, body, url } = membersOf(text);
  return {
    title: wordsIn(title) || 'Something new in Weft',
    body: wordsIn(body),
    tag: wordsIn(id) || 'weft',
    url: ownAddress(url, origin),
  };
}

/** The address that a path leads to. What leads elsewhere leads to the inbox. */
export function ownAddress(path: unknown, origin: string): string {
  const inbox = `${origin}${INBOX}`;
  if (typeof path !== 'string' || !path.startsWith('/')) return inbox;
  try {
    // `//elsewhere` begins with a slash, too.
    const address = new URL(path, origin);
    return address.origin === origin ? address.href : inbox;
  } catch {
    return inbox;
  }
}

function membersOf(text: string | null): Partial<Record<'id' | 'title' | 'body' | 'url', unknown>> {
  try {
    const said: unknown = JSON.parse(text ?? 'null');
    return typeof said === 'object' && said !== null ? said : {};
  } catch {
    return {};
  }
}

function wordsIn(said: unknown): string {
  return typeof said === 'string' ? said.trim() : '';
}
