/** Who of the others looks at which card, and who holds one: as their pages say it, which is not to be trusted. */
import type { Awareness } from 'y-protocols/awareness';
import { isId } from '../board/schema';
import type { Person } from '../identity';
import { readPerson } from '../presence';

/** The field of the awareness state in which a page says so. */
export const FIELD = 'board';

export interface Whereabouts {
  /** The card that is open. */
  readonly card: string | null;
  /** The card that is being moved. */
  readonly drag: string | null;
}

export interface Peer extends Person {
  readonly isMoving: boolean;
}

/** The others by the card that they are at; each person once for a card. */
export function peersByCard(
  states: ReadonlyMap<number, unknown>,
  own: number,
  me: Person,
): ReadonlyMap<string, readonly Peer[]> {
  const found = new Map<string, Map<string, Peer>>();
  for (const [client, state] of states) {
    if (client === own) continue;
    const person = readPerson(state, client);
    const where = (state as Record<string, unknown> | null)?.[FIELD] as
      | Partial<Whereabouts>
      | null
      | undefined;
    if (person === null || person.id === me.id || typeof where !== 'object' || where === null) continue;
    for (const [card, isMoving] of [
      [where.drag, true],
      [where.card, false],
    ] as const) {
      if (!isId(card)) continue;
      const there = found.get(card) ?? new Map<string, Peer>();
      if (!there.has(person.id)) there.set(person.id, { ...person, isMoving });
      found.set(card, there);
    }
  }
  return new Map([...found].map(([card, peers]) => [card, [...peers.values()]]));
}

export function tellWhereabouts(awareness: Awareness, where: Whereabouts): void {
  awareness.setLocalStateField(FIELD, where);
}
