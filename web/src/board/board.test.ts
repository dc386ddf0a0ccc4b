import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MoveError } from './editor';
import { between, betweenWith, type Dice, group, isKey, KeyError, LONG_KEY, settle, spread } from './key';
import { BoardEditor } from './moves';
import { isColor, isId, isMoment, LIMITS } from './schema';
import { view } from './view';

/** Random numbers that are the same each time. */
function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function replica(client: number): { doc: Y.Doc; editor: BoardEditor } {
  const doc = new Y.Doc();
  doc.clientID = client;
  const hand = { by: 'ada', now: () => '2026-03-01T09:30:00Z', dice: dice(client) };
  return { doc, editor: new BoardEditor(doc, hand) };
}

/** Columns `todo`, `doing`, `done`, and cards in the first. */
function board(client: number, ...cards: string[]) {
  const made = replica(client);
  made.doc.getMap('meta').set('schema', 1);
  made.editor.createColumn('todo', 'To do', 'unstarted');
  made.editor.createColumn('doing', 'Doing', 'started');
  made.editor.createColumn('done', 'Done', 'completed');
  for (const card of cards) made.editor.createCard(card, `Card ${card}`, 'todo');
  return made;
}

function join(client: number, other: Y.Doc) {
  const made = replica(client);
  Y.applyUpdate(made.doc, Y.encodeStateAsUpdate(other));
  return made;
}

function meet(...docs: Y.Doc[]): void {
  for (const one of docs) for (const other of docs) Y.applyUpdate(one, Y.encodeStateAsUpdate(other));
}

const shown = (doc: Y.Doc, column: string) => view(doc).columns.find(({ id }) => id === column)?.cards;

function code(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MoveError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('order keys', () => {
  it('are those of the published algorithm', () => {
    const known: [string | null, string | null, string][] = [
      [null, null, 'a0'],
      [null, 'a0', 'Zz'],
      ['a0', null, 'a1'],
      ['a0', 'a1', 'a0V'],
      ['a0V', 'a1', 'a0l'],
      ['Zz', 'a0', 'ZzV'],
      ['Zz', 'a1', 'a0'],
      [null, 'Y00', 'Xzzz'],
      ['bzz', null, 'c000'],
      ['a0', 'a0V', 'a0G'],
      ['a0', 'a0G', 'a08'],
      ['b125', 'b129', 'b127'],
      ['Zz', 'a01', 'a0'],
      [null, 'b999', 'b99'],
      [null, 'A000000000000000000000000001', 'A000000000000000000000000000V'],
      ['zzzzzzzzzzzzzzzzzzzzzzzzzzz', null, 'zzzzzzzzzzzzzzzzzzzzzzzzzzzV'],
    ];
    for (const [low, high, key] of known) expect(between(low, high), `${low} ${high}`).toBe(key);
    expect(spread('a0', 'a2', 20).join(' ')).toBe(
      'a04 a08 a0G a0K a0O a0V a0Z a0d a0l a0t a1 a14 a18 a1G a1O a1V a1Z a1d a1l a1t',
    );
    expect(['', 'a', 'a00', 'b1', '0', 'a0-', `A${'0'.repeat(26)}`].map(isKey)).toEqual(Array(7).fill(false));
    expect(() => between('a1', 'a1')).toThrow(KeyError);
  });

  it('stay between their neighbours and are settled when they grow long', () => {
    const random = dice(5);
    const list: string[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      const at = random(2) === 0 ? Math.floor(list.length / 2) : random(list.length + 1);
      const [low, high] = [list[at - 1] ?? null, list[at] ?? null];
      try {
        const keys = step % 2 === 0 ? [betweenWith(low, high, random)] : group(low, high, 3, random);
        list.splice(at, 0, ...keys);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyError);
        for (const [index, key] of settle(list)) list[index] = key;
      }
    }
    for (const [index, key] of settle(list)) list[index] = key;
    expect(list).toEqual([...new Set(list)].sort((one, other) => (one < other ? -1 : 1)));
    expect(list.every((key) => isKey(key) && key.length <= LONG_KEY)).toBe(true);
    expect(settle(list).size).toBe(0);
  });
});

describe('reading', () => {
  it('knows forms', () => {
    const moments = [
      '2026-02-28',
      '2028-02-29',
      '2000-02-29',
      '2026-12-31T23:59:59Z',
      '2026-12-31T00:00:00.125Z',
    ];
    const none = [
      '',
      '2026-02-29',
      '1900-02-29',
      '2026-04-31',
      '2026-13-01',
      '2026-01-00',
      '2026-01-01T24:00:00Z',
    ];
    expect(moments.map(isMoment)).toEqual(moments.map(() => true));
    expect([...none, '2026-01-01T00:00:00', 5].map(isMoment)).toEqual(Array(9).fill(false));
    expect(['#12aB9f', 'red', 'x-1'].map(isColor)).toEqual([true, true, true]);
    expect(['#12aB9', 'Red', '1x', '', 'x'.repeat(33)].map(isColor)).toEqual(Array(5).fill(false));
    expect(['a', '0199f7a0-0000', 'A_b'].map(isId)).toEqual([true, true, true]);
    expect(['', 'a|b', 'ä', 'x'.repeat(65)].map(isId)).toEqual(Array(4).fill(false));
  });

  it('passes over what is of the wrong type, and cuts what is long', () => {
    const { doc } = board(1, 'a', 'b', 'c', 'd');
    const cards = doc.getMap('cards');
    const set = (id: string, name: string, value: unknown) =>
      (cards.get(id) as Y.Map<unknown>).set(name, value);
    set('a', 'title', new Y.XmlText('not a title'));
    set('b', 'title', 'not a title');
    set('c', 'title', new Y.Text('𝒳'.repeat(600)));
    set('a', 'desc', new Y.XmlElement('p'));
    set('a', 'assignees', { ada: true });
    set('a', 'del', true);
    set('a', 'place', ['todo', 'a0', 'more']);
    set('a', 'parent', { p: 'b', t: 1.5 });
    set('d', 'est', Number.NaN);
    set('d', 'lane', 'nowhere');
    cards.set('e', { title: 'no card' });
    doc.getText('text').insert(0, 'not ours');
    const shownCards = view(doc).cards;
    expect([...shownCards].map(([id, card]) => [id, card.title.length])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1_000],
      ['d', 6],
    ]);
    expect(shownCards.get('a')).toMatchObject({
      state: 'open',
      described: false,
      assignees: [],
      parent: null,
    });
    expect(shownCards.get('d')).toMatchObject({ estimate: null, lane: null });
    expect(shown(doc, 'todo')).toEqual(['b', 'c', 'd', 'a']);
  });

  it('shows nothing where a root is something else', () => {
    const doc = new Y.Doc();
    for (const name of ['meta', 'columns', 'cards', 'links']) doc.getArray(name).push([1]);
    expect([view(doc).cards.size, view(doc).columns.length, view(doc).schema]).toEqual([0, 0, null]);
  });
});

describe('the moves', () => {
  it('put cards where they are told', () => {
    const { doc, editor } = board(1, 'a', 'b', 'c', 'd');
    editor.moveCards(['d'], 'todo', 'first');
    expect(shown(doc, 'todo')).toEqual(['d', 'a', 'b', 'c']);
    editor.moveCards(['d', 'b'], 'todo', { after: 'c' });
    expect(shown(doc, 'todo')).toEqual(['a', 'c', 'd', 'b']);
    editor.moveCards(['b'], 'done', 'last');
    expect(view(doc).cards.get('b')?.done).toEqual({ at: '2026-03-01T09:30:00Z', by: 'ada' });
    editor.moveCards(['b'], 'doing', 'last');
    expect(view(doc).cards.get('b')?.done).toBeNull();
  });

  it('find room for many cards at one place', { timeout: 60_000 }, () => {
    const { doc, editor } = board(1, 'a', 'b');
    const ids = Array.from({ length: 150 }, (_, at) => `n${at}`);
    for (const id of ids) editor.createCard(id, id, 'todo', { before: 'b' });
    expect(shown(doc, 'todo')).toEqual(['a', ...ids, 'b']);
  });

  it('refuse with a reason, and write nothing then', () => {
    const { doc, editor } = board(1, 'a', 'b', 'c');
    editor.setParent('a', 'b');
    editor.link('a', 'blocks', 'b');
    const before = Y.encodeStateAsUpdate(doc);
    expect([
      code(() => editor.moveCards(['a', 'x'], 'todo', 'last')),
      code(() => editor.moveCards(['a'], 'nowhere', 'last')),
      code(() => editor.createCard('n', 'N', 'todo', { before: 'x' })),
      code(() => editor.createCard('a', 'A', 'todo')),
      code(() => editor.renameCard('a', 'x'.repeat(LIMITS.titleChars + 1))),
      code(() => editor.setParent('b', 'a')),
      code(() => editor.link('b', 'blocks', 'a')),
      code(() => editor.link('a', 'blocks', 'a')),
      code(() => editor.addTo('labels', 'a', 'none')),
      code(() => editor.setAttributes('a', { due: '2026-02-30' })),
      code(() => editor.createLabel('l', 'L', 'Red!')),
      code(() => new BoardEditor(new Y.Doc(), { by: null, now: () => null, dice: dice(1) }).deleteCard('a')),
    ]).toEqual([
      'not_found',
      'not_found',
      'not_found',
      'exists',
      'too_long',
      'parent_cycle',
      'dependency_cycle',
      'self_link',
      'not_found',
      'invalid',
      'invalid',
      'no_board',
    ]);
    editor.renameCard('a', 'Card a');
    editor.restoreCard('a');
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });

  it('fill a card', () => {
    const { doc, editor } = board(1, 'a', 'b');
    editor.createLabel('red', 'Red', '#ff0000');
    editor.createLane('top', 'Top');
    editor.createField('size', 'Size', 'select');
    editor.createChoice('size', 'xl', 'XL');
    editor.addTo('labels', 'a', 'red');
    editor.addTo('assignees', 'a', 'ada');
    editor.setAttributes('a', { lane: 'top', prio: 'high', est: 3, due: '2026-03-01' });
    editor.setValue('a', 'size', 'xl');
    expect(code(() => editor.setValue('a', 'size', 'xs'))).toBe('invalid');
    editor.addItem('a', 'i1', 'one');
    editor.addItem('a', 'i2', 'two', 'first');
    editor.changeItem('a', 'i1', { done: true });
    editor.attach('a', 'f1', { name: 'plan.pdf', size: 10, mime: null });
    const card = view(doc).cards.get('a');
    expect(card).toMatchObject({
      lane: 'top',
      priority: 'high',
      estimate: 3,
      due: '2026-03-01',
      labels: ['red'],
      assignees: ['ada'],
      checklist: [
        { id: 'i2', text: 'two', done: false, list: '' },
        { id: 'i1', text: 'one', done: true, list: '' },
      ],
    });
    expect([card?.values.get('size'), card?.files.get('f1')?.name]).toEqual(['xl', 'plan.pdf']);
    editor.delete('labels', 'red');
    expect(view(doc).cards.get('a')?.labels).toEqual([]);
  });
});

describe('what two people do at once', () => {
  it('puts a card in one place', () => {
    const one = board(1, 'a', 'b');
    const other = join(2, one.doc);
    one.editor.moveCards(['a'], 'doing', 'last');
    other.editor.moveCards(['a'], 'done', 'last');
    meet(one.doc, other.doc);
    expect([shown(one.doc, 'doing'), shown(one.doc, 'done')]).toEqual([[], ['a']]);
    expect(view(other.doc)).toEqual(view(one.doc));
  });

  it('shows a card of a deleted column at the end of the first', () => {
    const one = board(1, 'a', 'b');
    const other = join(2, one.doc);
    one.editor.delete('columns', 'done');
    other.editor.moveCards(['a'], 'done', 'last');
    meet(one.doc, other.doc);
    expect(shown(one.doc, 'todo')).toEqual(['b', 'a']);
    one.editor.restore('columns', 'done');
    expect(shown(one.doc, 'done')).toEqual(['a']);
  });

  it('merges titles and breaks circles', () => {
    const one = board(1, 'a', 'b');
    const other = join(2, one.doc);
    one.editor.renameCard('a', '🚀 Card a');
    other.editor.renameCard('a', 'Card a is done');
    one.editor.setParent('a', 'b');
    other.editor.setParent('b', 'a');
    one.editor.link('a', 'blocks', 'b');
    other.editor.link('b', 'blocks', 'a');
    meet(one.doc, other.doc);
    const { cards, links } = view(one.doc);
    expect(cards.get('a')?.title).toBe('🚀 Card a is done');
    expect([cards.get('a')?.parent, cards.get('b')?.parent]).toEqual(['b', null]);
    expect(links.map(({ cyclic }) => cyclic)).toEqual([false, true]);
  });
});
