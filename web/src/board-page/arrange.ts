/** Where cards stand on the page: as the board says, but for one that somebody here holds by the keys. */
import type { BoardView } from '../board/view';

/** A place in a column: behind a card, or before all of them. */
export interface Target {
  readonly column: string;
  readonly after: string | null;
}

export interface Lift {
  readonly card: string;
  readonly target: Target;
}

export type Arrow = 'up' | 'down' | 'left' | 'right' | 'first' | 'last';

/** The cards of each column; the lists that do not differ are those of the board. */
export function arranged(view: BoardView, lift: Lift | null): ReadonlyMap<string, readonly string[]> {
  const lists = new Map<string, readonly string[]>(view.columns.map(({ id, cards }) => [id, cards]));
  if (lift === null || view.cards.get(lift.card)?.state !== 'open' || !lists.has(lift.target.column))
    return lists;
  for (const [id, cards] of lists) {
    if (!cards.includes(lift.card) && id !== lift.target.column) continue;
    const others = cards.filter((card) => card !== lift.card);
    if (id === lift.target.column) others.splice(placeOf(others, lift.target.after), 0, lift.card);
    lists.set(id, others);
  }
  return lists;
}

/** Behind a card that has gone elsewhere meanwhile is the end. */
function placeOf(others: readonly string[], after: string | null): number {
  if (after === null) return 0;
  const at = others.indexOf(after);
  return at < 0 ? others.length : at + 1;
}

/** Where a card comes by an arrow, among those that are shown; null at the edge. */
export function stepped(
  columns: readonly string[],
  lists: ReadonlyMap<string, readonly string[]>,
  { card, target }: Lift,
  arrow: Arrow,
  isShown: (card: string) => boolean,
): Target | null {
  const others = (column: string) => (lists.get(column) ?? []).filter((id) => id !== card && isShown(id));
  const here = others(target.column);
  const at = target.after === null ? 0 : here.indexOf(target.after) + 1;
  const to = (column: string, list: readonly string[], place: number): Target => ({
    column,
    after: place > 0 ? (list[Math.min(place, list.length) - 1] ?? null) : null,
  });
  switch (arrow) {
    case 'up':
      return at > 0 ? to(target.column, here, at - 1) : null;
    case 'down':
      return at < here.length ? to(target.column, here, at + 1) : null;
    case 'first':
      return at > 0 ? to(target.column, here, 0) : null;
    case 'last':
      return at < here.length ? to(target.column, here, here.length) : null;
    case 'left':
    case 'right': {
      const column = columns[columns.indexOf(target.column) + (arrow === 'left' ? -1 : 1)];
      return column === undefined ? null : to(column, others(column), at);
    }
  }
}

/** The card that has the focus next, by an arrow from `card`. */
export function neighbour(
  columns: readonly string[],
  lists: ReadonlyMap<string, readonly string[]>,
  card: string,
  arrow: Arrow,
  isShown: (card: string) => boolean,
): string | null {
  const shown = columns.map((id) => (lists.get(id) ?? []).filter(isShown));
  const column = shown.findIndex((list) => list.includes(card));
  const list = shown[column];
  if (list === undefined) return shown.find(({ length }) => length > 0)?.[0] ?? null;
  const at = list.indexOf(card);
  switch (arrow) {
    case 'up':
      return list[at - 1] ?? null;
    case 'down':
      return list[at + 1] ?? null;
    case 'first':
      return list[0] ?? null;
    case 'last':
      return list.at(-1) ?? null;
    case 'left':
    case 'right': {
      // Columns without cards are passed over.
      const way = arrow === 'left' ? shown.slice(0, column).reverse() : shown.slice(column + 1);
      const next = way.find(({ length }) => length > 0);
      return next?.[Math.min(at, next.length - 1)] ?? null;
    }
  }
}
