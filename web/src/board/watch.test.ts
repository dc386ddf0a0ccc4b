import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MoveError } from './editor';
import type { Dice } from './key';
import { BoardEditor } from './moves';
import { readBoard } from './read';
import { view } from './view';
import { Watch } from './watch';

/** Random numbers that are the same each time. */
function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function board(seed: number) {
  const doc = new Y.Doc();
  doc.clientID = seed;
  const draw = dice(seed);
  const watch = new Watch(doc);
  const hand = { by: 'ada', now: () => '2026-03-01T09:30:00Z', dice: draw };
  doc.getMap('meta').set('schema', 1);
  const editor = new BoardEditor(doc, { ...hand, read: () => watch.read() });
  for (const id of ['c0', 'c1', 'c2']) editor.createColumn(id, id, id === 'c2' ? 'completed' : 'started');
  return { doc, draw, watch, editor };
}

/** One of the things that change what a board shows, at random. */
function act({ doc, draw, editor }: ReturnType<typeof board>, step: number): void {
  const { cards, columns } = view(doc);
  const one = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
  const card = one([...cards.keys(), 'none']);
  const column = one([...columns.map(({ id }) => id), 'none']);
  const registers = doc.getMap('cards').get(card) as Y.Map<unknown> | undefined;
  // Ids that do not come in their order.
  const name = `${one(['a', 'z', 'm'])}${step}`;
  const acts: (() => void)[] = [
    () => editor.createCard(name, `Card ${name}`, column, 'first'),
    () => editor.createCard(name, `Card ${name}`, column),
    () => editor.moveCards([card], column, one(['first', 'last'] as const)),
    () => editor.renameCard(card, name),
    () => editor.setParent(card, one([...cards.keys(), null])),
    () => editor.link(card, 'blocks', one([...cards.keys(), 'none'])),
    () => one([() => editor.archiveCard(card), () => editor.unarchiveCard(card)])(),
    () => one([() => editor.deleteCard(card), () => editor.restoreCard(card)])(),
    () => one([() => editor.delete('columns', column), () => editor.restore('columns', 'c1')])(),
    () => editor.setWip(column, { limit: 1 + draw(3), mode: 'soft' }),
    () => editor.createLabel(name, name, 'red'),
    () => editor.addTo('labels', card, one([...view(doc).labels.map(({ id }) => id), 'none'])),
    () => editor.addItem(card, name, name),
    () => doc.getMap('cards').delete(card),
    () => registers?.set('title', 'no title any more'),
    () => (registers?.get('desc') as Y.XmlFragment | undefined)?.insert(0, [new Y.XmlElement('paragraph')]),
    () => doc.getMap('meta').set('schema', one([1, 1, 1, 2])),
  ];
  try {
    one(acts)();
  } catch (error) {
    if (!(error instanceof MoveError)) throw error;
    doc.getMap('meta').set('schema', 1);
  }
}

describe('a watch', () => {
  it('says what reading anew would say, whoever changes the board', { timeout: 60_000 }, () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const one = board(seed);
      const other = new Y.Doc();
      const second = new Watch(other);
      for (let step = 0; step < 80; step += 1) {
        act(one, step);
        if (one.draw(3) === 0) Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc));
        if (one.draw(2) === 0) {
          for (const [doc, watch] of [
            [one.doc, one.watch],
            [other, second],
          ] as const) {
            const { raw, view: shown } = watch.read();
            expect(raw, `seed ${seed} step ${step}`).toEqual(readBoard(doc));
            expect([...raw.cards.keys()]).toEqual([...readBoard(doc).cards.keys()]);
            expect(shown, `seed ${seed} step ${step}`).toEqual(view(doc));
          }
        }
      }
    }
  });

  it('keeps what did not change', () => {
    const { doc, editor, watch } = board(1);
    for (const id of ['a', 'b', 'c']) editor.createCard(id, id, 'c0');
    const before = watch.read().view;
    expect(watch.read().view).toBe(before);
    editor.renameCard('b', 'Other');
    const renamed = watch.read().view;
    expect(['a', 'b', 'c'].map((id) => renamed.cards.get(id) === before.cards.get(id))).toEqual([
      true,
      false,
      true,
    ]);
    expect(renamed.columns[0]?.cards).toBe(before.columns[0]?.cards);
    editor.moveCards(['c'], 'c1', 'first');
    const moved = watch.read().view;
    expect(moved.columns.map(({ cards }, at) => cards === renamed.columns[at]?.cards)).toEqual([
      false,
      false,
      true,
    ]);
    let calls = 0;
    const counting = new Watch(doc, () => {
      calls += 1;
    });
    editor.deleteCard('a');
    expect(calls).toBe(1);
    counting.destroy();
    editor.restoreCard('a');
    expect(calls).toBe(1);
  });
});
