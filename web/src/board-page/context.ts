/** What the parts of a board's page share. */
import type { CardView } from '../board/view';
import type { DocumentConnection } from '../document-connection';
import type { Person } from '../identity';
import type { Filter } from './filter';
import type { Directory } from './names';
import type { Peer } from './peers';
import type { BoardStore } from './store';

export interface BoardContext {
  readonly store: BoardStore;
  readonly connection: DocumentConnection;
  /** The id under which this page's person is put on cards, if there is one. */
  readonly self: () => string | null;
  readonly me: () => Person;
  readonly directory: () => Directory;
  readonly filter: () => Filter;
  readonly setFilter: (filter: Filter) => void;
  readonly peersAt: (card: string) => readonly Peer[];
  /** What keeps a card from being begun: cards that block it and are not done. */
  readonly blockersOf: (card: string) => readonly string[];
  readonly openCard: (card: string) => void;
  readonly editTitle: (card: string) => void;
  readonly focusCard: (card: string) => void;
  readonly chooseMove: (card: string) => void;
  readonly removeCard: (card: string, how: 'archive' | 'delete') => void;
  /** The day, where the reader is. */
  readonly today: () => string;
}

export function titleOf(card: CardView | undefined): string {
  return card?.title.trim() || 'Untitled card';
}
