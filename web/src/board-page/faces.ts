/** What is to be seen of the cards of a board, and which of them look different after a change. */
import type { BoardView, OptionView } from '../board/view';
import type { Face } from './card';
import { type Directory, nameOf } from './names';
import type { Peer } from './peers';

export interface Surroundings {
  readonly directory: Directory;
  readonly today: string;
  readonly peersAt: (card: string) => readonly Peer[];
}

const NOBODY: readonly string[] = [];

export class Faces {
  #view: BoardView | null = null;
  #labels: ReadonlyMap<string, OptionView> = new Map();
  #blockers: ReadonlyMap<string, readonly string[]> = new Map();

  /** Takes over a new view; the cards that look different, or null if that may be all of them. */
  take(view: BoardView): ReadonlySet<string> | null {
    const before = this.#view;
    if (before === view) return new Set();
    this.#view = view;
    const blockersBefore = this.#blockers;
    this.#blockers = blockersIn(view);
    if (before === null || before.labels !== view.labels) {
      this.#labels = new Map(view.labels.map((label) => [label.id, label]));
      return null;
    }
    const changed = new Set<string>();
    for (const [id, card] of view.cards) {
      const then = before.cards.get(id);
      if (then === card) continue;
      for (const other of [id, card.parent, then?.parent]) if (other != null) changed.add(other);
    }
    for (const [id, card] of before.cards) {
      if (!view.cards.has(id) && card.parent !== null) changed.add(card.parent);
    }
    for (const id of new Set([...blockersBefore.keys(), ...this.#blockers.keys()])) {
      if (blockersBefore.get(id)?.length !== this.#blockers.get(id)?.length) changed.add(id);
    }
    return changed;
  }

  blockersOf(id: string): readonly string[] {
    return this.#blockers.get(id) ?? NOBODY;
  }

  face(id: string, { directory, today, peersAt }: Surroundings): Face | null {
    const card = this.#view?.cards.get(id);
    if (card === undefined) return null;
    const parts = card.children.map((child) => this.#view?.cards.get(child));
    return {
      card,
      today,
      labels: this.labelsOf(card.labels),
      assignees: card.assignees.map((person) => ({ id: person, name: nameOf(directory, person) })),
      blockers: card.done === null ? this.blockersOf(id).length : 0,
      parts: { done: parts.filter((part) => part?.done).length, all: parts.length },
      peers: peersAt(id),
    };
  }

  labelsOf(ids: readonly string[]): OptionView[] {
    return ids.map((id) => this.#labels.get(id)).filter((label) => label !== undefined);
  }
}

/** For each card that waits for others: those which are neither done nor put away. */
function blockersIn(view: BoardView): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { from, kind, to, cyclic } of view.links) {
    const blocker = view.cards.get(from);
    if (kind !== 'blocks' || cyclic || blocker?.state !== 'open' || blocker.done !== null) continue;
    found.set(to, [...(found.get(to) ?? []), from]);
  }
  return found;
}
