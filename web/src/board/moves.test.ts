import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type At, MoveError } from './editor';
import type { Dice } from './key';
import { BoardEditor } from './moves';
import { FIELD_TYPES, LINK_KINDS, PRIORITIES } from './schema';
import { pruned } from './vectors';
import { view } from './view';

const STATES = 40;

/** Random numbers that are the same each time. */
function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

const now = () => '2026-03-01T09:30:00.250Z';

/** One move at random; `name` is fresh. */
function act(doc: Y.Doc, editor: BoardEditor, draw: Dice, name: string): void {
  const { cards, columns, labels, fields, links } = view(doc);
  const one = <T>(list: readonly T[], otherwise: T): T => list[draw(list.length)] ?? otherwise;
  const [card, other] = [one([...cards.keys()], 'none'), one([...cards.keys()], 'none')];
  const column = one(columns, null);
  const beside = one(column?.cards ?? [], '');
  const at: At =
    beside === '' ? 'last' : one<At>(['first', 'last', { before: beside }, { after: beside }], 'last');
  const link = one(links, null);
  const moves: (() => void)[] = [
    () => editor.createCard(name, `Card 𝒳 ${name}`, column?.id ?? 'none', at),
    () => editor.createCard(name, name, column?.id ?? 'none'),
    () => editor.moveCards([card], column?.id ?? 'none', at),
    () => editor.moveCards([card, other], column?.id ?? 'none', 'first'),
    () => editor.moveCards([card], column?.id ?? 'none', 'last'),
    () => editor.renameCard(card, `Renamed é ${name}`),
    () => editor.setParent(card, draw(5) === 0 ? null : other),
    () => editor.setParent(card, other),
    () => editor.link(card, one(LINK_KINDS, 'blocks'), other),
    () => editor.link(card, 'blocks', other),
    () => link !== null && editor.unlink(link.from, link.kind, link.to),
    () => editor.archiveCard(card),
    () => editor.unarchiveCard(card),
    () => editor.deleteCard(card),
    () => editor.restoreCard(card),
    () => editor.createColumn(name, `Column ${name}`, 'completed', 'first'),
    () => column !== null && editor.delete('columns', column.id),
    () => editor.restore('columns', 'c0'),
    () => column !== null && editor.reorder('columns', column.id, 'last'),
    () => column !== null && editor.setWip(column.id, { limit: 1 + draw(3), mode: 'soft' }),
    () => editor.createLabel(name, name, '#00ff00'),
    () => editor.addTo('labels', card, one(labels, { id: 'none', name: '', color: null }).id),
    () => editor.addTo('assignees', card, 'ada'),
    () => editor.createField(name, name, one(FIELD_TYPES, 'text')),
    () =>
      editor.setValue(card, fields[0]?.id ?? 'none', one<string | number | boolean>([1.5, 'text', true], 0)),
    () => editor.addItem(card, name, `Item ${name}`, 'first', 'list'),
    () => editor.changeItem(card, cards.get(card)?.checklist[0]?.id ?? 'none', { done: true }),
    () => editor.setAttributes(card, { prio: one(PRIORITIES, 'low'), est: draw(9) / 2, due: '2026-03-01' }),
    () => editor.attach(card, name, { name, size: 1_234_567, mime: null }),
  ];
  try {
    one(moves, () => {})();
  } catch (error) {
    // Refusals are part of life.
    if (!(error instanceof MoveError)) throw error;
  }
}

/** What is left of some people's work. */
function state(seed: number): Y.Doc {
  const draw = dice(seed);
  const people = Array.from({ length: 3 }, (_, at) => {
    const doc = new Y.Doc();
    doc.clientID = 1 + draw(1_000_000) * 3 + at;
    return { doc, editor: new BoardEditor(doc, { by: `user-${at}`, now, dice: draw }) };
  });
  const [server] = people;
  if (server === undefined) throw new Error('nobody is there');
  server.doc.getMap('meta').set('schema', 1);
  for (const id of ['c0', 'c1', 'c2']) server.editor.createColumn(id, id, 'started');
  for (const id of ['a', 'b', 'c']) server.editor.createCard(id, id, 'c0');
  const meet = () => {
    for (const { doc } of people) {
      for (const other of people) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other.doc));
    }
  };
  meet();
  for (let step = 0; step < 45; step += 1) {
    const person = people[draw(people.length)] ?? server;
    act(person.doc, person.editor, draw, `n${seed}-${step}`);
    if (draw(15) === 0) meet();
  }
  meet();
  for (const { doc } of people) expect(pruned(view(doc)), `seed ${seed}`).toEqual(pruned(view(server.doc)));
  return server.doc;
}

describe('the moves', () => {
  // The server's tests read this file too. `vitest -u` writes it anew.
  it('leave boards that the server shows alike', { timeout: 120_000 }, async () => {
    let lines = '';
    for (let seed = 1; seed <= STATES; seed += 1) {
      const doc = state(seed);
      const update = btoa(String.fromCharCode(...Y.encodeStateAsUpdate(doc)));
      lines += `${JSON.stringify({ update, view: pruned(view(doc)) })}\n`;
    }
    await expect(lines).toMatchFileSnapshot('./moves.ndjson');
  });
});
