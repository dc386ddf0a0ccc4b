/** Follows a stream of events for as long as somebody wants it: comes back where it was cut, later and later. */
import { EventStreamParser, type StreamEvent } from './event-stream';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** The server says at least every 15 seconds that it is there; a stream that says nothing for longer is dead. */
const SILENCE_MS = 45_000;

export interface FollowOptions {
  /** Asks for the stream behind `lastId`; empty if nothing was told yet. */
  readonly open: (lastId: string, signal: AbortSignal) => Promise<Response>;
  readonly onEvent: (event: StreamEvent) => void;
  /** The stream begins, or begins again. */
  readonly onOpen: () => void;
  /** The server does not offer such a stream, or not to us: nothing more comes. */
  readonly onRefused: (status: number) => void;
  /** Waits; ends early when the signal comes. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, so that not everybody comes back at once. */
  readonly random: () => number;
  readonly lastId?: string;
}

/** Whether asking again is of no use: there is no such thing, or it is not for us. */
function isFinal(status: number): boolean {
  return status === 403 || status === 404 || status === 405;
}

/** Resolves when `signal` comes, or the server has refused for good. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  let lastId = options.lastId ?? '';
  let failures = 0;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop);
    try {
      const response = await options.open(lastId, attempt.signal);
      if (isFinal(response.status)) {
        options.onRefused(response.status);
        return;
      }
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (response.ok && isStream && response.body) {
        options.onOpen();
        await read(response.body, lastId, attempt, (event, id) => {
          failures = 0;
          lastId = id;
          if (event !== null) options.onEvent(event);
        });
      }
    } catch {
      // Cut: the next attempt goes on where this one was.
    } finally {
      signal.removeEventListener('abort', stop);
      attempt.abort();
    }
    if (signal.aborted) return;
    await options.wait(waitMs(failures, options.random()), signal);
    failures += 1;
  }
}

/** Doubled with each failure, and between half and all of that. */
export function waitMs(failures: number, random: number): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
  return whole * (0.5 + random / 2);
}

/** Every piece is told, also one with a place alone, so that the next attempt begins there. */
async function read(
  body: ReadableStream<Uint8Array>,
  lastId: string,
  attempt: AbortController,
  tell: (event: StreamEvent | null, lastId: string) => void,
): Promise<void> {
  const parser = new EventStreamParser(lastId);
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let silence = setTimeout(() => attempt.abort(), SILENCE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(() => attempt.abort(), SILENCE_MS);
      const events = parser.push(decoder.decode(value, { stream: true }));
      for (const event of events) tell(event, event.id);
      tell(null, parser.lastId);
    }
  } finally {
    clearTimeout(silence);
    void reader.cancel().catch(() => {});
  }
}
