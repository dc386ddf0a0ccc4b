/**
 * What everybody is shown: a function of the state of the document and of nothing else, so that pages and the server
 * with the same state show the same board. The rules are in `docs/board-schema.md`.
 */

import type * as Y from 'yjs';
import {
  type FieldValue,
  type FileView,
  type RawBoard,
  type RawCard,
  type RawColumn,
  type RawEntry,
  type RawField,
  type RawLink,
  readBoard,
  type Stamp,
  type Wip,
} from './read';
import {
  type Category,
  compare,
  type FieldType,
  isId,
  isMoment,
  LIMITS,
  LINK_KINDS,
  type LinkKind,
  ORDERING_KINDS,
  type Priority,
} from './schema';

export interface ColumnView {
  readonly id: string;
  readonly title: string;
  readonly category: Category;
  readonly color: string | null;
  readonly wip: Wip | null;
  readonly over_limit: boolean;
  readonly cards: readonly string[];
}

export interface OptionView {
  readonly id: string;
  readonly name: string;
  readonly color: string | null;
}

export interface FieldView {
  readonly id: string;
  readonly name: string;
  readonly type: FieldType;
  readonly options: readonly OptionView[];
}

export interface ItemView {
  readonly id: string;
  readonly text: string;
  readonly done: boolean;
  readonly list: string;
}

export interface CardView {
  readonly state: 'open' | 'archived' | 'deleted';
  readonly column: string | null;
  readonly lane: string | null;
  readonly title: string;
  readonly described: boolean;
  readonly priority: Priority | null;
  readonly due: string | null;
  readonly start: string | null;
  readonly estimate: number | null;
  readonly color: string | null;
  readonly cover: string | null;
  readonly archived: Stamp | null;
  readonly done: Stamp | null;
  readonly deleted: Stamp | null;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly assignees: readonly string[];
  readonly labels: readonly string[];
  readonly watchers: readonly string[];
  readonly checklist: readonly ItemView[];
  readonly values: ReadonlyMap<string, FieldValue>;
  readonly files: ReadonlyMap<string, FileView>;
}

export interface LinkView {
  readonly from: string;
  readonly kind: LinkKind;
  readonly to: string;
  readonly cyclic: boolean;
}

export interface BoardView {
  readonly schema: number | null;
  readonly columns: readonly ColumnView[];
  readonly unsorted: readonly string[];
  readonly archive: readonly string[];
  readonly trash: readonly string[];
  readonly lanes: readonly { readonly id: string; readonly title: string }[];
  readonly labels: readonly OptionView[];
  readonly fields: readonly FieldView[];
  readonly cards: ReadonlyMap<string, CardView>;
  readonly links: readonly LinkView[];
}

/** A board as it was read, and what was shown of it. */
export interface Reading {
  readonly raw: RawBoard;
  readonly view: BoardView;
}

/** By key, those without one last, by id among equals. */
export function ordered<T extends { readonly key: string | null }>(
  entries: ReadonlyMap<string, T>,
): [string, T][] {
  return [...entries].sort(
    ([id, entry], [otherId, other]) => compareKeys(entry.key, other.key) || compare(id, otherId),
  );
}

function compareKeys(one: string | null, other: string | null): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return compare(one, other);
}

/** The entries that are not deleted, in order. */
export function live<T extends RawEntry>(entries: ReadonlyMap<string, T>): [string, T][] {
  return ordered(entries).filter(([, entry]) => entry.deleted === null);
}

const there = (entries: ReadonlyMap<string, RawEntry>, id: string | null) =>
  id !== null && entries.get(id)?.deleted === null;

export function stateOf(card: RawCard): CardView['state'] {
  if (card.deleted !== null) return 'deleted';
  return card.archived !== null ? 'archived' : 'open';
}

/** Where a card wants to stand: in its own column by its key, in another one if that is gone. */
export interface Seat {
  readonly id: string;
  readonly key: string | null;
  readonly own: string | null;
}

export function seatOf(raw: RawBoard, id: string, { place }: RawCard): Seat {
  const own = place !== null && there(raw.columns, place.column) ? place.column : null;
  return { id, key: place?.key ?? null, own };
}

export function compareSeats(one: Seat, other: Seat): number {
  return (
    Number(one.own === null) - Number(other.own === null) ||
    compareKeys(one.key, other.key) ||
    compare(one.id, other.id)
  );
}

/** The column of each open card, in the order of the cards; null where there is no column at all. */
function seats(raw: RawBoard, first: string | null): [string, string | null][] {
  const cards = [...raw.cards].filter(([, card]) => stateOf(card) === 'open');
  return cards
    .map(([id, card]) => seatOf(raw, id, card))
    .sort(compareSeats)
    .map(({ id, own }) => [id, own ?? first]);
}

/** Registers are replayed by clock and id; one that would close a cycle falls back to what it was before, or to none. */
function parentsOf(raw: RawBoard): Map<string, string> {
  const isLive = (id: string) => raw.cards.get(id)?.deleted === null;
  const registers = [...raw.cards].flatMap(([id, card]) =>
    card.parent !== null && card.deleted === null ? [{ id, parent: card.parent }] : [],
  );
  registers.sort((one, other) => one.parent.t - other.parent.t || compare(one.id, other.id));
  const parents = new Map<string, string>();
  const up = new Map<string, string>();
  const top = (id: string) => {
    let at = id;
    for (let next = up.get(at); next !== undefined; next = up.get(at)) {
      const further = up.get(next);
      if (further !== undefined) up.set(at, further);
      at = next;
    }
    return at;
  };
  for (const { id, parent } of registers) {
    for (const candidate of [parent.card, parent.previous]) {
      if (candidate === null || !isLive(candidate)) break;
      const above = top(candidate);
      if (above === id) continue;
      up.set(id, above);
      parents.set(id, candidate);
      break;
    }
  }
  return parents;
}

/** Links that a cycle might go through: the others are taken away from both ends. */
function tangled(links: readonly RawLink[]): RawLink[] {
  let left = [...links];
  for (const [start, end] of [
    ['from', 'to'],
    ['to', 'from'],
  ] as const) {
    const coming = new Map<string, number>();
    const going = new Map<string, string[]>();
    for (const link of left) {
      coming.set(link[start], coming.get(link[start]) ?? 0);
      coming.set(link[end], (coming.get(link[end]) ?? 0) + 1);
      const list = going.get(link[start]);
      if (list === undefined) going.set(link[start], [link[end]]);
      else list.push(link[end]);
    }
    const free = [...coming].filter(([, count]) => count === 0).map(([card]) => card);
    const taken = new Set<string>();
    for (let card = free.pop(); card !== undefined; card = free.pop()) {
      taken.add(card);
      for (const next of going.get(card) ?? []) {
        const count = (coming.get(next) ?? 0) - 1;
        coming.set(next, count);
        if (count === 0) free.push(next);
      }
    }
    left = left.filter((link) => !taken.has(link[start]));
  }
  return left;
}

/** Whether one can walk from `start` to `end`. */
export function leads(after: ReadonlyMap<string, readonly string[]>, start: string, end: string): boolean {
  const seen = new Set([start]);
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === end) return true;
    for (const next of after.get(at) ?? []) {
      if (!seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
    }
  }
  return false;
}

/** Names of links that close a cycle, when they are made one after the other by clock and name. */
function cyclic(links: readonly RawLink[]): Set<string> {
  const replayed = tangled(links).sort((one, other) => one.t - other.t || compare(one.name, other.name));
  const after = new Map<string, string[]>();
  const marked = new Set<string>();
  for (const [at, { name, from, to }] of replayed.entries()) {
    if (at >= LIMITS.tangledLinks || leads(after, to, from)) marked.add(name);
    else after.set(from, [...(after.get(from) ?? []), to]);
  }
  return marked;
}

function linksOf(raw: RawBoard): LinkView[] {
  const isLive = (id: string) => raw.cards.get(id)?.deleted === null;
  const links = raw.links.filter((link) => isLive(link.from) && isLive(link.to));
  const marked = new Set<string>();
  for (const kind of LINK_KINDS.filter((kind) => ORDERING_KINDS.includes(kind))) {
    for (const name of cyclic(links.filter((link) => link.kind === kind))) marked.add(name);
  }
  return links.map(({ name, from, kind, to }) => ({ from, kind, to, cyclic: marked.has(name) }));
}

/** Whether a custom field can hold a value. */
export function accepts(field: RawField, value: FieldValue): boolean {
  switch (field.type) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'checkbox':
      return typeof value === 'boolean';
    case 'date':
      return isMoment(value);
    case 'person':
      return isId(value);
    case 'select':
      return isId(value) && there(field.options, value);
  }
}

/** What surrounds a card: the column that shows it, and what it is a part of. */
export interface Around {
  readonly column: string | null;
  readonly parent: string | null;
  readonly children: readonly string[];
}

function columnOf(raw: RawBoard, card: RawCard, shown: string | null): string | null {
  switch (stateOf(card)) {
    case 'open':
      return shown;
    case 'archived':
      return card.place !== null && there(raw.columns, card.place.column) ? card.place.column : null;
    case 'deleted':
      return null;
  }
}

function valuesOf(raw: RawBoard, card: RawCard): ReadonlyMap<string, FieldValue> {
  if (card.values.size === 0) return card.values;
  return new Map(
    [...card.values].filter(([id, value]) => {
      const field = raw.fields.get(id);
      return field?.deleted === null && accepts(field, value);
    }),
  );
}

export function showCard(raw: RawBoard, card: RawCard, around: Around): CardView {
  return {
    state: stateOf(card),
    column: columnOf(raw, card, around.column),
    lane: there(raw.lanes, card.lane) ? card.lane : null,
    title: card.title,
    described: card.described,
    priority: card.priority,
    due: card.due,
    start: card.start,
    estimate: card.estimate,
    color: card.color,
    cover: card.cover !== null && card.files.has(card.cover) ? card.cover : null,
    archived: card.archived,
    done: card.done,
    deleted: card.deleted,
    parent: around.parent,
    children: around.children,
    assignees: card.assignees,
    labels: card.labels.filter((label) => there(raw.labels, label)),
    watchers: card.watchers,
    checklist: ordered(card.checklist).map(([id, { text, done, list }]) => ({ id, text, done, list })),
    values: valuesOf(raw, card),
    files: card.files,
  };
}

export function showColumn(id: string, column: RawColumn, cards: readonly string[]): ColumnView {
  const { name, category, color, wip } = column;
  const over_limit = wip !== null && cards.length > wip.limit;
  return { id, title: name, category, color, wip, over_limit, cards };
}

const option = ([id, { name, color }]: [string, RawEntry]): OptionView => ({ id, name, color });

/** What everybody is shown of what a document says. */
export function assemble(raw: RawBoard): BoardView {
  const columns = live(raw.columns);
  const seated = new Map<string, string[]>(columns.map(([id]) => [id, []]));
  const shownIn = new Map<string, string>();
  const unsorted: string[] = [];
  for (const [id, column] of seats(raw, columns[0]?.[0] ?? null)) {
    if (column === null) {
      unsorted.push(id);
    } else {
      shownIn.set(id, column);
      seated.get(column)?.push(id);
    }
  }
  const parents = parentsOf(raw);
  const children = new Map<string, string[]>();
  for (const [child, parent] of [...parents].sort(([one], [other]) => compare(one, other))) {
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [child]);
    else list.push(child);
  }
  const cards = new Map<string, CardView>();
  for (const [id, card] of raw.cards) {
    const around = {
      column: shownIn.get(id) ?? null,
      parent: parents.get(id) ?? null,
      children: children.get(id) ?? [],
    };
    cards.set(id, showCard(raw, card, around));
  }
  const ofState = (state: CardView['state']) =>
    [...cards].filter(([, card]) => card.state === state).map(([id]) => id);
  return {
    schema: raw.schema,
    columns: columns.map(([id, column]) => showColumn(id, column, seated.get(id) ?? [])),
    unsorted,
    archive: ofState('archived'),
    trash: ofState('deleted'),
    lanes: live(raw.lanes).map(([id, { name }]) => ({ id, title: name })),
    labels: live(raw.labels).map(option),
    fields: live(raw.fields).map(([id, { name, type, options }]) => ({
      id,
      name,
      type,
      options: live(options).map(option),
    })),
    cards,
    links: linksOf(raw),
  };
}

/** What everybody is shown of a document. */
export function view(doc: Y.Doc): BoardView {
  return assemble(readBoard(doc));
}
