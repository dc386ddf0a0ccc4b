/**
 * What somebody is told, as it happens. Of all tabs of a browser one follows the server's stream and tells the others:
 * browsers keep few connections to a server, and a stream keeps one for itself.
 */
import type { Notification, NotificationCounts } from '../api/notifications';
import { follow } from './follow';

export interface Told {
  readonly notification: Notification | null;
  readonly counts: NotificationCounts | null;
}

/** What a tab says to the others. */
type Word =
  | { readonly kind: 'told'; readonly told: Told; readonly lastId: string }
  /** Something may have been missed: ask the server. */
  | { readonly kind: 'ask' };

export interface LiveOptions {
  readonly getCounts: () => Promise<NotificationCounts>;
  readonly openStream: (lastId: string, signal: AbortSignal) => Promise<Response>;
  /** Runs `work` in one tab at a time, for as long as it takes; where that cannot be had, at once. */
  readonly lead: (name: string, work: () => Promise<void>, signal: AbortSignal) => Promise<void>;
  /** Other tabs; nothing if they cannot be talked to. */
  readonly channel: (name: string) => Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'> | null;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
}

type Listener = (told: Told) => void;

export class LiveNotifications {
  /** Null until the server has said something. */
  counts: NotificationCounts | null = null;
  /** Whether the server has notifications at all. */
  isOffered = true;

  readonly #options: LiveOptions;
  readonly #listeners = new Set<Listener>();
  readonly #gaps = new Set<() => void>();
  #ending: AbortController | null = null;
  #channel: ReturnType<LiveOptions['channel']> = null;
  #lastId = '';
  /** Counts questions and what is told, so that an answer that was overtaken does not count. */
  #turn = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Calls `listener` with everything that is told; ends with the function that comes back. */
  onTold(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` when something may have been missed, or much has changed, so that lists are asked for again. */
  onGap(listener: () => void): () => void {
    this.#gaps.add(listener);
    return () => this.#gaps.delete(listener);
  }

  /** Begins for somebody; who was before is forgotten. */
  start(user: string): void {
    this.stop();
    const ending = new AbortController();
    this.#ending = ending;
    const name = `weft.notifications.${user}`;
    this.#channel = this.#options.channel(name);
    if (this.#channel !== null) this.#channel.onmessage = ({ data }) => this.#heard(data as Word);
    void this.#askForCounts();
    const lead = () => this.#follow(ending.signal);
    void this.#options.lead(name, lead, ending.signal).catch(() => {
      // Given up while it waited for its turn: this is the end of a login.
    });
  }

  stop(): void {
    this.#ending?.abort();
    this.#ending = null;
    this.#channel?.close();
    this.#channel = null;
    this.#lastId = '';
    this.#turn += 1;
    this.counts = null;
    this.isOffered = true;
  }

  /** Asks for the figures, such as after something was done that changes them. */
  refresh(): void {
    void this.#askForCounts();
  }

  async #askForCounts(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const counts = await this.#options.getCounts().catch(() => null);
    if (counts !== null && turn === this.#turn) this.#tell({ notification: null, counts });
  }

  #follow(signal: AbortSignal): Promise<void> {
    return follow(
      {
        open: this.#options.openStream,
        lastId: this.#lastId,
        wait: this.#options.wait,
        random: this.#options.random,
        onOpen: () => {
          // With a place to go on from nothing is missing; without one, what came before the stream is.
          if (this.#lastId === '') this.#missed();
        },
        onEvent: ({ type, data, id }) => {
          this.#lastId = id;
          const told = readTold(type, data);
          if (told === null) return;
          this.#channel?.postMessage({ kind: 'told', told, lastId: id } satisfies Word);
          this.#told(told);
        },
        onRefused: () => {
          this.isOffered = false;
          this.#tell({ notification: null, counts: null });
        },
      },
      signal,
    );
  }

  #heard(word: Word): void {
    if (word.kind === 'ask') {
      this.#gap();
      return;
    }
    this.#lastId = word.lastId;
    this.#told(word.told);
  }

  /** Figures alone say that many changed at once, such as all that were read on another device. */
  #told(told: Told): void {
    if (told.counts !== null) this.#turn += 1;
    this.#tell(told);
    if (told.notification === null) for (const listener of this.#gaps) listener();
  }

  #missed(): void {
    this.#channel?.postMessage({ kind: 'ask' } satisfies Word);
    this.#gap();
  }

  #gap(): void {
    void this.#askForCounts();
    for (const listener of this.#gaps) listener();
  }

  #tell(told: Told): void {
    if (told.counts !== null) this.counts = told.counts;
    for (const listener of this.#listeners) listener(told);
  }
}

/** What an event of the stream says; null if it is of a kind that is not known here. */
export function readTold(type: string, data: string): Told | null {
  try {
    const said = JSON.parse(data) as unknown;
    if (type === 'counts') return { notification: null, counts: countsIn(said) };
    if (type !== 'notification') return null;
    const { notification, counts } = said as Partial<Told>;
    return { notification: notification ?? null, counts: countsIn(counts) };
  } catch {
    return null;
  }
}

function countsIn(said: unknown): NotificationCounts | null {
  const counts = said as Partial<NotificationCounts> | null | undefined;
  return typeof counts?.unread === 'number' ? (counts as NotificationCounts) : null;
}

/** As browsers do it. */
export function browserParts(): Pick<LiveOptions, 'lead' | 'channel' | 'wait' | 'random'> {
  return {
    lead: (name, work, signal) =>
      navigator.locks ? navigator.locks.request(name, { signal }, work) : work(),
    channel: (name) => (typeof BroadcastChannel === 'function' ? new BroadcastChannel(name) : null),
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          window.removeEventListener('online', end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        // A network that is back is tried at once.
        window.addEventListener('online', end);
        signal.addEventListener('abort', end);
      }),
    random: () => Math.random(),
  };
}
