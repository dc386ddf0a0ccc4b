/**
 * What is shown after a change, made out of what was shown before it.
 *
 * It is always what assembling anew would give. What did not change is the same object as before: whoever draws it can
 * pass over it, and the work for a change of a few cards does not grow with what stands on all the others.
 */

import type { RawBoard, RawCard } from './read';
import {
  type Around,
  assemble,
  type BoardView,
  type CardView,
  type ColumnView,
  compareSeats,
  type Reading,
  type Seat,
  seatOf,
  showCard,
  showColumn,
  stateOf,
} from './view';

/** The view of `raw`, in which nothing but the cards `touched` was read anew; null if more than these may look different. */
export function patched(before: Reading, raw: RawBoard, touched: ReadonlySet<string>): BoardView | null {
  if (!onlyCards(before.raw, raw) || reachesOthers(before.raw, raw, touched)) return null;
  const first = before.view.columns[0]?.id ?? null;
  const lists = new Map<string | null, string[]>();
  const cards = new Map(before.view.cards);
  let isSorted = true;
  const seated = (card: RawCard | undefined, id: string) =>
    card !== undefined && stateOf(card) === 'open' ? seatOf(raw, id, card) : null;
  const listOf = (column: string | null) => {
    let list = lists.get(column);
    if (list === undefined) {
      list = [...(before.view.columns.find(({ id }) => id === column)?.cards ?? before.view.unsorted)];
      lists.set(column, list);
    }
    return list;
  };
  // All that leave before one that comes: an order can only be searched where it is one.
  const coming: Seat[] = [];
  for (const id of touched) {
    const [then, now] = [seated(before.raw.cards.get(id), id), seated(raw.cards.get(id), id)];
    if (then !== null && now !== null && then.own === now.own && then.key === now.key) continue;
    if (then !== null) {
      const list = listOf(then.own ?? first);
      list.splice(list.indexOf(id), 1);
    }
    if (now !== null) coming.push(now);
  }
  for (const seat of coming) insert(listOf(seat.own ?? first), seat, raw);
  for (const id of touched) {
    const card = raw.cards.get(id);
    const shown = before.view.cards.get(id);
    if (card === undefined) {
      cards.delete(id);
      continue;
    }
    isSorted &&= shown !== undefined;
    const seat = seated(card, id);
    const around: Around = {
      column: seat === null ? null : (seat.own ?? first),
      parent: shown?.parent ?? null,
      children: shown?.children ?? [],
    };
    cards.set(id, showCard(raw, card, around));
  }
  const columns = before.view.columns.map((column) => {
    const [list, entry] = [lists.get(column.id), raw.columns.get(column.id)];
    return list === undefined || entry === undefined ? column : showColumn(column.id, entry, list);
  });
  const inOrder = isSorted
    ? cards
    : new Map([...raw.cards.keys()].map((id) => [id, cards.get(id) as CardView]));
  const unsorted = first === null ? (lists.get(null) ?? before.view.unsorted) : before.view.unsorted;
  return { ...before.view, columns, unsorted, cards: inOrder, ...lying(before, raw, inOrder, touched) };
}

function onlyCards(before: RawBoard, raw: RawBoard): boolean {
  const names = ['schema', 'columns', 'lanes', 'labels', 'fields', 'links'] as const;
  return names.every((name) => before[name] === raw[name]);
}

/** Whether cards other than the touched ones may be shown in another way: as parts of one, or linked to one. */
function reachesOthers(before: RawBoard, raw: RawBoard, touched: ReadonlySet<string>): boolean {
  const turned = new Set<string>();
  for (const id of touched) {
    const [then, now] = [before.cards.get(id), raw.cards.get(id)];
    if (JSON.stringify(then?.parent ?? null) !== JSON.stringify(now?.parent ?? null)) return true;
    if ((then?.deleted === null) === (now?.deleted === null)) continue;
    if (now?.parent) return true;
    turned.add(id);
  }
  if (turned.size === 0) return false;
  for (const { parent } of raw.cards.values()) {
    if (parent === null) continue;
    if (turned.has(parent.card ?? '') || turned.has(parent.previous ?? '')) return true;
  }
  return raw.links.some(({ from, to }) => turned.has(from) || turned.has(to));
}

function insert(list: string[], seat: Seat, raw: RawBoard): void {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const id = list[middle] ?? '';
    const card = raw.cards.get(id);
    if (card !== undefined && compareSeats(seatOf(raw, id, card), seat) < 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, seat.id);
}

/** Archive and trash, anew if a card went into one of them or came out. */
function lying(before: Reading, raw: RawBoard, cards: BoardView['cards'], touched: ReadonlySet<string>) {
  const state = (board: RawBoard, id: string) => {
    const card = board.cards.get(id);
    return card === undefined ? 'open' : stateOf(card);
  };
  const { archive, trash } = before.view;
  if ([...touched].every((id) => state(before.raw, id) === state(raw, id))) return { archive, trash };
  const inState = (wanted: CardView['state']) =>
    [...cards].filter(([, card]) => card.state === wanted).map(([id]) => id);
  return { archive: inState('archived'), trash: inState('deleted') };
}

/** The view of `raw` assembled anew, with the objects of before for what is the same. */
export function keeping(before: Reading, raw: RawBoard): BoardView {
  const fresh = assemble(raw);
  const cards = new Map<string, CardView>();
  for (const [id, card] of fresh.cards) {
    const shown = before.view.cards.get(id);
    cards.set(id, shown !== undefined && same(before, raw, id, shown, card) ? shown : card);
  }
  const lists = new Map(before.view.columns.map((column) => [column.id, column.cards]));
  const columns = fresh.columns.map((column): ColumnView => {
    const list = lists.get(column.id);
    return list !== undefined && alike(list, column.cards) ? { ...column, cards: list } : column;
  });
  const { lanes, labels, fields } = before.view;
  return {
    ...fresh,
    cards,
    columns,
    lanes: before.raw.lanes === raw.lanes ? lanes : fresh.lanes,
    labels: before.raw.labels === raw.labels ? labels : fresh.labels,
    fields: before.raw.fields === raw.fields ? fields : fresh.fields,
  };
}

/** Whether a card whose registers are the same is shown the same, whatever it refers to. */
function same(before: Reading, raw: RawBoard, id: string, shown: CardView, fresh: CardView): boolean {
  return (
    before.raw.cards.get(id) === raw.cards.get(id) &&
    (before.raw.fields === raw.fields || fresh.values.size + shown.values.size === 0) &&
    shown.lane === fresh.lane &&
    alike(shown.labels, fresh.labels) &&
    shown.column === fresh.column &&
    shown.parent === fresh.parent &&
    alike(shown.children, fresh.children)
  );
}

function alike(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at]);
}
