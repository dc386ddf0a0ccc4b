import { describe, expect, it } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { encodeName, freshName, nameFromPath, pathFromName, tokenFromFragment } from './document-address';
import { COLORS, colorAmong, type Person, tidyName } from './identity';
import { initials, peopleHere, tameColors } from './presence';
import { explain, passes } from './refusals';
import { combine, EditCounter, type Link, wording } from './save-state';

describe('the document’s address', () => {
  it('names the document, slashes and all', () => {
    for (const name of ['amber-otter-4821', 'team/notes 2', 'a%b', 'Grüße/日本', 'what?#']) {
      expect(nameFromPath(pathFromName(name))).toBe(name);
      expect(new URL(`http://host${pathFromName(name)}`).pathname).toBe(pathFromName(name));
    }
    expect(encodeName('team/notes 2')).toBe('team/notes%202');
  });

  it('names none elsewhere, and survives broken encoding', () => {
    expect(['/', '/d', '/d/', '/d//', '/other/x'].map(nameFromPath)).toEqual([null, null, null, null, null]);
    expect(nameFromPath('/d/100%')).toBe('100%');
  });

  it('draws names that need no encoding', () => {
    for (let side = 0; side < 10_000; side += 37) {
      const name = freshName((bound) => side % bound);
      expect(name).toMatch(/^[a-z]+-[a-z]+-\d{4}$/);
    }
  });

  it('takes the token from the fragment only', () => {
    expect(tokenFromFragment('#token=a%2Bb')).toBe('a+b');
    expect(['', '#', '#token=', '#other=1'].map(tokenFromFragment)).toEqual(Array(4).fill('playground'));
  });
});

describe('people', () => {
  const person = (id: string, color: string = COLORS[0]): Person => ({ id, name: `Name ${id}`, color });

  it('have colours that white text can be read on', () => {
    const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    for (const color of COLORS) {
      const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) =>
        linear(Number.parseInt(color.slice(at, at + 2), 16) / 255),
      );
      expect(1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05), color).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('are counted once, whatever their connections', () => {
    const me = person('b');
    const rich = new Map<number, unknown>([
      [1, { user: person('b') }],
      [2, { user: person('c') }],
      [3, {}],
    ]);
    const code = new Map<number, unknown>([
      [4, { user: person('c') }],
      [5, { user: person('a') }],
    ]);
    expect(peopleHere(me, [rich, code]).map(({ id }) => id)).toEqual(['b', 'c', 'a']);
  });

  it('may describe themselves badly without harm', () => {
    const states = new Map<number, unknown>([
      [1, { user: { name: ' a\n\nb ', color: 'red;background:url(x)' } }],
      [2, { user: { name: 7 } }],
      [3, { user: 'x' }],
      [4, null],
    ]);
    const [, first, second, ...rest] = peopleHere(person('me'), [states]);
    expect(first).toEqual({ id: '1', name: 'a b', color: COLORS[0] });
    expect(second).toEqual({ id: '2', name: 'Somebody', color: COLORS[0] });
    expect(rest).toEqual([]);
    expect(tidyName('x'.repeat(99))).toHaveLength(32);
  });

  it('cannot slip anything but a colour into a style', () => {
    const awareness = new Awareness(new Y.Doc());
    tameColors(awareness);
    awareness.setLocalState({ user: { color: 'red;position:fixed', colorLight: 'url(x)' } });
    expect(awareness.getLocalState()?.user).toEqual({ color: COLORS[0], colorLight: `${COLORS[0]}33` });
  });

  it('with one colour part: exactly one of them moves', () => {
    const [a, b] = [person('a'), person('b')];
    expect(colorAmong(a, [a, b])).toBe(COLORS[0]);
    expect(colorAmong(b, [a, b])).toBe(COLORS[1]);
  });

  it('have initials', () => {
    expect(['Amber Otter', 'mara', 'Jan van der Berg', '', '😀 x'].map(initials)).toEqual([
      'AO',
      'M',
      'JB',
      '',
      '😀X',
    ]);
  });
});

describe('the save mark', () => {
  const saved: Link = { reach: 'connected', unsaved: false };
  const saving: Link = { reach: 'connected', unsaved: true };
  const lost: Link = { reach: 'lost', unsaved: false };

  it('shows the worst of all editors', () => {
    expect(combine([saved, saved])).toBe('saved');
    expect(combine([saved, saving])).toBe('saving');
    expect(combine([saving, lost])).toBe('offline');
    expect(combine([{ reach: 'connecting', unsaved: false }])).toBe('offline');
    expect(combine([saved, { reach: 'connecting', unsaved: false }])).toBe('saved');
    expect(combine([saved, { reach: 'connecting', unsaved: true }])).toBe('saving');
    expect(combine([])).toBe('offline');
  });

  it('says what offline means here', () => {
    expect(wording([{ reach: 'connecting', unsaved: false }]).label).toBe('Connecting…');
    expect(wording([lost]).label).toBe('Offline');
    expect(wording([{ ...lost, unsaved: true }]).label).toBe('Offline, edits kept here');
  });

  it('needs an answer to the last edit, not to any', () => {
    const counter = new EditCounter();
    expect([counter.unsaved, counter.question()]).toEqual([false, null]);
    counter.edited();
    expect(counter.question()).toBe(1);
    counter.edited();
    expect(counter.question()).toBeNull();
    counter.answered(1);
    expect(counter.unsaved).toBe(true);
    expect(counter.question()).toBe(2);
    counter.answered(7);
    expect(counter.unsaved).toBe(true);
    counter.answered(2);
    expect(counter.unsaved).toBe(false);
  });

  it('asks again after a lost connection, and believes no answer from before', () => {
    const counter = new EditCounter();
    counter.edited();
    counter.question();
    counter.disconnected();
    counter.answered(1);
    expect(counter.unsaved).toBe(true);
    expect(counter.question()).toBe(1);
  });
});

describe('refusals', () => {
  it('are explained, known or not', () => {
    expect(explain('document-quarantined')).toContain('weft doctor');
    expect(explain('')).toBeNull();
    expect(explain('constructor')).toContain('constructor');
  });

  it('are asked about again only where that can help', () => {
    expect(['storage-unavailable', 'document-full', 'forbidden', 'document-too-large'].map(passes)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
