import { describe, expect, it } from 'vitest';
import type { Notification } from '../api/notifications';
import { actOf, placeAfter } from './keys';
import { allRead, changed, fits, neighbour, put, putAll, stateIn, type View } from './rows';
import { snoozeChoices } from './snooze';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const INBOX: View = { state: 'inbox', workspace: null };

function notification(id: string, more: Partial<Notification> = {}): Notification {
  return {
    id,
    workspace_id: 'w',
    type: 'mentioned',
    subject: { kind: 'task', id: 't', title: 'A task' },
    actors: [],
    count: 1,
    title: `title of ${id}`,
    body: null,
    created_at: at(-60),
    updated_at: at(-10),
    read_at: null,
    archived_at: null,
    snoozed_until: null,
    version: 1,
    ...more,
  };
}

describe('an answer that is older than what was told', () => {
  it('loses nothing of it and undoes nothing of it', () => {
    const known = notification('known');
    const told = [notification('new', { updated_at: at(-1) }), { ...known, version: 2, archived_at: at(-1) }];
    expect(putAll([known], told, INBOX, NOW).map(({ id }) => id)).toEqual(['new']);
  });

  it('is not undone by what is older still', () => {
    const known = notification('known', { version: 3 });
    expect(putAll([known], [notification('known', { version: 2 })], INBOX, NOW)).toEqual([known]);
  });
});

describe('a list', () => {
  it('shows what is in its state, and in its workspace', () => {
    const all = [
      notification('new'),
      notification('read', { read_at: at(-1) }),
      notification('archived', { archived_at: at(-1) }),
      notification('snoozed', { snoozed_until: at(5) }),
      notification('back', { snoozed_until: at(-5) }),
      notification('both', { archived_at: at(-1), snoozed_until: at(5) }),
    ];
    const shown = (state: View['state'], workspace: string | null = null) =>
      all.filter((one) => fits(one, { state, workspace }, NOW)).map(({ id }) => id);
    expect(shown('inbox')).toEqual(['new', 'read', 'back']);
    expect(shown('unread')).toEqual(['new', 'back']);
    expect(shown('archived')).toEqual(['archived', 'both']);
    expect(shown('snoozed')).toEqual(['snoozed']);
    expect(shown('inbox', 'another')).toEqual([]);
  });

  it('has the newest first, each once, and nothing older than what is known', () => {
    let rows: readonly Notification[] = [];
    const see = (one: Notification) => {
      rows = put(rows, one, INBOX, NOW);
    };
    see(notification('a', { updated_at: at(-3) }));
    see(notification('b', { updated_at: at(-1) }));
    see(notification('c', { updated_at: at(-2) }));
    expect(rows.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
    see(notification('a', { updated_at: at(0), version: 3, count: 2 }));
    see(notification('a', { updated_at: at(-3), version: 2 }));
    expect(rows.map(({ id, count }) => [id, count])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ]);
    see(notification('b', { archived_at: at(0), version: 2 }));
    expect(rows.map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('says at once what a change will make', () => {
    const one = notification('a');
    expect(changed(one, { read: true }, NOW).read_at).toBe(at(0));
    expect(changed(changed(one, { read: true }, NOW), { read: false }, NOW).read_at).toBeNull();
    expect(changed(one, { archived: true, snoozed_until: null }, NOW)).toMatchObject({ archived_at: at(0) });
    expect(changed(one, {}, NOW)).toEqual(one);
  });

  it('reads nothing that came after what was shown', () => {
    const rows = [
      notification('later', { updated_at: at(1) }),
      notification('shown', { updated_at: at(0) }),
      notification('old', { read_at: at(-9) }),
    ];
    expect(allRead(rows, at(0), NOW).map(({ read_at }) => read_at)).toEqual([null, at(0), at(-9)]);
  });

  it('leaves the focus with the neighbour', () => {
    const rows = [notification('a'), notification('b')];
    expect([neighbour(rows, 0)?.id, neighbour(rows, 5)?.id, neighbour([], 0)]).toEqual(['a', 'b', undefined]);
  });

  it('is named in the address', () => {
    expect([stateIn(''), stateIn('?state=archived'), stateIn('?state=toString')]).toEqual([
      'inbox',
      'archived',
      'inbox',
    ]);
  });
});

describe('snoozing', () => {
  const offered = (...parts: [number, number, number, number, number]) =>
    snoozeChoices(new Date(...parts)).map(({ label, at }) => `${label}: ${at.toString().slice(0, 21)}`);

  it('goes until later today, tomorrow or Monday, in the morning', () => {
    expect(offered(2026, 2, 10, 10, 40)).toEqual([
      'Later today: Tue Mar 10 2026 13:00',
      'Tomorrow: Wed Mar 11 2026 09:00',
      'Next week: Mon Mar 16 2026 09:00',
    ]);
  });

  it('has no later today in the evening, and on Mondays a week that follows', () => {
    expect(offered(2026, 2, 9, 20, 0)).toEqual([
      'Tomorrow: Tue Mar 10 2026 09:00',
      'Next week: Mon Mar 16 2026 09:00',
    ]);
  });

  it('says tomorrow once, when that is Monday', () => {
    expect(offered(2026, 1, 28, 23, 0)).toEqual([
      'Tomorrow: Sun Mar 01 2026 09:00',
      'Next week: Mon Mar 02 2026 09:00',
    ]);
    expect(offered(2026, 2, 1, 23, 0)).toEqual(['Tomorrow: Mon Mar 02 2026 09:00']);
  });
});

describe('keys', () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
    actOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }, true);

  it('do something alone, and leave combinations to the browser', () => {
    expect(['j', 'k', 'e', 'u', 's', 'ArrowDown'].map((key) => press(key))).toEqual([
      'next',
      'previous',
      'archive',
      'read',
      'snooze',
      'next',
    ]);
    expect([press('e', { ctrlKey: true }), press('Enter'), press('toString')]).toEqual([null, null, null]);
  });

  it('that are letters can be turned off', () => {
    const event = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
    expect([actOf({ key: 'j', ...event }, false), actOf({ key: 'End', ...event }, false)]).toEqual([
      null,
      'last',
    ]);
  });

  it('stay on the list', () => {
    expect([placeAfter('next', -1, 3), placeAfter('next', 2, 3), placeAfter('previous', 0, 3)]).toEqual([
      0, 2, 0,
    ]);
    expect([placeAfter('first', 2, 3), placeAfter('last', 0, 3), placeAfter('archive', 1, 3)]).toEqual([
      0, 2, 1,
    ]);
  });
});
