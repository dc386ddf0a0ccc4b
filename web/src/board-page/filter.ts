/** Which cards are looked for. Others are hidden, not moved: an order is everybody's. */
import type { Priority } from '../board/schema';
import type { CardView } from '../board/view';

export interface Filter {
  readonly text: string;
  /** Ids; a card has one of them. The empty one stands for cards without any. */
  readonly labels: ReadonlySet<string>;
  readonly assignees: ReadonlySet<string>;
  readonly priorities: ReadonlySet<Priority | ''>;
}

export const NO_FILTER: Filter = { text: '', labels: new Set(), assignees: new Set(), priorities: new Set() };

export type Choice = 'labels' | 'assignees' | 'priorities';

/** How letters are compared: neither case nor accents count. */
export function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}

export function isFiltering({ text, labels, assignees, priorities }: Filter): boolean {
  return text.trim() !== '' || labels.size + assignees.size + priorities.size > 0;
}

function hasOne(wanted: ReadonlySet<string>, had: readonly string[]): boolean {
  if (wanted.size === 0) return true;
  return had.length === 0 ? wanted.has('') : had.some((id) => wanted.has(id));
}

/** A test for cards; `wordsOf` gives what is written on one besides its title. */
export function matcher(filter: Filter, wordsOf: (card: CardView) => string): (card: CardView) => boolean {
  const words = folded(filter.text).split(/\s+/).filter(Boolean);
  return (card) => {
    if (!hasOne(filter.labels, card.labels) || !hasOne(filter.assignees, card.assignees)) return false;
    if (!hasOne(filter.priorities, card.priority === null ? [] : [card.priority])) return false;
    if (words.length === 0) return true;
    const written = folded(`${card.title} ${wordsOf(card)}`);
    return words.every((word) => written.includes(word));
  };
}

/** The same filter with `id` chosen, or not any more. */
export function toggled(filter: Filter, choice: Choice, id: string): Filter {
  const chosen = new Set<string>(filter[choice]);
  if (!chosen.delete(id)) chosen.add(id);
  return { ...filter, [choice]: chosen };
}
