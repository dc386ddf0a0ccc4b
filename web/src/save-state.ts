/**
 * What the mark at the top says: saved, saving or offline.
 *
 * It follows the server's acknowledgements and nothing else. Weft acknowledges an edit after it is on disk
 * (fsync), so "saved" may be said exactly when every edit of this page has been acknowledged.
 */

export type SaveState = 'saved' | 'saving' | 'offline';

/** How one editor of this page stands with the server. */
export interface Link {
  /** `connecting` until the first full sync; `lost` after it, while there is no synced connection. */
  readonly reach: 'connecting' | 'connected' | 'lost';
  /** Whether an edit was made that the server has not acknowledged. */
  readonly unsaved: boolean;
}

/** One state for all editors of the page: the worst of theirs. One that is just being opened harms no other. */
export function combine(links: readonly Link[]): SaveState {
  const offline =
    links.some((link) => link.reach === 'lost') || !links.some((link) => link.reach === 'connected');
  if (offline) return 'offline';
  return links.some((link) => link.unsaved) ? 'saving' : 'saved';
}

export interface Wording {
  readonly label: string;
  readonly explanation: string;
}

export function wording(links: readonly Link[]): Wording {
  switch (combine(links)) {
    case 'saved':
      return {
        label: 'Saved',
        explanation: 'Every edit is on the server’s disk: it confirms an edit only after writing it (fsync).',
      };
    case 'saving':
      return {
        label: 'Saving…',
        explanation: 'The server has not yet confirmed that the latest edits are on its disk.',
      };
    case 'offline':
      if (links.every((link) => link.reach !== 'lost')) {
        return { label: 'Connecting…', explanation: 'Waiting for the server.' };
      }
      return links.some((link) => link.unsaved)
        ? {
            label: 'Offline, edits kept here',
            explanation: 'Keep this page open: the edits go to the server when it is back.',
          }
        : {
            label: 'Offline',
            explanation: 'You can go on writing. The edits go to the server when it is back.',
          };
  }
}

/**
 * Durable acknowledgements over the y-websocket protocol, which has none of its own.
 *
 * The page sends a number; the server sends it back once everything that came before it on this connection is
 * on disk. One question is under way at a time, so a burst of typing costs one answer, not hundreds.
 */
export class EditCounter {
  #made = 0;
  #saved = 0;
  #asked: number | null = null;

  get unsaved(): boolean {
    return this.#saved < this.#made;
  }

  /** An edit was made in this page. */
  edited(): void {
    this.#made += 1;
  }

  /** The number to send now, or `null` where there is nothing to ask or an answer is awaited. */
  question(): number | null {
    if (this.#asked !== null || !this.unsaved) return null;
    this.#asked = this.#made;
    return this.#asked;
  }

  /** The server sent `number` back. An answer to a question that was not asked proves nothing. */
  answered(number: number): void {
    if (number !== this.#asked) return;
    this.#asked = null;
    this.#saved = number;
  }

  /** The connection ended; whatever was asked on it is never answered. */
  disconnected(): void {
    this.#asked = null;
  }
}
