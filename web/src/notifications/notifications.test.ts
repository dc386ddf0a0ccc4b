import { describe, expect, it } from 'vitest';
import type { Notification, NotificationCounts } from '../api/notifications';
import { EventStreamParser } from './event-stream';
import { type FollowOptions, follow, waitMs } from './follow';
import { LiveNotifications, type LiveOptions, readTold } from './live';
import { addressOf, badgeWords, bellWords, iconOf, newestOf } from './words';

/** Numbers that look random and come again with the seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a stream of events', () => {
  const read = (...pieces: string[]) => {
    const parser = new EventStreamParser();
    return { events: pieces.flatMap((piece) => parser.push(piece)), lastId: parser.lastId };
  };

  it('is read by the rules of its standard', () => {
    const text =
      '\ufeff: hello\n\nid: 1\nevent: counts\ndata: {"a":\ndata:1}\n\ndata: plain\r\n\r\nretry: 5\nid: 3\n\nnonsense\ndata\n\n';
    expect(read(text)).toEqual({
      events: [
        { type: 'counts', data: '{"a":\n1}', id: '1' },
        { type: 'message', data: 'plain', id: '1' },
        { type: 'message', data: '', id: '3' },
      ],
      lastId: '3',
    });
  });

  it('is the same however it is cut into pieces', () => {
    const seed = 20_261;
    const random = randomOf(seed);
    const text = 'id: 1\r\ndata: one\r\n\r\nid: 2\rdata: two\r\rid: 3\ndata: th\ndata: ree\n\nid: 4\n\n';
    const whole = read(text);
    for (let round = 0; round < 200; round++) {
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const next = at + Math.floor(random() * 4);
        pieces.push(text.slice(at, next));
        at = next;
      }
      expect(read(...pieces), `seed ${seed}, round ${round}`).toEqual(whole);
    }
  });

  it('has a place only behind a whole event, and no id with a NUL', () => {
    expect(read('id: 7\ndata: x\n').lastId).toBe('');
    expect(read('id: 7\ndata: x\n\nid: 8\ndata: half').lastId).toBe('7');
    expect(read('id: a\0b\ndata: x\n\n').events[0]?.id).toBe('');
  });

  it('that never ends an event is given up', () => {
    const parser = new EventStreamParser();
    const line = `data: ${'x'.repeat(100_000)}\n`;
    expect(() => {
      for (let count = 0; count < 20; count++) parser.push(line);
    }).toThrow('no end');
  });
});

/** A server of one stream: events from 1 on, told in pieces, cut wherever `cut` says. */
function streamOf(text: string, then: 'end' | 'break' = 'end'): Response {
  let isGiven = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!isGiven && text !== '') controller.enqueue(new TextEncoder().encode(text));
      else if (then === 'end') controller.close();
      else controller.error(new Error('cut'));
      isGiven = true;
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

function following(answers: ((lastId: string) => Response | Promise<Response>)[]) {
  const ending = new AbortController();
  const seen = { ids: [] as string[], asked: [] as string[], waits: [] as number[], opened: 0, refused: 0 };
  const options: FollowOptions = {
    open: async (lastId) => {
      seen.asked.push(lastId);
      const answer = answers.shift();
      if (answer === undefined) {
        ending.abort();
        throw new Error('over');
      }
      return answer(lastId);
    },
    onEvent: ({ id }) => seen.ids.push(id),
    onOpen: () => {
      seen.opened += 1;
    },
    onRefused: (status) => {
      seen.refused = status;
    },
    wait: async (ms) => {
      seen.waits.push(ms);
    },
    random: () => 1,
  };
  return { seen, done: follow(options, ending.signal) };
}

describe('following', () => {
  it('goes on where the stream was cut, and begins to wait anew after it went well', async () => {
    const { seen, done } = following([
      () => streamOf('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: ha', 'break'),
      () => new Response('', { status: 503 }),
      () => Promise.reject(new TypeError('no network')),
      () => streamOf('id: 3\ndata: c\n\nid: 9\n\n'),
    ]);
    await done;
    expect(seen.ids).toEqual(['1', '2', '3']);
    expect(seen.asked).toEqual(['', '2', '2', '2', '9']);
    expect(seen.waits).toEqual([1_000, 2_000, 4_000, 1_000]);
    expect(seen.opened).toBe(2);
  });

  it('ends where the server has no such stream', async () => {
    const { seen, done } = following([() => new Response('', { status: 404 })]);
    await done;
    expect([seen.refused, seen.asked.length]).toEqual([404, 1]);
  });

  it('takes nothing for a stream that is none', async () => {
    const page = () => new Response('<p>hello', { headers: { 'content-type': 'text/html' } });
    const { seen, done } = following([page]);
    await done;
    expect([seen.opened, seen.waits.length]).toEqual([0, 1]);
  });

  it('waits longer and longer, within bounds, and not all at once', () => {
    expect([0, 1, 2, 6, 100].map((failures) => waitMs(failures, 1))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ]);
    expect(waitMs(3, 0)).toBe(4_000);
  });

  it('shows every place once, wherever the stream is cut', async () => {
    const seed = 77;
    const random = randomOf(seed);
    const last = 60;
    const answers = Array.from({ length: 500 }, () => (lastId: string) => {
      let text = '';
      for (let id = Number(lastId || 0) + 1; id <= last; id++) text += `id: ${id}\ndata: ${id}\n\n`;
      return streamOf(text.slice(0, Math.floor(random() * 60)), random() < 0.5 ? 'end' : 'break');
    });
    const { seen, done } = following(answers);
    await done;
    expect(seen.ids, `seed ${seed}`).toEqual(Array.from({ length: last }, (_, at) => String(at + 1)));
  });
});

const counts = (unread: number): NotificationCounts => ({ unread, unseen: 0, workspaces: [] });

/** Tabs of one browser: one leads at a time, and all of them hear each other. */
function browser(getCounts = async () => counts(1)) {
  let queue: Promise<unknown> = Promise.resolve();
  const channels = new Set<{ onmessage: ((event: MessageEvent) => void) | null }>();
  const opened: string[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const options: LiveOptions = {
    getCounts,
    openStream: async (lastId, signal) => {
      opened.push(lastId);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          streams.push(controller);
          signal.addEventListener('abort', () => controller.error(new Error('over')));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
    lead: (_name, work, signal) => {
      const turn = queue.then(() => (signal.aborted ? undefined : work()));
      queue = turn;
      return turn;
    },
    channel: () => {
      const channel = {
        onmessage: null as ((event: MessageEvent) => void) | null,
        postMessage(data: unknown) {
          for (const other of channels) if (other !== channel) other.onmessage?.({ data } as MessageEvent);
        },
        close: () => void channels.delete(channel),
      };
      channels.add(channel);
      return channel as unknown as BroadcastChannel;
    },
    wait: async () => {},
    random: () => 0,
  };
  const say = async (id: number, unread: number) => {
    const text = `id: ${id}\nevent: counts\ndata: ${JSON.stringify(counts(unread))}\n\n`;
    streams.at(-1)?.enqueue(new TextEncoder().encode(text));
    await settle();
  };
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { tab: () => new LiveNotifications(options), opened, say, settle };
}

describe('what is told live', () => {
  it('comes into every tab by one stream, which another tab takes over where it was', async () => {
    const { tab, opened, say, settle } = browser();
    const [one, other] = [tab(), tab()];
    one.start('u');
    other.start('u');
    await settle();
    expect([opened, one.counts?.unread, other.counts?.unread]).toEqual([[''], 1, 1]);
    let asked = 0;
    for (const each of [one, other]) {
      each.onGap(() => {
        asked += 1;
      });
    }
    await say(5, 3);
    expect(asked, 'lists are asked for again when figures alone come').toBe(2);
    expect([one.counts?.unread, other.counts?.unread]).toEqual([3, 3]);
    one.stop();
    await settle();
    expect(opened).toEqual(['', '5']);
    await say(6, 4);
    expect([one.counts, other.counts?.unread]).toEqual([null, 4]);
    other.stop();
  });

  it('is not undone by an answer that took its time', async () => {
    const answers: ((counts: NotificationCounts) => void)[] = [];
    const { tab, say, settle } = browser(() => new Promise((resolve) => answers.push(resolve)));
    const one = tab();
    one.start('u');
    await settle();
    expect(answers).toHaveLength(2); // when it began, and when the stream did
    answers[1]?.(counts(1));
    answers[0]?.(counts(0));
    await settle();
    expect(one.counts?.unread).toBe(1);
    one.refresh();
    await say(1, 2);
    answers[2]?.(counts(1));
    await settle();
    expect(one.counts?.unread).toBe(2);
    one.stop();
  });

  it('is of kinds that are known', () => {
    expect(readTold('counts', JSON.stringify(counts(2)))).toEqual({ notification: null, counts: counts(2) });
    const both = { notification: { id: 'n' }, counts: counts(1) };
    expect(readTold('notification', JSON.stringify(both))).toEqual(both);
    expect(readTold('notification', '{')).toBeNull();
    expect(readTold('another', '{}')).toBeNull();
    expect(readTold('counts', '{"unread":"many"}')).toEqual({ notification: null, counts: null });
  });
});

describe('a notification', () => {
  const about = (kind: Notification['subject']['kind']) =>
    addressOf({ subject: { kind, id: 'a/b', title: '' } });

  it('leads to what it is about', () => {
    expect([
      about('task'),
      about('document'),
      about('webhook_endpoint'),
      about('team'),
      about('account'),
    ]).toEqual(['/tasks/a%2Fb', '/documents/a%2Fb', '/webhooks/a%2Fb', '/boards', null]);
  });

  it('has a picture, whatever it is', () => {
    expect([iconOf('mentioned'), iconOf('what comes later')]).toEqual(['at', 'bell']);
  });

  it('is counted', () => {
    expect([badgeWords(7), badgeWords(99), badgeWords(100)]).toEqual(['7', '99', '99+']);
    expect([bellWords(0), bellWords(3)]).toEqual(['Notifications', 'Notifications, 3 unread']);
  });

  it('that is the newest is the one that changed last', () => {
    const at = (updated_at: string) => ({ updated_at });
    expect(newestOf([])).toBeNull();
    expect(
      newestOf([at('2026-01-01T00:00:00Z'), at('2026-01-01T00:00:00.5Z'), at('2025-01-01T00:00:00Z')]),
    ).toBe('2026-01-01T00:00:00.5Z');
  });
});
