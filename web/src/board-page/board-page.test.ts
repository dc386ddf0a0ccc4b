import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type BoardView, view } from '../board/view';
import { COLORS, type Person } from '../identity';
import { arranged, type Lift, neighbour, stepped } from './arrange';
import { caretAfter } from './card-dialog/title';
import { dayOf, localDay, nearness, shortDay } from './dates';
import { Faces } from './faces';
import { type Filter, isFiltering, matcher, NO_FILTER, toggled } from './filter';
import { found, foundingUpdate } from './founding';
import { idOfName, nameOf } from './names';
import { peersByCard } from './peers';
import { BoardStore, freshId } from './store';
import { paint } from './tones';

/** A board of three columns, with cards in the first. */
function page(client: number, ...cards: string[]) {
  const doc = new Y.Doc();
  doc.clientID = client;
  found(doc);
  const said: string[] = [];
  const store = new BoardStore({
    doc,
    by: 'ada',
    onTouched() {},
    onHistory() {},
    say: (sentence) => said.push(sentence),
  });
  store.isWritable = true;
  const add = (title: string) =>
    store.createCard((board, id) => board.createCard(id, title, 'todo')) as string;
  return { doc, store, said, ids: cards.map(add), add };
}

const meet = (...docs: Y.Doc[]) => {
  for (const one of docs) for (const other of docs) Y.applyUpdate(one, Y.encodeStateAsUpdate(other));
};

const titles = (shown: BoardView, column: string) =>
  shown.columns.find(({ id }) => id === column)?.cards.map((id) => shown.cards.get(id)?.title);

describe('founding a board', () => {
  it('writes the same bytes everywhere, so that two who do it lose nothing', () => {
    expect(foundingUpdate()).toEqual(foundingUpdate());
    const [one, other] = [page(1, 'A'), page(2, 'B')];
    one.store.act((board) => board.rename('columns', 'todo', 'Mine'));
    other.store.act((board) => board.setWip('todo', { limit: 3, mode: 'soft' }));
    meet(one.doc, other.doc);
    expect(view(one.doc)).toEqual(view(other.doc));
    const [todo] = one.store.view.columns;
    expect([todo?.title, todo?.wip?.limit, todo?.cards.length]).toEqual(['Mine', 3, 2]);
    expect(one.store.view.columns.map(({ category }) => category)).toEqual([
      'unstarted',
      'started',
      'completed',
    ]);
  });

  // What is written under one number must never change: other columns need another author, who comes by himself.
  it('is what it has always been', () => {
    expect(btoa(String.fromCharCode(...foundingUpdate()))).toMatchInlineSnapshot(
      `"AQ3gv6veDQAoAQRtZXRhBnNjaGVtYQF9AScBB2NvbHVtbnMEdG9kbwEoAOC/q94NAQV0aXRsZQF3BVRvIGRvKADgv6veDQEDcG9zAXcGYTAwMDAxKADgv6veDQEIY2F0ZWdvcnkBdwl1bnN0YXJ0ZWQnAQdjb2x1bW5zBWRvaW5nASgA4L+r3g0FBXRpdGxlAXcLSW4gcHJvZ3Jlc3MoAOC/q94NBQNwb3MBdwZhMTAwMDEoAOC/q94NBQhjYXRlZ29yeQF3B3N0YXJ0ZWQnAQdjb2x1bW5zBGRvbmUBKADgv6veDQkFdGl0bGUBdwREb25lKADgv6veDQkDcG9zAXcGYTIwMDAxKADgv6veDQkIY2F0ZWdvcnkBdwljb21wbGV0ZWQA"`,
    );
  });

  it('leaves alone what is a board already', () => {
    const doc = new Y.Doc();
    doc.getMap('meta').set('schema', 2);
    found(doc);
    expect(doc.getMap('columns').size).toBe(0);
  });
});

describe('undo', () => {
  it('takes back what was done here, step by step, and does it again', () => {
    const { store, ids } = page(1, 'A', 'B');
    const [a = '', b = ''] = ids;
    store.act((board) => board.moveCards([a], 'done', 'last'));
    store.act((board) => board.setAttributes(b, { prio: 'high' }));
    store.history.undo();
    expect(store.view.cards.get(b)?.priority).toBeNull();
    expect(store.view.cards.get(a)?.done).not.toBeNull();
    store.history.undo();
    expect(titles(store.view, 'todo')).toEqual(['A', 'B']);
    expect(store.view.cards.get(a)?.done).toBeNull();
    store.history.redo();
    store.history.redo();
    expect([titles(store.view, 'done'), store.view.cards.get(b)?.priority]).toEqual([['A'], 'high']);
    expect(store.history.canRedo).toBe(false);
  });

  it('puts what was made into the trash, with what others have written into it', () => {
    const [one, other] = [page(1), page(2)];
    const card = one.add('A');
    meet(one.doc, other.doc);
    other.store.act((board) => board.addItem(card, 'i', 'from Bo'));
    meet(one.doc, other.doc);
    one.store.history.undo();
    expect(one.store.view.cards.get(card)?.state).toBe('deleted');
    one.store.history.redo();
    expect(one.store.view.cards.get(card)?.checklist.map(({ text }) => text)).toEqual(['from Bo']);
    const column = one.store.createEntry('columns', (board, id) => board.createColumn(id, 'New', 'started'));
    one.store.history.undo();
    expect(one.store.view.columns.some(({ id }) => id === column)).toBe(false);
  });

  it('does not touch what others have done, and passes over what they have undone', () => {
    const [one, other] = [page(1, 'A'), page(2)];
    const [a = ''] = one.ids;
    meet(one.doc, other.doc);
    one.store.act((board) => board.setAttributes(a, { est: 1 }));
    one.store.act((board) => board.moveCards([a], 'doing', 'last'));
    meet(one.doc, other.doc);
    other.store.act((board) => board.moveCards([a], 'done', 'last'));
    meet(one.doc, other.doc);
    one.store.history.undo();
    expect(titles(one.store.view, 'done')).toEqual(['A']);
    expect(one.store.view.cards.get(a)?.estimate).toBeNull();
    expect(other.store.history.canUndo).toBe(true);
    one.store.act((board) => board.setAttributes(a, { est: 2 }));
    expect(one.store.history.canRedo).toBe(false);
  });

  it('does not jump over what was made when an edit has no effect any more', () => {
    const [one, other] = [page(1, 'A'), page(2)];
    const [a = ''] = one.ids;
    meet(one.doc, other.doc);
    one.store.act((board) => board.setAttributes(a, { est: 1 }));
    const made = one.add('B');
    one.store.act((board) => board.setAttributes(a, { prio: 'low' }));
    meet(one.doc, other.doc);
    other.store.act((board) => board.setAttributes(a, { prio: 'high' }));
    meet(one.doc, other.doc);
    one.store.history.undo();
    const { cards } = one.store.view;
    expect([cards.get(made)?.state, cards.get(a)?.estimate, cards.get(a)?.priority]).toEqual([
      'deleted',
      1,
      'high',
    ]);
  });

  it('takes a word back at once, and not what was done between two words', () => {
    const { store, ids } = page(1, 'A');
    const [a = ''] = ids;
    for (const title of ['Ab', 'Abc', 'Abcd']) store.type('title', (board) => board.renameCard(a, title));
    store.act((board) => board.setAttributes(a, { prio: 'low' }));
    store.type('title', (board) => board.renameCard(a, 'Abcde'));
    const seen = [];
    for (let step = 0; step < 3; step += 1) {
      store.history.undo();
      seen.push([store.view.cards.get(a)?.title, store.view.cards.get(a)?.priority]);
    }
    expect(seen).toEqual([
      ['Abcd', 'low'],
      ['Abcd', null],
      ['A', null],
    ]);
  });
});

describe('the store', () => {
  it('says why it refuses, and writes nothing where it may not', () => {
    const { store, said, doc, ids } = page(1, 'A');
    const [a = ''] = ids;
    expect(store.act((board) => board.link(a, 'blocks', a))).toBe(false);
    expect(said).toEqual(['A card cannot depend on itself.']);
    store.isWritable = false;
    const before = Y.encodeStateAsUpdate(doc);
    expect(store.act((board) => board.deleteCard(a))).toBe(false);
    expect(store.createCard((board, id) => board.createCard(id, 'B', 'todo'))).toBeNull();
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });

  it('gives ids that are UUIDs in the order of time', () => {
    const id = freshId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.abs(Number.parseInt(id.replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(60_000);
  });
});

describe('a card that is lifted', () => {
  const { store, ids } = page(1, 'A', 'B', 'C');
  const [a = '', b = '', c = ''] = ids;
  const columns = store.view.columns.map(({ id }) => id);
  const lift = (column: string, after: string | null): Lift => ({ card: b, target: { column, after } });
  const all = () => true;

  it('stands where it is held, and nowhere else', () => {
    expect(arranged(store.view, null).get('todo')).toBe(store.view.columns[0]?.cards);
    expect(arranged(store.view, lift('todo', c)).get('todo')).toEqual([a, c, b]);
    const over = arranged(store.view, lift('doing', null));
    expect([over.get('todo'), over.get('doing')]).toEqual([[a, c], [b]]);
    expect(arranged(store.view, lift('todo', 'gone elsewhere')).get('todo')).toEqual([a, c, b]);
    expect(arranged(store.view, lift('no column', null)).get('todo')).toEqual([a, b, c]);
  });

  it('goes by arrows, over what is hidden, and not over the edge', () => {
    const held = lift('todo', a);
    const lists = arranged(store.view, held);
    const step = (arrow: Parameters<typeof stepped>[3], shown: (id: string) => boolean = all) =>
      stepped(columns, lists, held, arrow, shown);
    expect(step('up')).toEqual({ column: 'todo', after: null });
    expect(step('down')).toEqual({ column: 'todo', after: c });
    expect(step('right')).toEqual({ column: 'doing', after: null });
    expect(step('left')).toBeNull();
    expect(step('last')).toEqual({ column: 'todo', after: c });
    expect(step('down', (id) => id !== c)).toBeNull();
  });

  it('has neighbours, beyond empty columns too', () => {
    const lists = new Map([
      ['todo', ['a', 'b']],
      ['doing', []],
      ['done', ['c']],
    ]);
    const from = (card: string, arrow: Parameters<typeof neighbour>[3]) =>
      neighbour(columns, lists, card, arrow, all);
    expect([
      from('b', 'right'),
      from('c', 'left'),
      from('a', 'down'),
      from('b', 'down'),
      from('b', 'first'),
    ]).toEqual(['c', 'a', 'b', null, 'a']);
    expect(from('gone', 'down')).toBe('a');
  });
});

describe('the filter', () => {
  const { store, ids } = page(1, 'Crème brûlée', 'Plain bread');
  const [first = '', second = ''] = ids;
  store.act((board) => board.setAttributes(first, { prio: 'high' }));
  store.act((board) => board.addTo('assignees', second, 'Ada'));
  const fits = (filter: Partial<Filter>) =>
    [first, second].filter((id) => {
      const card = store.view.cards.get(id);
      return card && matcher({ ...NO_FILTER, ...filter }, ({ assignees }) => assignees.join(' '))(card);
    });

  it('compares neither case nor accents, and wants every word', () => {
    expect(fits({ text: 'CREME brul' })).toEqual([first]);
    expect(fits({ text: 'creme bread' })).toEqual([]);
    expect(fits({ text: 'ada' })).toEqual([second]);
    expect(fits({ text: '  ' })).toEqual([first, second]);
    expect([isFiltering(NO_FILTER), isFiltering({ ...NO_FILTER, text: ' ' })]).toEqual([false, false]);
  });

  it('takes one of what is chosen, and what has none if that is chosen', () => {
    expect(fits({ priorities: new Set(['high', 'low']) })).toEqual([first]);
    expect(fits({ priorities: new Set(['']) })).toEqual([second]);
    expect(fits({ assignees: new Set(['']), priorities: new Set(['high']) })).toEqual([first]);
    expect(fits({ assignees: new Set(['Bo']) })).toEqual([]);
    const chosen = toggled(NO_FILTER, 'labels', 'x');
    expect([chosen.labels.has('x'), toggled(chosen, 'labels', 'x').labels.size]).toEqual([true, 0]);
  });
});

describe('names', () => {
  const open = { members: [{ id: 'u1', name: 'Ada Lovelace' }], isOpen: true };

  it('can be spelled as ids, and read again', () => {
    for (const name of ['Ada', 'Ada Lovelace', 'Zoë Ångström', 'O’Neil-Smith_2', '日本']) {
      const id = idOfName(name);
      expect(id, name).toMatch(/^[0-9A-Za-z_-]{1,64}$/);
      expect(nameOf(open, id as string)).toBe(name);
    }
    expect(idOfName('日'.repeat(32))).toBeNull();
    expect(idOfName('  ')).toBeNull();
  });

  it('are those of the members; nothing is read out of an id that spells none', () => {
    expect(nameOf(open, 'u1')).toBe('Ada Lovelace');
    expect(nameOf(open, '0198c0de-0000-7000-8000-000000000001')).toBe('Somebody');
    expect(nameOf(open, 'a-0-b-110000-c')).toBe('a-0-b-110000-c');
  });
});

describe('days', () => {
  it('are near or far from the day of the reader', () => {
    const today = '2026-03-10';
    expect(
      ['2026-03-09', '2026-03-10', '2026-03-12', '2026-03-13', '2027-01-01'].map((day) =>
        nearness(day, today),
      ),
    ).toEqual(['past', 'today', 'soon', 'later', 'later']);
    expect(shortDay('2026-03-12', today)).not.toContain('2026');
    expect(shortDay('2027-03-12', today)).toContain('2027');
    const noon = new Date(2026, 2, 10, 12);
    expect([localDay(noon), dayOf(noon.toISOString()), dayOf('2026-03-10')]).toEqual([today, today, today]);
  });
});

describe('the others', () => {
  const me: Person = { id: 'me', name: 'Me', color: COLORS[0] };

  it('are found at their cards, once each, whatever their pages say', () => {
    const bo = { id: 'bo', name: 'Bo', color: COLORS[1] };
    const states = new Map<number, unknown>([
      [1, { user: me, board: { card: 'a' } }],
      [2, { user: bo, board: { card: 'a', drag: 'b' } }],
      [3, { user: bo, board: { card: 'a', drag: null } }],
      [4, { user: me, board: { card: 'a' } }],
      [5, { user: { name: 7 }, board: { card: '"><script>', drag: { a: 1 } } }],
      [6, { user: bo, board: 'a' }],
      [7, null],
    ]);
    const peers = peersByCard(states, 1, me);
    expect(
      [...peers].map(([card, there]) => [card, there.map(({ name, isMoving }) => [name, isMoving])]),
    ).toEqual([
      ['b', [['Bo', true]]],
      ['a', [['Bo', false]]],
    ]);
  });
});

describe('faces', () => {
  it('tell which cards look different, and count who waits for whom', () => {
    const { store, ids } = page(1, 'A', 'B', 'C');
    const [a = '', b = '', c = ''] = ids;
    const faces = new Faces();
    const around = { directory: { members: [], isOpen: true }, today: '2026-03-10', peersAt: () => [] };
    expect(faces.take(store.view)).toBeNull();
    store.act((board) => board.link(a, 'blocks', b));
    expect(faces.take(store.view)).toEqual(new Set([b]));
    expect(faces.face(b, around)?.blockers).toBe(1);
    store.act((board) => board.setParent(c, a));
    expect(faces.take(store.view)).toEqual(new Set([a, c]));
    store.act((board) => board.moveCards([a], 'done', 'last'));
    expect(faces.take(store.view)).toEqual(new Set([a, b]));
    expect(faces.face(b, around)?.blockers).toBe(0);
    store.act((board) => board.setAttributes(c, { done: true }));
    expect(faces.take(store.view)).toEqual(new Set([c, a]));
    expect(faces.face(a, around)?.parts).toEqual({ done: 1, all: 1 });
    expect(faces.take(store.view)).toEqual(new Set());
  });
});

describe('a field in which two people type', () => {
  it('keeps the cursor where it was in the text', () => {
    expect(caretAfter('hello world', 'hello, world', 3)).toBe(3);
    expect(caretAfter('hello world', 'hello, world', 8)).toBe(9);
    expect(caretAfter('hello', 'oh hello', 5)).toBe(8);
    expect(caretAfter('hello world', 'hello', 11)).toBe(5);
    expect(caretAfter('abc', 'xyz', 1)).toBe(3);
    expect(caretAfter('', 'new', 0)).toBe(0);
  });
});

it('paints with nothing but colours', () => {
  expect(['#12aB9f', 'red', 'nope', 'red;x', null].map(paint)).toEqual([
    '#12aB9f',
    'var(--tone-red)',
    'var(--tone-gray)',
    'var(--tone-gray)',
    'var(--tone-gray)',
  ]);
});
